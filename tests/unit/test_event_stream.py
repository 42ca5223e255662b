"""Server-sent events that come in pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptpilot.adapters.models.http.event_stream import EventStream

STREAM = (
    "\ufeff: a comment\r\n\r\ndata: one\r\n\r\nevent: named\ndata:two\ndata:  three\n\n"
    "data\ndata: 日本\r\rid: 7\n\ndata: [DONE]\n\ndata: never ended"
).encode()
DATA = ["one", "two\n three", "\n日本", "[DONE]"]


def test_a_stream_is_read_as_its_format_says() -> None:
    assert EventStream().feed(STREAM) == DATA


@given(st.sets(st.integers(0, len(STREAM))))
def test_it_does_not_matter_where_the_pieces_end(cuts: set[int]) -> None:
    stream, read = EventStream(), []
    places = [0, *sorted(cuts), len(STREAM)]
    for start, end in pairwise(places):
        read += stream.feed(STREAM[start:end])
    assert read == DATA


@pytest.mark.parametrize("piece", [b"", b"\n\n\n", b":\n\n", b"data\n\n", b"event: x\n\n"])
def test_an_event_without_data_is_none(piece: bytes) -> None:
    assert EventStream().feed(piece) == []


def test_bytes_that_are_no_text_break_nothing() -> None:
    assert EventStream().feed(b"data: \xff\n\n") == ["\ufffd"]
