"""Accounts live in Cognito, and tokens are checked before the API's function is ever called."""

import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from cloud.running import Cloud
from embedded.demo.client import Client, RequestRefusedError
from tests.cloud.users import PASSWORD, log_in, sign_up, status_of

NOBODY = {401, 403}
"""401 without a token, 403 where the authorizer says no: API Gateway's own answers."""
HOUR = 3600


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed_by_the_pool(cloud: Cloud, token: str, **changes: Any) -> str:
    """The same token with other claims, signed with the pool's own key, which the emulator keeps in
    a file.
    """
    claims = jwt.decode(token, options={"verify_signature": False})
    pool = claims["iss"].rsplit("/", 1)[-1]
    [key] = Path(cloud.emulator.log.parent).rglob(f"{pool}-access.pem")
    header = {"kid": jwt.get_unverified_header(token)["kid"]}
    return jwt.encode({**claims, **changes}, key.read_text(), "RS256", header)


@pytest.fixture(scope="module")
def token(cloud: Cloud, one: Client) -> str:
    assert one.token is not None
    return one.token


def test_who_signed_up_and_confirmed_is_known(one: Client) -> None:
    profile = one.get("/me")
    assert profile["user"]["email"] == "one@example.com"
    assert [each["role"] for each in profile["workspaces"]] == ["owner"]


def test_a_wrong_password_is_refused(cloud: Cloud, one: Client) -> None:
    wrong = {"email": "one@example.com", "password": "wrong horse battery staple"}
    assert status_of(cloud, "POST", "/auth/login", wrong) == 401


def test_an_account_that_was_not_confirmed_cannot_log_in(cloud: Cloud) -> None:
    account = {"email": "three@example.com", "password": PASSWORD}
    Client(cloud.api_url).post("/auth/signup", {**account, "name": "Three"})
    with pytest.raises(RequestRefusedError, match="unconfirmed"):
        Client(cloud.api_url).post("/auth/login", account)


def test_a_refresh_token_gives_new_tokens_that_work(cloud: Cloud, one: Client) -> None:
    tokens = log_in(cloud, "one@example.com")
    spent = {"refresh_token": tokens["refresh_token"]}
    new = Client(cloud.api_url).post("/auth/refresh", spent)
    assert new["access_token"] != tokens["access_token"]
    assert status_of(cloud, "GET", "/me", headers=bearer(new["access_token"])) == 200


def test_without_a_token_nothing_but_the_public_routes_answers(cloud: Cloud) -> None:
    assert status_of(cloud, "GET", "/health") == 200
    assert status_of(cloud, "GET", "/prompts") in NOBODY


def test_what_is_no_token_is_refused(cloud: Cloud) -> None:
    assert status_of(cloud, "GET", "/prompts", headers=bearer("not-a-token")) in NOBODY


def test_a_token_signed_with_another_key_is_refused(cloud: Cloud, token: str) -> None:
    claims = jwt.decode(token, options={"verify_signature": False})
    own_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    header = {"kid": jwt.get_unverified_header(token)["kid"]}
    forged = jwt.encode(claims, own_key, "RS256", header)
    assert status_of(cloud, "GET", "/me", headers=bearer(forged)) in NOBODY


def test_an_expired_token_of_the_pool_is_refused(cloud: Cloud, token: str) -> None:
    now = int(time.time())
    good = signed_by_the_pool(cloud, token, exp=now + HOUR)
    expired = signed_by_the_pool(cloud, token, iat=now - 2 * HOUR, exp=now - HOUR)
    assert status_of(cloud, "GET", "/me", headers=bearer(good)) == 200
    assert status_of(cloud, "GET", "/me", headers=bearer(expired)) in NOBODY


def test_a_token_of_another_pool_is_refused(cloud: Cloud, token: str) -> None:
    elsewhere = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_elsewhere"
    other = signed_by_the_pool(cloud, token, iss=elsewhere)
    assert status_of(cloud, "GET", "/me", headers=bearer(other)) in NOBODY


def test_the_same_email_signs_up_once(cloud: Cloud, one: Client) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        sign_up(cloud, "one@example.com")
    assert refused.value.status == 409
