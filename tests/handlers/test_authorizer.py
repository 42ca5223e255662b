"""The authorizer vouches for valid tokens of ours only."""

import base64
import json
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from embedded.identity import LocalIdentity
from functions.authorizer.handler import handler
from promptpilot import clock, platform
from promptpilot.domain.identity import Claims
from promptpilot.domain.ids import new_id
from promptpilot.errors import Unavailable
from promptpilot.platform import Platform
from tests.handlers.here import KnowsNobody

EMAIL, PASSWORD = "one@example.com", "correct horse battery staple"
USER = new_id("user")
"""Somebody who never signed up."""


@pytest.fixture
def user(identity: LocalIdentity) -> str:
    return identity.sign_up(EMAIL, PASSWORD).user


@pytest.fixture
def token(identity: LocalIdentity, user: str) -> str:
    return identity.log_in(EMAIL, PASSWORD).access_token


def ask(authorization: str | None) -> Any:
    headers = {} if authorization is None else {"authorization": authorization}
    return handler({"version": "2.0", "type": "REQUEST", "headers": headers}, None)


def refused(authorization: str | None) -> bool:
    verdict = ask(authorization)
    return verdict == {"isAuthorized": False, "context": {}}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_valid_token_is_vouched_for(user: str, token: str, scheme: str) -> None:
    verdict = ask(f"{scheme} {token}")
    assert verdict["isAuthorized"] is True
    assert verdict["context"]["user"] == user
    assert verdict["context"]["expires_at"] > clock.epoch_ms() / 1000


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "x", "Bearer " + "x" * 9000]
)
def test_what_is_no_bearer_token_is_refused(
    identity: LocalIdentity, authorization: str | None
) -> None:
    assert refused(authorization)


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_that_was_changed_is_refused(token: str) -> None:
    header, claims = parts(token)
    signature = token.rpartition(".")[2]
    for changed in (
        {**claims, "sub": new_id("user")},
        {**claims, "exp": claims["exp"] + 1},
    ):
        assert refused(f"Bearer {encoded(header)}.{encoded(changed)}.{signature}")
    assert refused(f"Bearer {token[:-4]}AAAA")
    assert refused(f"Bearer {token}.")
    assert refused(f"Bearer {token.rpartition('.')[0]}.")


def test_a_token_without_an_algorithm_is_refused(token: str) -> None:
    header, claims = parts(token)
    none = {**header, "alg": "none"}
    assert refused(f"Bearer {encoded(none)}.{encoded(claims)}.")
    assert refused(f"Bearer {jwt.encode(claims, None, 'none', headers={'kid': header['kid']})}")


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    token: str, identity: LocalIdentity
) -> None:
    header, claims = parts(token)
    [public] = identity.jwks["keys"]  # type: ignore[misc]
    secret = base64.urlsafe_b64decode(public["x"] + "=")
    forged = jwt.encode(claims, secret, "HS256", headers={"kid": header["kid"]})
    assert refused(f"Bearer {forged}")


@pytest.mark.parametrize("kid", ["same", "other", None])
def test_a_token_of_another_key_is_refused(token: str, kid: str | None) -> None:
    header, claims = parts(token)
    named = {"same": header["kid"], "other": "other", None: None}[kid]
    headers = {} if named is None else {"kid": named}
    forged = jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", headers=headers)
    assert refused(f"Bearer {forged}")


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"aud": "something"},
        {"exp": None},
        {"sub": None},
        {"iat": None},
        {"aud": None},
        {"iss": None},
        {"sub": 1},
        {"nbf": 99999999999},
    ],
)
def test_a_token_whose_claims_are_not_right_is_refused_though_we_signed_it(
    token: str, identity: LocalIdentity, change: dict[str, Any]
) -> None:
    header, claims = parts(token)
    kept = {name: value for name, value in (claims | change).items() if value is not None}
    key = identity._keys._private
    signed = jwt.encode(kept, key, "EdDSA", headers={"kid": header["kid"]})
    assert refused(f"Bearer {signed}")


def test_a_token_that_has_expired_is_refused_also_when_it_is_remembered(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not refused(f"Bearer {token}")
    end = parts(token)[1]["exp"]
    monkeypatch.setattr(clock.time, "time_ns", lambda: (end - 1) * 1_000_000_000)
    assert not refused(f"Bearer {token}")
    monkeypatch.setattr(clock.time, "time_ns", lambda: end * 1_000_000_000)
    assert refused(f"Bearer {token}")


def test_an_expired_token_that_was_never_seen_is_refused(
    identity: LocalIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.epoch_ms() // 1000
    expired = identity._keys.sign(USER, -1, "t")
    assert parts(expired)[1]["exp"] < now + 1
    assert refused(f"Bearer {expired}")


METHOD = "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/live/$connect"


def connect(**headers: str) -> Any:
    """What API Gateway's WebSocket API asks when somebody connects."""
    return handler(
        {
            "type": "REQUEST",
            "methodArn": METHOD,
            "headers": {"Host": "live.example.com", **headers},
            "requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "stage": "live"},
        },
        None,
    )


def effect(verdict: Any) -> str:
    [statement] = verdict["policyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("execute-api:Invoke", METHOD)
    assert verdict["policyDocument"]["Version"] == "2012-10-17"
    return str(statement["Effect"])


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", "Bearer {}"),
        ("authorization", "bearer {}"),
        ("Sec-WebSocket-Protocol", "promptpilot, bearer.{}"),
        ("sec-websocket-protocol", "bearer.{},promptpilot"),
    ],
)
def test_a_valid_token_may_connect(user: str, token: str, header: str, value: str) -> None:
    verdict = connect(**{header: value.format(token)})
    assert effect(verdict) == "Allow"
    assert verdict["principalId"] == user
    assert verdict["context"]["user"] == user
    assert verdict["context"]["expires_at"] > clock.epoch_ms() / 1000


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic YTpi"},
        {"Sec-WebSocket-Protocol": "promptpilot"},
        {"Sec-WebSocket-Protocol": "promptpilot, bearer."},
        {"Sec-WebSocket-Protocol": "promptpilot, bearer.x"},
        {"Sec-WebSocket-Protocol": f"bearer.{'x' * 9000}"},
    ],
)
def test_nobody_connects_without_one(identity: LocalIdentity, headers: dict[str, str]) -> None:
    verdict = connect(**headers)
    assert effect(verdict) == "Deny"
    assert verdict["context"] == {}


def test_a_token_in_a_subprotocol_is_for_connections_only(token: str) -> None:
    headers = {"sec-websocket-protocol": f"promptpilot, bearer.{token}"}
    event = {"version": "2.0", "type": "REQUEST", "headers": headers}
    assert handler(event, None) == {"isAuthorized": False, "context": {}}


def test_keys_that_cannot_be_had_are_no_refusal(ports: Platform) -> None:
    class OutOfReach(KnowsNobody):
        def verify(self, access_token: str) -> Claims:
            raise Unavailable

    platform.install(replace(ports, identity=OutOfReach()))  # type: ignore[type-var]
    with pytest.raises(Unavailable):
        ask("Bearer x")
    with pytest.raises(Unavailable):
        connect(Authorization="Bearer x")
