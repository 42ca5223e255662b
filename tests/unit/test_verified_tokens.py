"""Verified tokens are remembered, as long as they are good."""

import pytest

from promptpilot import clock
from promptpilot.domain.identity import Claims
from promptpilot.domain.ids import new_id
from promptpilot.errors import Unauthenticated
from promptpilot.verified_tokens import VerifiedTokens

USER = new_id("user")
NOW = 1_800_000_000


class Verifier:
    """Takes every token but "bad", and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, token: str) -> Claims:
        self.asked.append(token)
        if token == "bad":
            raise Unauthenticated
        return Claims(user=USER, expires_at=NOW + 10)


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock.time, "time_ns", lambda: NOW * 1_000_000_000)


def test_a_good_token_is_verified_once() -> None:
    verify = Verifier()
    tokens = VerifiedTokens(verify)
    assert {tokens.claims("a").user for _ in range(3)} == {USER}
    assert verify.asked == ["a"]


def test_a_bad_one_is_refused_each_time() -> None:
    verify = Verifier()
    tokens = VerifiedTokens(verify)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            tokens.claims("bad")
    assert verify.asked == ["bad", "bad"]


def test_one_that_has_expired_is_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = Verifier()
    tokens = VerifiedTokens(verify)
    tokens.claims("a")
    monkeypatch.setattr(clock.time, "time_ns", lambda: (NOW + 10) * 1_000_000_000)
    tokens.claims("a")
    assert verify.asked == ["a", "a"]


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    verify = Verifier()
    tokens = VerifiedTokens(verify, limit=2)
    for token in ("a", "b", "c", "b", "c", "a"):
        tokens.claims(token)
    assert verify.asked == ["a", "b", "c", "a"]


@pytest.mark.parametrize("token", ["\ud800", "\u00e9"])
def test_a_text_that_cannot_be_a_token_is_not_even_looked_at(token: str) -> None:
    verify = Verifier()
    with pytest.raises(Unauthenticated):
        VerifiedTokens(verify).claims(token)
    assert verify.asked == []
