"""An answer of ConverseStream: its pieces of text as they come, and the whole in the end."""

import time
from typing import TypeVar

from pydantic import ValidationError

from promptpilot.adapters.models.bedrock.answer import SoundUsage, TokenUsage, Trace, completion_of
from promptpilot.adapters.models.bedrock.blocks import BlockDelta, Blocks, BlockStart
from promptpilot.adapters.models.bedrock.errors import stream_error
from promptpilot.adapters.models.bedrock.frames import EVENT, Frame, Frames
from promptpilot.adapters.models.http.replies import Part
from promptpilot.domain.model import Completion
from promptpilot.ports.models import OnText
from promptpilot.step_errors import ModelUnavailable

P = TypeVar("P", bound=Part)


class _MessageStop(Part):
    stopReason: str  # noqa: N815 - the API's own name


class _Metadata(Part):
    usage: SoundUsage = None
    trace: Trace | None = None


class ConverseStream:
    """Reads the stream of one call, which begins now."""

    def __init__(self, on_text: OnText, *, asked: str, prefix: str) -> None:
        self._on_text = on_text
        self._asked = asked
        self._prefix = prefix
        self._frames = Frames()
        self._blocks = Blocks()
        self._started = time.perf_counter()
        self._first_ms: float | None = None
        self._stop_reason: str | None = None
        self._usage: TokenUsage | None = None
        self._trace: Trace | None = None
        self._events = {
            "contentBlockStart": self._take_start,
            "contentBlockDelta": self._take_delta,
            "messageStop": self._take_stop,
            "metadata": self._take_metadata,
        }
        self._done = False

    @property
    def begun(self) -> bool:
        """Whether there is any text, reasoning or call of a tool yet."""
        return self._first_ms is not None

    def take(self, piece: bytes) -> bool:
        """Read on; True with the metadata, which come last. Raises a `ModelError`."""
        for frame in self._frames.feed(piece):
            self._take_frame(frame)
            if self._done:
                break
        return self._done

    def _take_frame(self, frame: Frame) -> None:
        if frame.kind != EVENT:
            raise stream_error(frame.name, frame.payload, self._asked)
        # Other events say nothing that is not said elsewhere, or are of a later day than this.
        if frame.name in self._events:
            self._events[frame.name](frame.payload)

    def _take_start(self, payload: bytes) -> None:
        event = _read(BlockStart, payload)
        self._blocks.start(event)
        if event.start.toolUse is not None:
            self._begin()

    def _take_delta(self, payload: bytes) -> None:
        delta = _read(BlockDelta, payload)
        self._blocks.add(delta)
        if not self.begun and delta.says_something:
            self._begin()
        if delta.text:
            self._on_text(delta.text)

    def _take_stop(self, payload: bytes) -> None:
        self._stop_reason = _read(_MessageStop, payload).stopReason

    def _take_metadata(self, payload: bytes) -> None:
        told = _read(_Metadata, payload)
        self._usage, self._trace = told.usage, told.trace
        self._done = True

    def _begin(self) -> None:
        if self._first_ms is None:
            self._first_ms = (time.perf_counter() - self._started) * 1000

    def completion(self) -> Completion:
        """The whole, once the stream has ended. Raises `ModelUnavailable` where it ended early,
        `ModelRefused` where a guardrail or a filter stepped in.
        """
        if self._stop_reason is None:
            raise ModelUnavailable(
                reason="The model's server closed the connection before its answer was complete."
            )
        return completion_of(
            self._blocks.content(),
            self._stop_reason,
            usage=self._usage,
            trace=self._trace,
            asked=self._asked,
            prefix=self._prefix,
            first_ms=self._first_ms,
        )


def _read(kind: type[P], payload: bytes) -> P:
    try:
        return kind.model_validate_json(payload)
    except ValidationError as error:
        raise ModelUnavailable(
            reason="The model's server streamed something that is no answer of Converse."
        ) from error
