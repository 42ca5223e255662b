"""A Cognito user pool in this process: moto's, with what a real one does and moto's does not.

moto checks no code of a sign-up, sends none again, takes nearly any code of a reset, and knows no
rotation of refresh tokens.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.cognitoidp.responses import CognitoIdpJsonWebKeyResponse

from promptpilot.adapters.aws.cognito import CognitoIdentity
from promptpilot.errors import ChallengeRequired
from tests.contract.jwks_server import jwks_server
from tests.contract.stores import REGION

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

POLICY = {
    "MinimumLength": 10,
    "RequireUppercase": False,
    "RequireLowercase": False,
    "RequireNumbers": False,
    "RequireSymbols": False,
}
_numbers = itertools.count()


class Mail:
    """The last code that was sent to each address, for each purpose."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], str] = {}
        self.sent = 0

    def send(self, purpose: str, email: str) -> None:
        self.sent += 1
        self._codes[purpose, email] = f"{100_000 + self.sent}"

    def awaits(self, purpose: str, email: str) -> bool:
        return (purpose, email) in self._codes

    def code(self, purpose: str, email: str) -> str:
        return self._codes[purpose, email]

    def take(self, purpose: str, email: str, code: str) -> None:
        """Use a code up. Raises what a pool answers for a wrong one."""
        if self._codes.get((purpose, email)) != code:
            raise refusal("CodeMismatchException", "Invalid verification code provided.")
        del self._codes[purpose, email]


def refusal(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class PoolClient:
    """moto's client, and what it lacks."""

    def __init__(self, client: "CognitoIdentityProviderClient", mail: Mail) -> None:
        self._client = client
        self._mail = mail
        self._origins: dict[str, str] = {}
        self._spent: set[str] = set()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self._client, name)
        return found

    def sign_up(self, **parameters: Any) -> Any:
        answer = self._client.sign_up(**parameters)
        self._mail.send("confirm", parameters["Username"])
        return answer

    def confirm_sign_up(self, **parameters: Any) -> None:
        self._mail.take("confirm", parameters["Username"], parameters["ConfirmationCode"])
        self._client.confirm_sign_up(**parameters)

    def resend_confirmation_code(self, *, ClientId: str, Username: str) -> None:  # noqa: N803
        if not self._mail.awaits("confirm", Username):
            raise refusal("InvalidParameterException", "User is already confirmed.")
        self._mail.send("confirm", Username)

    def forgot_password(self, **parameters: Any) -> None:
        self._client.forgot_password(**parameters)
        self._mail.send("reset", parameters["Username"])

    def confirm_forgot_password(self, **parameters: Any) -> None:
        self._mail.take("reset", parameters["Username"], parameters["ConfirmationCode"])
        self._client.confirm_forgot_password(**parameters)

    def get_tokens_from_refresh_token(self, *, ClientId: str, RefreshToken: str) -> Any:  # noqa: N803
        if RefreshToken in self._spent:
            raise refusal("RefreshTokenReuseException")
        origin = self._origins.get(RefreshToken, RefreshToken)
        answer: Any = self._client.initiate_auth(
            ClientId=ClientId,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": origin},
        )
        successor = f"rotated-{next(_numbers)}"
        self._spent.add(RefreshToken)
        self._origins[successor] = origin
        answer["AuthenticationResult"]["RefreshToken"] = successor
        return answer


@dataclass(frozen=True)
class UserPool:
    """A pool, its mail, and the adapter in front of it. `cognito` is moto's own client."""

    identity: CognitoIdentity
    cognito: "CognitoIdentityProviderClient"
    mail: Mail
    pool: str
    client_id: str

    def challenge(self, email: str, password: str) -> ChallengeRequired:
        """What a log-in is asked for."""
        with pytest.raises(ChallengeRequired) as asked:
            self.identity.log_in(email, password)
        return asked.value


@dataclass(frozen=True)
class Cognito:
    """One pool and its client, which take moto long to make, and where its keys are."""

    client: "CognitoIdentityProviderClient"
    pool: str
    client_id: str
    jwks_url: str


@contextmanager
def mocked_cognito() -> Iterator[Cognito]:
    with mock_aws(), jwks_server() as server:
        server.body = CognitoIdpJsonWebKeyResponse.json_web_key
        client = boto3.Session("testing", "testing", region_name=REGION).client("cognito-idp")
        pool = client.create_user_pool(
            PoolName="people",
            UsernameAttributes=["email"],
            UsernameConfiguration={"CaseSensitive": False},
            AutoVerifiedAttributes=["email"],
            Policies={"PasswordPolicy": POLICY},  # type: ignore[typeddict-item]
            AccountRecoverySetting={
                "RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]
            },
        )["UserPool"]["Id"]
        client_id = client.create_user_pool_client(
            UserPoolId=pool, ClientName="api", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        yield Cognito(client, pool, client_id, server.url)


def user_pool(cognito: Cognito) -> UserPool:
    """The pool without anybody in it."""
    for user in cognito.client.list_users(UserPoolId=cognito.pool)["Users"]:
        cognito.client.admin_delete_user(UserPoolId=cognito.pool, Username=user["Username"])
    mail = Mail()
    identity = CognitoIdentity(
        lambda: PoolClient(cognito.client, mail),  # type: ignore[arg-type, return-value]
        pool=cognito.pool,
        client_id=cognito.client_id,
        issuer=f"https://cognito-idp.{REGION}.amazonaws.com/{cognito.pool}",
        jwks_url=cognito.jwks_url,
    )
    return UserPool(identity, cognito.client, mail, cognito.pool, cognito.client_id)
