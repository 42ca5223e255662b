"""Identifiers sort by the time they were made."""

import threading

import pytest
from ulid import ULID

from promptpilot.domain import ids
from promptpilot.domain.ids import new_id


def test_ids_are_unique_and_in_the_order_they_were_made() -> None:
    made = [new_id("x") for _ in range(5_000)]
    assert made == sorted(set(made))


def test_ids_keep_their_order_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id("x")
    monkeypatch.setattr(ids, "ULID", Past)
    assert before < new_id("x") < new_id("x")


def test_threads_never_make_the_same_id() -> None:
    made: list[str] = []

    def make() -> None:
        made.extend([new_id("x") for _ in range(1_000)])

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000


class Past(ULID):
    """A ULID of an hour ago."""

    def __init__(self, value: bytes | None = None) -> None:
        super().__init__(value or bytes(16))
