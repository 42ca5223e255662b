"""What a user pool's refusals mean, by the call that they answer."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from promptpilot.adapters.aws.cognito_challenge import session_over
from promptpilot.adapters.aws.refusals import Refused, asking
from promptpilot.errors import (
    AccountUnconfirmed,
    CodeRejected,
    CredentialsRejected,
    Invalid,
    PasswordResetRequired,
    PromptPilotError,
    SignUpClosed,
    Unauthenticated,
    Unavailable,
)

T = TypeVar("T")
Meanings = Mapping[str, Callable[[str], PromptPilotError]]
"""By the error's code, from the pool's own words."""

LOCKED_SECONDS = 900
"""A guess: a pool says neither how long it refuses somebody nor after how many attempts."""

TAKEN = frozenset({"UsernameExistsException", "AliasExistsException"})


def _invalid(words: str) -> PromptPilotError:
    # They tell of the password policy, or of the form of what was sent, to whoever sent it.
    return Invalid(reason=words or "The user pool does not take this.")


def _busy(_: str) -> PromptPilotError:
    return Unavailable(reason="Too many people are logging in at this moment.", retry_after=2)


def _locked(_: str) -> PromptPilotError:
    return Unavailable(reason="There were too many attempts.", retry_after=LOCKED_SECONDS)


def _wrong_code(_: str) -> PromptPilotError:
    return CodeRejected()


def _credentials(_: str) -> PromptPilotError:
    return CredentialsRejected()


def _session_over(_: str) -> PromptPilotError:
    return session_over()


def _refresh_over(_: str) -> PromptPilotError:
    return Unauthenticated(reason="The refresh token is not valid.")


def _token(_: str) -> PromptPilotError:
    return Unauthenticated()


_ANY: Meanings = {
    "InvalidPasswordException": _invalid,
    "InvalidParameterException": _invalid,
    "TooManyRequestsException": _busy,
    "LimitExceededException": _locked,
    "TooManyFailedAttemptsException": _locked,
}
_ACCOUNT: Meanings = {
    "UserNotConfirmedException": lambda _: AccountUnconfirmed(),
    "PasswordResetRequiredException": lambda _: PasswordResetRequired(),
}
_CODE: Meanings = {"CodeMismatchException": _wrong_code, "ExpiredCodeException": _wrong_code}

SIGN_UP: Meanings = {**_ANY, "NotAuthorizedException": lambda _: SignUpClosed()}
LOG_IN: Meanings = {
    **_ANY,
    **_ACCOUNT,
    "NotAuthorizedException": _credentials,
    "UserNotFoundException": _credentials,
}
CHALLENGE: Meanings = {
    **_ANY,
    **_ACCOUNT,
    **_CODE,
    "NotAuthorizedException": _session_over,
    "UserNotFoundException": _session_over,
}
CODE: Meanings = {
    **_ANY,
    **_CODE,
    # Already confirmed, or nobody: a code of whoever is not asked for one is a wrong one.
    "NotAuthorizedException": _wrong_code,
    "UserNotFoundException": _wrong_code,
    "UserNotConfirmedException": _wrong_code,
}
REFRESH: Meanings = {
    "TooManyRequestsException": _busy,
    "InvalidParameterException": _refresh_over,
    "NotAuthorizedException": _refresh_over,
    "RefreshTokenReuseException": _refresh_over,
    "UserNotFoundException": _refresh_over,
}
TOKEN: Meanings = {
    "TooManyRequestsException": _busy,
    "NotAuthorizedException": _token,
    "UserNotFoundException": _token,
}
QUIET = frozenset(
    {
        "CodeDeliveryFailureException",
        "InvalidParameterException",
        "LimitExceededException",
        "NotAuthorizedException",
        "UserNotConfirmedException",
        "UserNotFoundException",
    }
)
"""Refusals to send a code that would tell whether there is such an account."""


def meaning(call: Callable[..., T], meanings: Meanings, /, **parameters: Any) -> T:
    """The answer of a client's method. Raises what its refusal means, `Unavailable` for any other
    and where nothing answers.
    """
    try:
        return asking(call, meanings.keys(), **parameters)
    except Refused as refused:
        raise meanings[refused.code](refused.message) from refused
