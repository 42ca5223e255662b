"""Which access tokens of a user pool are good."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptpilot import clock
from promptpilot.adapters.aws.cognito_tokens import LEEWAY_SECONDS, AccessTokens
from promptpilot.adapters.aws.jwks import KeySet
from promptpilot.domain.ids import user_id_of
from promptpilot.errors import Unauthenticated
from tests.contract.jwks_server import JwksServer, jwk, jwks_server, private_key

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_pool"
CLIENT = "4k1lm"
SUB = "0f9d2c7a-64b0-4f0e-8a55-0d3a1c2b7e90"


@pytest.fixture(scope="module")
def server() -> Iterator[JwksServer]:
    with jwks_server() as server:
        server.publish(jwk(1), jwk(2))
        yield server


@pytest.fixture(scope="module")
def tokens(server: JwksServer) -> AccessTokens:
    return AccessTokens(KeySet(server.url), issuer=ISSUER, client_id=CLIENT)


def signed(key: Any = None, algorithm: str = "RS256", kid: str = "key-1", **changed: Any) -> str:
    now = clock.epoch_ms() // 1000
    claims = {
        "sub": SUB,
        "iss": ISSUER,
        "client_id": CLIENT,
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin",
        "username": SUB,
        "origin_jti": "1",
        "jti": "2",
        "auth_time": now,
        "iat": now,
        "exp": now + 3600,
    }
    kept = {name: value for name, value in (claims | changed).items() if value is not None}
    return jwt.encode(kept, key or private_key(1), algorithm, headers={"kid": kid})


def test_a_good_token_says_who_it_is_and_until_when(tokens: AccessTokens) -> None:
    claims = tokens.verify(signed(exp=2_000_000_000))
    assert claims.user == user_id_of(UUID(SUB))
    assert claims.expires_at == 2_000_000_000


def test_any_key_of_the_pool_will_do(tokens: AccessTokens) -> None:
    assert tokens.verify(signed(private_key(2), kid="key-2"))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_other"},
        {"iss": None},
        {"client_id": "other"},
        {"client_id": None},
        {"client_id": [CLIENT]},
        {"token_use": "id"},
        {"token_use": None},
        {"sub": "somebody"},
        {"sub": None},
        {"exp": None},
        {"exp": 1},
        {"iat": None},
        {"nbf": 99_999_999_999},
        {"iat": 99_999_999_999},
    ],
)
def test_a_token_whose_claims_are_not_right_is_refused_though_the_pool_signed_it(
    tokens: AccessTokens, changed: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(signed(**changed))


def test_an_id_token_is_no_access_token(tokens: AccessTokens) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(signed(token_use="id", client_id=None, aud=CLIENT))


def test_a_clock_that_is_a_little_ahead_is_forgiven_and_an_end_is_not(tokens: AccessTokens) -> None:
    now = clock.epoch_ms() // 1000
    assert tokens.verify(signed(iat=now + LEEWAY_SECONDS - 2))
    with pytest.raises(Unauthenticated):
        tokens.verify(signed(exp=now))


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_one_algorithm_is_taken(tokens: AccessTokens, algorithm: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(signed(algorithm=algorithm))


def test_a_token_of_another_key_is_refused(tokens: AccessTokens) -> None:
    for kid in ("key-1", "key-3"):
        with pytest.raises(Unauthenticated):
            tokens.verify(signed(private_key(3), kid=kid))


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(tokens: AccessTokens) -> None:
    public = urlsafe_b64decode(jwk(1)["n"] + "==")
    with pytest.raises(Unauthenticated):
        tokens.verify(signed(public, "HS256"))


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_headers = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("alg", "kid", "typ", "b64", "crit", "cty", "zip"), _json)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=_headers | _json, claims=_json, kid=st.booleans(), signature=st.binary(max_size=300))
def test_whatever_a_forged_token_says_it_is_refused(
    tokens: AccessTokens, header: Any, claims: Any, kid: bool, signature: bytes
) -> None:
    if kid and isinstance(header, dict):
        header = {"alg": "RS256", **header, "kid": "key-1"}
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    token = ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    with pytest.raises(Unauthenticated):
        tokens.verify(token)
