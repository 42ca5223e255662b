"""The embedded issuer: credentials, tokens, and what keeps them safe."""

import json
import stat
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from embedded.database import Database
from embedded.identity import KEY_FILE, LocalIdentity
from embedded.passwords import Passwords
from embedded.refresh_tokens import LIFETIME_SECONDS
from embedded.signing_keys import SigningKeys
from promptpilot import clock
from promptpilot.domain.identity import Tokens
from promptpilot.domain.ids import new_id
from promptpilot.errors import AlreadyExists, Unauthenticated, Unavailable

EMAIL = "one@example.com"
PASSWORD = "correct horse battery staple"
USER = new_id("user")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "identity.db")
    yield database
    database.close()


@pytest.fixture
def identity(database: Database, tmp_path: Path) -> LocalIdentity:
    return LocalIdentity(database, tmp_path)


@pytest.fixture
def user(identity: LocalIdentity) -> str:
    return identity.sign_up(EMAIL, PASSWORD).user


@pytest.fixture
def tokens(identity: LocalIdentity, user: str) -> Tokens:
    return identity.log_in(EMAIL, PASSWORD)


def test_a_password_may_have_any_characters(identity: LocalIdentity) -> None:
    password = "\u0000\U0001f40e '; DROP TABLE credentials; --"
    identity.sign_up(EMAIL, password)
    assert identity.log_in(EMAIL, password)


def test_of_many_who_take_one_email_at_once_one_gets_it(identity: LocalIdentity) -> None:
    def sign_up(number: int) -> tuple[str, str] | None:
        password = f"{PASSWORD} {number}"
        try:
            return identity.sign_up(EMAIL, password).user, password
        except AlreadyExists:
            return None

    with ThreadPoolExecutor(6) as threads:
        [(user, password)] = filter(None, threads.map(sign_up, range(6)))
    tokens = identity.log_in(EMAIL, password)
    assert identity.verify(tokens.access_token).user == user


def test_no_secret_is_kept_as_it_is(
    identity: LocalIdentity, tokens: Tokens, database: Database, tmp_path: Path
) -> None:
    database.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("identity.db*"))
    assert EMAIL.encode() in kept
    assert b"$argon2id$v=19$m=19456,t=2,p=1$" in kept
    for secret in (PASSWORD, tokens.refresh_token, tokens.access_token):
        assert secret.encode() not in kept


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Database(tmp_path / "identity.db")
    identity = LocalIdentity(first, tmp_path)
    user = identity.sign_up(EMAIL, PASSWORD).user
    tokens = identity.log_in(EMAIL, PASSWORD)
    first.close()
    second = Database(tmp_path / "identity.db")
    identity = LocalIdentity(second, tmp_path)
    assert identity.verify(tokens.access_token).user == user
    assert identity.refresh(tokens.refresh_token)
    assert identity.log_in(EMAIL, PASSWORD)
    second.close()


def test_the_signing_key_is_its_owner_s_alone(identity: LocalIdentity, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("*.new")] == []


def test_a_token_can_be_verified_with_what_the_key_set_says(
    identity: LocalIdentity, user: str, tokens: Tokens
) -> None:
    keys = jwt.PyJWKSet.from_dict(identity.jwks)
    kid = jwt.get_unverified_header(tokens.access_token)["kid"]
    claims = jwt.decode(
        tokens.access_token, keys[kid], algorithms=["EdDSA"], audience="promptpilot-api"
    )
    assert claims["sub"] == user
    assert claims["iss"] == "promptpilot"


def test_the_key_set_has_no_private_half(identity: LocalIdentity) -> None:
    [key] = identity.jwks["keys"]  # type: ignore[misc]
    assert "d" not in key


