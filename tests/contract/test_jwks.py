"""A token issuer's keys: fetched when they are needed, seldom, and kept through its bad days."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from promptpilot.adapters.aws.jwks import KEPT_SECONDS, MAX_BYTES, PAUSE_SECONDS, KeySet
from promptpilot.errors import Unavailable
from tests.contract.jwks_server import JwksServer, jwk, jwks_server


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[JwksServer]:
    with jwks_server() as server:
        server.publish(jwk(1))
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(server: JwksServer, clock: Clock) -> KeySet:
    return KeySet(server.url, clock=clock)


def test_nothing_is_fetched_before_a_key_is_needed(keys: KeySet, server: JwksServer) -> None:
    assert server.fetches == 0


def test_keys_are_fetched_once_and_kept(keys: KeySet, server: JwksServer) -> None:
    server.publish(jwk(1), jwk(2))
    for name in ("key-1", "key-2", "key-1"):
        assert keys.find(name) is not None
    assert server.fetches == 1


def test_a_new_key_is_found_when_a_token_names_it(
    keys: KeySet, server: JwksServer, clock: Clock
) -> None:
    keys.find("key-1")
    server.publish(jwk(2))
    clock.now += PAUSE_SECONDS
    assert keys.find("key-2") is not None
    assert keys.find("key-1") is None


def test_a_flood_of_unknown_keys_is_no_flood_of_fetches(
    keys: KeySet, server: JwksServer, clock: Clock
) -> None:
    keys.find("key-1")
    for number in range(100):
        assert keys.find(f"forged-{number}") is None
    assert server.fetches == 1
    clock.now += PAUSE_SECONDS
    for number in range(100):
        assert keys.find(f"forged-{number}") is None
    assert server.fetches == 2


def test_of_many_who_need_the_keys_at_once_one_fetches(keys: KeySet, server: JwksServer) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(keys.find, ["key-1"] * 16))
    assert None not in found
    assert server.fetches == 1


def test_whose_key_is_known_does_not_wait_for_who_fetches(
    keys: KeySet, server: JwksServer, clock: Clock
) -> None:
    keys.find("key-1")
    clock.now += PAUSE_SECONDS
    server.gate.clear()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(keys.find, "key-2")
        assert server.held.wait(30)
        clock.now += KEPT_SECONDS
        assert keys.find("key-1") is not None
        assert not waiting.done()
        server.gate.set()
        assert waiting.result(30) is None


def test_a_withdrawn_key_is_not_trusted_for_ever(
    keys: KeySet, server: JwksServer, clock: Clock
) -> None:
    keys.find("key-1")
    server.publish(jwk(2))
    clock.now += KEPT_SECONDS - 1
    assert keys.find("key-1") is not None
    clock.now += 1
    assert keys.find("key-1") is None


@pytest.mark.parametrize("status", [404, 500, 503, 302])
def test_known_keys_serve_on_while_the_issuer_is_out_of_reach(
    keys: KeySet, server: JwksServer, clock: Clock, status: int
) -> None:
    keys.find("key-1")
    server.fail(status)
    clock.now += 10 * KEPT_SECONDS
    assert keys.find("key-1") is not None
    assert keys.find("key-2") is None
    assert server.fetches == 2
    server.publish(jwk(2))
    clock.now += PAUSE_SECONDS
    assert keys.find("key-2") is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"keys": 1}',
        b'{"keys": [1]}',
        b'{"keys": []}',
        b"\xff",
        json.dumps({"keys": [jwk(1, n=None)]}).encode(),
        json.dumps({"keys": [jwk(1)], "padding": "x" * MAX_BYTES}).encode(),
    ],
)
def test_what_is_no_key_set_is_an_issuer_out_of_reach(
    keys: KeySet, server: JwksServer, clock: Clock, body: bytes
) -> None:
    server.body = body
    with pytest.raises(Unavailable):
        keys.find("key-1")
    server.publish(jwk(1))
    with pytest.raises(Unavailable):
        keys.find("key-1")
    clock.now += PAUSE_SECONDS
    assert keys.find("key-1") is not None


@pytest.mark.parametrize(
    "changed", [{"kty": "oct"}, {"use": "enc"}, {"alg": "RS512"}, {"kid": None}, {"kid": 1}]
)
def test_a_key_that_signs_otherwise_is_passed_over(
    keys: KeySet, server: JwksServer, changed: dict[str, object]
) -> None:
    server.publish(jwk(1, **changed), jwk(2))
    assert keys.find("key-1") is None
    assert keys.find("key-2") is not None


def test_an_issuer_that_nobody_answers_for_is_out_of_reach() -> None:
    with pytest.raises(Unavailable):
        KeySet("http://127.0.0.1:1/jwks.json").find("key-1")
