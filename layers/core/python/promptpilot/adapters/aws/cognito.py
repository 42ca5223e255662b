"""The `Identity` of the AWS platform: a Cognito user pool, in which people sign in by email.

The pool gives every user a UUID, which is their user id in another spelling. Nothing of it is kept
elsewhere.
"""

import logging
import unicodedata
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from promptpilot.adapters.aws import cognito_refusals as refusals
from promptpilot.adapters.aws.cognito_challenge import answered, asked
from promptpilot.adapters.aws.cognito_refusals import meaning
from promptpilot.adapters.aws.refusals import Refused, asking
from promptpilot.domain.identity import Claims, Registration, Tokens
from promptpilot.domain.ids import user_id_of
from promptpilot.errors import AlreadyExists, Unauthenticated, Unavailable
from promptpilot.verified_tokens import VerifiedTokens

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

logger = logging.getLogger(__name__)


class CognitoIdentity:
    """An `Identity` of one user pool and its client, which has no secret and allows
    `USER_PASSWORD_AUTH` and the rotation of refresh tokens.

    Every call but the end of a user's sessions is one that anybody may make of a pool, so the
    function that uses this needs no permission but `cognito-idp:AdminUserGlobalSignOut`.
    """

    def __init__(
        self,
        client: "Callable[[], CognitoIdentityProviderClient]",
        *,
        pool: str,
        client_id: str,
        issuer: str,
        jwks_url: str,
    ) -> None:
        self._make_client = client
        self._pool = pool
        self._client_id = client_id
        self._issuer = issuer
        self._jwks_url = jwks_url

    @cached_property
    def _client(self) -> "CognitoIdentityProviderClient":
        # Verifying tokens, which is all that an authorizer does, needs none.
        return self._make_client()

    @cached_property
    def _verified(self) -> VerifiedTokens:
        # What checks signatures takes long to import, and few functions check any.
        from promptpilot.adapters.aws.cognito_tokens import AccessTokens  # noqa: PLC0415
        from promptpilot.adapters.aws.jwks import KeySet  # noqa: PLC0415

        keys = KeySet(self._jwks_url)
        tokens = AccessTokens(keys, issuer=self._issuer, client_id=self._client_id)
        return VerifiedTokens(tokens.verify)

    def sign_up(self, email: str, password: str) -> Registration:
        """See `Identity.sign_up`."""
        taken = dict.fromkeys(refusals.TAKEN, lambda _: AlreadyExists(kind="account", id=email))
        answer = meaning(
            self._client.sign_up,
            {**refusals.SIGN_UP, **taken},
            ClientId=self._client_id,
            Username=email,
            Password=_composed(password),
            UserAttributes=[{"Name": "email", "Value": email}],
        )
        user = user_id_of(UUID(answer["UserSub"]))
        return Registration(user=user, needs_confirmation=not answer["UserConfirmed"])

    def confirm(self, email: str, code: str) -> None:
        """See `Identity.confirm`."""
        meaning(
            self._client.confirm_sign_up,
            refusals.CODE,
            ClientId=self._client_id,
            Username=email,
            ConfirmationCode=code,
        )

    def resend_code(self, email: str) -> None:
        """See `Identity.resend_code`."""
        self._send(self._client.resend_confirmation_code, email)

    def log_in(self, email: str, password: str) -> Tokens:
        """See `Identity.log_in`."""
        answer = meaning(
            self._client.initiate_auth,
            refusals.LOG_IN,
            ClientId=self._client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": _composed(password)},
        )
        return _tokens(answer, email)

    def answer_challenge(
        self, email: str, session: str, *, code: str | None, password: str | None
    ) -> Tokens:
        """See `Identity.answer_challenge`."""
        chosen = None if password is None else _composed(password)
        answer = meaning(
            self._client.respond_to_auth_challenge,
            refusals.CHALLENGE,
            ClientId=self._client_id,
            **answered(session, code=code, password=chosen),
        )
        return _tokens(answer, email)

    def refresh(self, refresh_token: str) -> Tokens:
        """See `Identity.refresh`. The pool's client says for how many seconds a spent token works
        once more, for those whom the answer did not reach.
        """
        answer = meaning(
            self._client.get_tokens_from_refresh_token,
            refusals.REFRESH,
            ClientId=self._client_id,
            RefreshToken=refresh_token,
        )
        result = answer["AuthenticationResult"]
        # A client that does not rotate them answers without one: the old one goes on.
        return _tokens_of({"RefreshToken": refresh_token, **result})

    def forgot_password(self, email: str) -> None:
        """See `Identity.forgot_password`."""
        self._send(self._client.forgot_password, email)

    def reset_password(self, email: str, code: str, password: str) -> None:
        """See `Identity.reset_password`. Access tokens are good until they expire."""
        meaning(
            self._client.confirm_forgot_password,
            refusals.CODE,
            ClientId=self._client_id,
            Username=email,
            ConfirmationCode=code,
            Password=_composed(password),
        )
        try:
            asking(self._client.admin_user_global_sign_out, UserPoolId=self._pool, Username=email)
        except Unavailable:
            # The password is changed, and its code is spent: to fail now would help nobody.
            logger.warning("sessions not ended after a password reset", exc_info=True)

    def verify(self, access_token: str) -> Claims:
        """See `Identity.verify`."""
        return self._verified.claims(access_token)

    def email_of(self, access_token: str) -> str:
        """See `Identity.email_of`."""
        answer = meaning(self._client.get_user, refusals.TOKEN, AccessToken=access_token)
        attributes = {each["Name"]: each.get("Value", "") for each in answer["UserAttributes"]}
        if not attributes.get("email"):
            raise Unauthenticated
        return attributes["email"]

    def _send(self, call: Callable[..., Any], email: str) -> None:
        try:
            asking(call, refusals.QUIET, ClientId=self._client_id, Username=email)
        except Refused as refused:
            logger.info("no code was sent", extra={"reason": refused.code})


def _composed(password: str) -> str:
    # The same letters are the same password, whichever keyboard they come from.
    return unicodedata.normalize("NFC", password)


def _tokens(answer: Mapping[str, Any], email: str) -> Tokens:
    result = answer.get("AuthenticationResult")
    if not result:
        raise asked(answer, email)
    return _tokens_of(result)


def _tokens_of(result: Mapping[str, Any]) -> Tokens:
    return Tokens(
        access_token=result["AccessToken"],
        refresh_token=result["RefreshToken"],
        expires_in=result["ExpiresIn"],
    )
