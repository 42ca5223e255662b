"""Cursors are opaque, and good for the list that gave them out only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptpilot.domain.cursor import MAX_CURSOR_LENGTH
from promptpilot.errors import CursorInvalid
from promptpilot.ports.table import Key, Position
from promptpilot.services.cursors import open_cursor, seal_cursor

KEY = b"k" * 32
LIST = ("ws_1", "/prompts")
POSITION = Position(at=Key("ws_1/prompts", "b"), key=Key("ws_1/prompt/b", "META"))

keys = st.builds(Key, st.text(max_size=200), st.text(max_size=200))


@given(at=keys, key=keys, names=st.lists(st.text(max_size=20), max_size=4))
def test_a_cursor_gives_back_its_position(at: Key, key: Key, names: list[str]) -> None:
    position = Position(at=at, key=key)
    cursor = seal_cursor(position, list=names, key=KEY)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=")
    assert open_cursor(cursor, list=names, key=KEY) == position


def test_a_cursor_of_the_longest_keys_is_short_enough_to_be_sent_back() -> None:
    long = Key("w" * 500, "s" * 500)
    assert len(seal_cursor(Position(long, long), list=LIST, key=KEY)) < MAX_CURSOR_LENGTH


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (("ws_1",), KEY),
        (("ws_1", "/prompts", "tag=x"), KEY),
        (("ws_2", "/prompts"), KEY),
        (("ws_1/prompts",), KEY),
        (("ws_1", "/prom", "pts"), KEY),
        (LIST, b"x" * 32),
    ],
)
def test_another_list_or_another_key_refuses_a_cursor(names: tuple[str, ...], key: bytes) -> None:
    cursor = seal_cursor(POSITION, list=LIST, key=KEY)
    with pytest.raises(CursorInvalid):
        open_cursor(cursor, list=names, key=key)


def test_every_bit_of_a_cursor_counts() -> None:
    cursor = seal_cursor(POSITION, list=LIST, key=KEY)
    for place, letter in enumerate(cursor[:-1]):
        other = "A" if letter != "A" else "B"
        with pytest.raises(CursorInvalid):
            open_cursor(cursor[:place] + other + cursor[place + 1 :], list=LIST, key=KEY)


@given(text=st.text(max_size=100))
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        open_cursor(text, list=LIST, key=KEY)
