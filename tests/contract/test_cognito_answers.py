"""What a user pool answers on a bad day, and what that means (canned, as moto has none)."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from promptpilot.adapters.aws.cognito import CognitoIdentity
from promptpilot.domain.identity import ChallengeKind
from promptpilot.errors import (
    AccountUnconfirmed,
    AlreadyExists,
    ChallengeRequired,
    CodeRejected,
    CredentialsRejected,
    Invalid,
    PasswordResetRequired,
    PromptPilotError,
    SignUpClosed,
    Unauthenticated,
    Unavailable,
)
from tests.contract.aws_clients import client, cut_off_client

EMAIL = "one@example.com"
PASSWORD = "correct horse battery staple"
SUB = "0f9d2c7a-64b0-4f0e-8a55-0d3a1c2b7e90"
SESSION = "a-session-of-the-pool"
RESULT = {"AccessToken": "a.b.c", "IdToken": "d.e.f", "TokenType": "Bearer", "ExpiresIn": 3600}

Call = Callable[[CognitoIdentity], Any]
CALLS: dict[str, Call] = {
    "sign_up": lambda identity: identity.sign_up(EMAIL, PASSWORD),
    "confirm_sign_up": lambda identity: identity.confirm(EMAIL, "1"),
    "resend_confirmation_code": lambda identity: identity.resend_code(EMAIL),
    "initiate_auth": lambda identity: identity.log_in(EMAIL, PASSWORD),
    "respond_to_auth_challenge": lambda identity: identity.answer_challenge(
        EMAIL, f"totp|{SESSION}|{SUB}", code="1", password=None
    ),
    "get_tokens_from_refresh_token": lambda identity: identity.refresh("r"),
    "forgot_password": lambda identity: identity.forgot_password(EMAIL),
    "confirm_forgot_password": lambda identity: identity.reset_password(EMAIL, "1", PASSWORD),
    "get_user": lambda identity: identity.email_of("a.b.c"),
}
every_call = pytest.mark.parametrize("call", sorted(CALLS))


def identity_of(cognito: Any) -> CognitoIdentity:
    return CognitoIdentity(
        lambda: cognito, pool="pool", client_id="client", issuer="i", jwks_url="http://127.0.0.1:1/"
    )


@pytest.fixture
def cognito() -> Any:
    return client("cognito-idp")


def outcome(cognito: Any, call: str, code: str, message: str = "") -> PromptPilotError | None:
    """The error that a refusal becomes; None where it becomes none."""
    with Stubber(cognito) as answers:
        answers.add_client_error(call, code, message)
        try:
            CALLS[call](identity_of(cognito))
        except PromptPilotError as error:
            return error
    return None


@pytest.mark.parametrize(
    ("call", "code", "error"),
    [
        ("sign_up", "UsernameExistsException", AlreadyExists),
        ("sign_up", "AliasExistsException", AlreadyExists),
        ("sign_up", "InvalidPasswordException", Invalid),
        ("sign_up", "InvalidParameterException", Invalid),
        ("sign_up", "NotAuthorizedException", SignUpClosed),
        ("initiate_auth", "NotAuthorizedException", CredentialsRejected),
        ("initiate_auth", "UserNotFoundException", CredentialsRejected),
        ("initiate_auth", "UserNotConfirmedException", AccountUnconfirmed),
        ("initiate_auth", "PasswordResetRequiredException", PasswordResetRequired),
        ("respond_to_auth_challenge", "CodeMismatchException", CodeRejected),
        ("respond_to_auth_challenge", "ExpiredCodeException", CodeRejected),
        ("respond_to_auth_challenge", "NotAuthorizedException", Unauthenticated),
        ("respond_to_auth_challenge", "InvalidPasswordException", Invalid),
        ("confirm_sign_up", "CodeMismatchException", CodeRejected),
        ("confirm_sign_up", "ExpiredCodeException", CodeRejected),
        ("confirm_sign_up", "UserNotFoundException", CodeRejected),
        ("confirm_sign_up", "NotAuthorizedException", CodeRejected),
        ("confirm_forgot_password", "CodeMismatchException", CodeRejected),
        ("confirm_forgot_password", "UserNotFoundException", CodeRejected),
        ("confirm_forgot_password", "InvalidPasswordException", Invalid),
        ("get_tokens_from_refresh_token", "RefreshTokenReuseException", Unauthenticated),
        ("get_tokens_from_refresh_token", "NotAuthorizedException", Unauthenticated),
        ("get_user", "NotAuthorizedException", Unauthenticated),
        ("get_user", "UserNotFoundException", Unauthenticated),
    ],
)
def test_a_refusal_means_this(
    cognito: Any, call: str, code: str, error: type[PromptPilotError]
) -> None:
    assert type(outcome(cognito, call, code)) is error


def test_the_pool_says_in_its_own_words_what_a_password_needs(cognito: Any) -> None:
    words = "Password did not conform with policy: Password not long enough"
    assert str(outcome(cognito, "sign_up", "InvalidPasswordException", words)) == words


@every_call
@pytest.mark.parametrize("error", [EndpointConnectionError, ReadTimeoutError, ConnectTimeoutError])
def test_a_network_that_fails_makes_the_pool_out_of_reach(
    call: str, error: type[Exception]
) -> None:
    with pytest.raises(Unavailable):
        CALLS[call](identity_of(cut_off_client("cognito-idp", error)))


@every_call
@pytest.mark.parametrize(
    "code", ["InternalErrorException", "ResourceNotFoundException", "TooManyRequestsException"]
)
def test_a_pool_that_is_broken_or_busy_is_out_of_reach(cognito: Any, call: str, code: str) -> None:
    error = outcome(cognito, call, code)
    assert isinstance(error, Unavailable)
    assert error.retry_after >= 1


@pytest.mark.parametrize("code", ["LimitExceededException", "TooManyFailedAttemptsException"])
def test_too_many_attempts_are_told_to_come_back_much_later(cognito: Any, code: str) -> None:
    error = outcome(cognito, "confirm_sign_up", code)
    assert isinstance(error, Unavailable)
    assert error.retry_after >= 300


@pytest.mark.parametrize("call", ["forgot_password", "resend_confirmation_code"])
@pytest.mark.parametrize(
    "code",
    [
        "CodeDeliveryFailureException",
        "InvalidParameterException",
        "LimitExceededException",
        "NotAuthorizedException",
        "UserNotConfirmedException",
        "UserNotFoundException",
    ],
)
def test_no_refusal_to_send_a_code_tells_who_has_an_account(
    cognito: Any, call: str, code: str
) -> None:
    assert outcome(cognito, call, code) is None


@pytest.mark.parametrize(
    ("name", "kind", "field"),
    [
        ("SOFTWARE_TOKEN_MFA", ChallengeKind.TOTP, "SOFTWARE_TOKEN_MFA_CODE"),
        ("SMS_MFA", ChallengeKind.SMS, "SMS_MFA_CODE"),
        ("EMAIL_OTP", ChallengeKind.EMAIL, "EMAIL_OTP_CODE"),
        ("NEW_PASSWORD_REQUIRED", ChallengeKind.NEW_PASSWORD, "NEW_PASSWORD"),
    ],
)
def test_a_challenge_is_answered_in_the_pool_s_terms_under_the_user_s_own_name(
    cognito: Any, name: str, kind: ChallengeKind, field: str
) -> None:
    identity = identity_of(cognito)
    asked = {
        "ChallengeName": name,
        "Session": SESSION,
        "ChallengeParameters": {"USER_ID_FOR_SRP": SUB},
    }
    answer = "an answer of either kind"
    expected = {
        "ClientId": "client",
        "ChallengeName": name,
        "Session": SESSION,
        "ChallengeResponses": {"USERNAME": SUB, field: answer},
    }
    with Stubber(cognito) as answers:
        answers.add_response("initiate_auth", asked)
        with pytest.raises(ChallengeRequired) as question:
            identity.log_in(EMAIL, PASSWORD)
        assert question.value.challenge == kind
        result = {"AuthenticationResult": {**RESULT, "RefreshToken": "r"}}
        answers.add_response("respond_to_auth_challenge", result, expected)
        session = question.value.session
        assert identity.answer_challenge(EMAIL, session, code=answer, password=answer)
        answers.assert_no_pending_responses()


def test_an_answer_may_lead_to_the_next_question(cognito: Any) -> None:
    asked = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": SESSION, "ChallengeParameters": {}}
    with Stubber(cognito) as answers:
        answers.add_response("respond_to_auth_challenge", asked)
        with pytest.raises(ChallengeRequired) as question:
            identity_of(cognito).answer_challenge(
                EMAIL, f"new_password|{SESSION}|{SUB}", code=None, password=PASSWORD
            )
    assert question.value.session == f"totp|{SESSION}|{EMAIL}"


def test_a_question_that_nobody_can_answer_here_is_told(cognito: Any) -> None:
    asked = {"ChallengeName": "MFA_SETUP", "Session": SESSION, "ChallengeParameters": {}}
    with Stubber(cognito) as answers:
        answers.add_response("initiate_auth", asked)
        with pytest.raises(Invalid, match="MFA_SETUP"):
            identity_of(cognito).log_in(EMAIL, PASSWORD)


@pytest.mark.parametrize(("answered", "kept"), [({"RefreshToken": "new"}, "new"), ({}, "old")])
def test_a_refresh_token_goes_on_where_the_client_does_not_rotate_them(
    cognito: Any, answered: dict[str, str], kept: str
) -> None:
    with Stubber(cognito) as answers:
        answers.add_response(
            "get_tokens_from_refresh_token", {"AuthenticationResult": {**RESULT, **answered}}
        )
        assert identity_of(cognito).refresh("old").refresh_token == kept


def test_a_password_is_reset_though_its_sessions_cannot_be_ended(
    cognito: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with Stubber(cognito) as answers:
        answers.add_response("confirm_forgot_password", {})
        expected = {"UserPoolId": "pool", "Username": EMAIL}
        answers.add_client_error(
            "admin_user_global_sign_out", "AccessDeniedException", expected_params=expected
        )
        identity_of(cognito).reset_password(EMAIL, "1", PASSWORD)
    assert "sessions not ended" in caplog.text
    assert EMAIL not in caplog.text
