"""A message that is streamed: its pieces of text as they come, and the whole in the end."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from promptpilot.adapters.models.anthropic_messages.answer import (
    TEXT,
    SoundUsage,
    Stop,
    TokenUsage,
    completion_of,
)
from promptpilot.adapters.models.anthropic_messages.blocks import BlockDelta, Blocks, BlockStart
from promptpilot.adapters.models.anthropic_messages.errors import stream_error
from promptpilot.adapters.models.anthropic_messages.reply import Message
from promptpilot.adapters.models.http.event_stream import EventStream
from promptpilot.adapters.models.http.replies import Part
from promptpilot.domain.model import Completion
from promptpilot.ports.models import OnText
from promptpilot.step_errors import ModelUnavailable

P = TypeVar("P", bound=Part)

_NOT_A_MESSAGE = "The model's server streamed something that is no message."


class _Kind(Part):
    type: str


class _MessageStart(Part):
    message: Message


class _MessageDelta(Part):
    delta: Stop
    usage: SoundUsage = None


class _Error(Part):
    error: Any = None


class MessageStream:
    """Reads the stream of one call, which begins now.

    Events of kinds that are not known here, and pings, say nothing: the API may get new ones.
    """

    def __init__(self, on_text: OnText, *, asked: str, prefix: str) -> None:
        self._on_text = on_text
        self._asked = asked
        self._prefix = prefix
        self._events = EventStream()
        self._blocks = Blocks()
        self._started = time.perf_counter()
        self._first_ms: float | None = None
        self._model: str | None = None
        self._at_start: TokenUsage | None = None
        self._usage: TokenUsage | None = None
        self._stop = Stop()
        self._done = False
        self._takes: Mapping[str, Callable[[str], None]] = {
            "message_start": self._take_message,
            "content_block_start": self._take_block,
            "content_block_delta": self._take_delta,
            "message_delta": self._take_stop,
            "message_stop": self._take_end,
            "error": self._take_error,
        }

    @property
    def begun(self) -> bool:
        """Whether there is any text, thinking or call of a tool yet."""
        return self._first_ms is not None

    def take(self, piece: bytes) -> bool:
        """Read on; True once the server has said that it is done. Raises a `ModelError`."""
        for data in self._events.feed(piece):
            kind = _read(_Kind, data).type
            if kind in self._takes:
                self._takes[kind](data)
            if self._done:
                break
        return self._done

    def _take_message(self, data: str) -> None:
        told = _read(_MessageStart, data).message
        self._model, self._at_start = told.model, told.usage

    def _take_block(self, data: str) -> None:
        event = _read(BlockStart, data)
        self._blocks.start(event)
        self._go_on(event.content_block.type, event.content_block.text)

    def _take_delta(self, data: str) -> None:
        event = _read(BlockDelta, data)
        kind = self._blocks.kind(event.index)
        if kind is None:
            raise ModelUnavailable(reason=_NOT_A_MESSAGE)
        self._blocks.add(event)
        self._go_on(kind, event.delta.text)

    def _take_stop(self, data: str) -> None:
        told = _read(_MessageDelta, data)
        self._stop, self._usage = told.delta, told.usage

    def _take_end(self, _: str) -> None:
        self._done = True

    def _take_error(self, data: str) -> None:
        raise stream_error(_read(_Error, data).error, self._asked)

    def _go_on(self, kind: str, text: str) -> None:
        if self._first_ms is None and (kind != TEXT or text):
            self._first_ms = (time.perf_counter() - self._started) * 1000
        if kind == TEXT and text:
            self._on_text(text)

    def completion(self) -> Completion:
        """The whole, once the stream has ended. Raises `ModelUnavailable` where it ended early,
        `ModelRefused` where the model declined.
        """
        if self._stop.stop_reason is None:
            raise ModelUnavailable(
                reason="The model's server closed the connection before its answer was complete."
            )
        return completion_of(
            self._blocks.content(),
            self._stop,
            usage=_last(self._at_start, self._usage),
            model=self._model,
            asked=self._asked,
            prefix=self._prefix,
            first_ms=self._first_ms,
        )


def _last(start: TokenUsage | None, end: TokenUsage | None) -> TokenUsage | None:
    """What was told in the end, and where nothing was, in the beginning: counts are cumulative, and
    the output's are only known in the end.
    """
    if start is None or end is None:
        return end
    return start.model_copy(update={name: told for name, told in end if told is not None})


def _read(kind: type[P], data: str) -> P:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise ModelUnavailable(reason=_NOT_A_MESSAGE) from error
