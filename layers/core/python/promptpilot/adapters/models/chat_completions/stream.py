"""A chat completion that is streamed: its pieces of text as they come, and the whole in the end."""

import time

from pydantic import ValidationError

from promptpilot.adapters.models.chat_completions.errors import stream_error
from promptpilot.adapters.models.chat_completions.pieces import Delta, usage_of
from promptpilot.adapters.models.chat_completions.reply import Answer
from promptpilot.adapters.models.http.event_stream import EventStream
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import OnText
from promptpilot.step_errors import ModelUnavailable

DONE = "[DONE]"


class ChatStream:
    """Reads the stream of one call, which begins now."""

    def __init__(self, on_text: OnText, request: ModelRequest, prefix: str) -> None:
        self._on_text = on_text
        self._answer = Answer(request, prefix)
        self._events = EventStream()
        self._started = time.perf_counter()
        self._first_ms: float | None = None
        self._done = False

    @property
    def begun(self) -> bool:
        """Whether there is any text, reasoning or call yet."""
        return self._answer.begun

    def take(self, piece: bytes) -> bool:
        """Read on; True once the server has said that it is done. Raises a `ModelError`."""
        for data in self._events.feed(piece):
            if data == DONE:
                self._done = True
                break
            self._take_chunk(data)
        return self._done

    def _take_chunk(self, data: str) -> None:
        try:
            chunk = Delta.model_validate_json(data)
        except ValidationError as error:
            raise ModelUnavailable(
                reason="The model's server streamed something that is no chat completion."
            ) from error
        if chunk.error is not None:
            raise stream_error(chunk.error)
        answer = self._answer
        answer.model = chunk.model or answer.model
        answer.usage = usage_of(chunk.usage) or answer.usage
        for choice in chunk.choices[:1]:
            text = answer.take(choice.delta, choice.finish_reason)
            if self._first_ms is None and answer.begun:
                self._first_ms = (time.perf_counter() - self._started) * 1000
            if text:
                self._on_text(text)

    def completion(self) -> Completion:
        """The whole, once the stream has ended. Raises `ModelUnavailable` where it ended early."""
        if not self._done and self._answer.finish_reason is None:
            raise ModelUnavailable(
                reason="The model's server closed the connection before its answer was complete."
            )
        return self._answer.completion(self._first_ms)