def test_two_data_folders_do_not_trust_each_other(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    ours = SigningKeys.load(tmp_path / KEY_FILE)
    theirs = SigningKeys.load(tmp_path / "other" / KEY_FILE)
    token = theirs.sign(USER, 60, "t")
    assert theirs.verify(token).user == USER
    with pytest.raises(Unauthenticated):
        ours.verify(token)


def test_a_key_file_with_another_kind_of_key_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(b"nonsense")
    with pytest.raises(ValueError):
        SigningKeys.load(tmp_path / KEY_FILE)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_headers = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("alg", "kid", "typ", "b64", "crit", "cty", "zip"), _json)
)
_OURS = SigningKeys(Ed25519PrivateKey.generate())
_KID = jwt.get_unverified_header(_OURS.sign(USER, 60, "t"))["kid"]


@given(header=_headers | _json, claims=_json, kid=st.booleans(), signature=st.binary(max_size=70))
def test_whatever_a_forged_token_says_it_is_refused(
    header: Any, claims: Any, kid: bool, signature: bytes
) -> None:
    if kid and isinstance(header, dict):
        header = {"alg": "EdDSA", **header, "kid": _KID}
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    token = ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    with pytest.raises(Unauthenticated):
        _OURS.verify(token)


def test_a_spent_refresh_token_ends_its_family_and_no_other(
    identity: LocalIdentity, tokens: Tokens
) -> None:
    other = identity.log_in(EMAIL, PASSWORD)
    second = identity.refresh(tokens.refresh_token)
    with pytest.raises(Unauthenticated):
        identity.refresh(tokens.refresh_token)
    with pytest.raises(Unauthenticated):
        identity.refresh(second.refresh_token)
    assert identity.refresh(other.refresh_token)


def test_of_many_who_use_one_refresh_token_at_once_at_most_one_succeeds(
    identity: LocalIdentity, tokens: Tokens
) -> None:
    def refresh(_: int) -> bool:
        try:
            identity.refresh(tokens.refresh_token)
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(refresh, range(12))) == 1


def test_a_refresh_token_expires(
    identity: LocalIdentity, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = clock.epoch_ms() + LIFETIME_SECONDS * 1000
    monkeypatch.setattr("embedded.refresh_tokens.epoch_ms", lambda: later - 5_000)
    tokens = identity.refresh(tokens.refresh_token)
    monkeypatch.setattr("embedded.refresh_tokens.epoch_ms", lambda: later + LIFETIME_SECONDS * 1000)
    with pytest.raises(Unauthenticated):
        identity.refresh(tokens.refresh_token)


def test_expired_refresh_tokens_do_not_pile_up(
    identity: LocalIdentity,
    tokens: Tokens,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        tokens = identity.refresh(tokens.refresh_token)
    later = clock.epoch_ms() + LIFETIME_SECONDS * 2_000
    monkeypatch.setattr("embedded.refresh_tokens.epoch_ms", lambda: later)
    identity.log_in(EMAIL, PASSWORD)
    assert database.rows("SELECT count(*) FROM refresh_tokens") == [(1,)]


def test_a_flood_of_log_ins_is_refused_and_not_queued_for_ever() -> None:
    passwords = Passwords(at_once=1, waiting=2)
    began, go = threading.Barrier(2), threading.Event()

    class Slow:
        def verify(self, _hashed: str, _password: bytes) -> bool:
            if not go.is_set():
                began.wait(30)
                assert go.wait(30)
            return True

        def hash(self, _password: bytes) -> str:
            return "hash"

    passwords._hasher = Slow()  # type: ignore[assignment]
    with ThreadPoolExecutor(3) as threads:
        inside = [threads.submit(passwords.verify, "hash", "x") for _ in range(3)]
        began.wait(30)
        deadline = time.monotonic() + 30
        while passwords._entrance._value:  # until both others wait for their turn
            assert time.monotonic() < deadline
        with pytest.raises(Unavailable):
            passwords.verify("hash", "x")
        go.set()
        assert [each.result(30) for each in inside] == [True, True, True]
    assert passwords.verify("hash", "x")


def test_a_hash_that_is_broken_fits_no_password() -> None:
    assert not Passwords().verify("nonsense", PASSWORD)
