"""The authorizer vouches for valid tokens of ours only."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from embedded.identity import LocalIdentity
from functions.authorizer.handler import handler
from promptpilot import clock
from promptpilot.domain.ids import new_id

USER = new_id("user")
PASSWORD = "correct horse battery staple"


@pytest.fixture
def token(identity: LocalIdentity) -> str:
    identity.sign_up(USER, "one@example.com", PASSWORD)
    return identity.log_in("one@example.com", PASSWORD).access_token


def ask(authorization: str | None) -> Any:
    headers = {} if authorization is None else {"authorization": authorization}
    return handler({"version": "2.0", "type": "REQUEST", "headers": headers}, None)


def refused(authorization: str | None) -> bool:
    verdict = ask(authorization)
    return verdict == {"isAuthorized": False, "context": {}}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_valid_token_is_vouched_for(token: str, scheme: str) -> None:
    verdict = ask(f"{scheme} {token}")
    assert verdict["isAuthorized"] is True
    assert verdict["context"]["user"] == USER
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
