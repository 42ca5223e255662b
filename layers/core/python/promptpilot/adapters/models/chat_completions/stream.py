"""A chat completion that is streamed: its pieces of text as they come, and the whole in the end."""

import time

from pydantic import ValidationError

from promptpilot.adapters.models.chat_completions.errors import stream_error
from promptpilot.adapters.models.chat_completions.reply import Delta, usage_of
from promptpilot.adapters.models.http.event_stream import EventStream
from promptpilot.adapters.models.http.replies import served_model
from promptpilot.domain.model import Completion, Usage
from promptpilot.ports.models import OnText
from promptpilot.step_errors import ModelRefused, ModelUnavailable

DONE = "[DONE]"


class ChatStream:
    """Reads the stream of one call, which begins now."""

    def __init__(self, on_text: OnText, *, asked: str, prefix: str) -> None:
        self._on_text = on_text
        self._asked = asked
        self._prefix = prefix
        self._events = EventStream()
        self._started = time.perf_counter()
        self._first_ms: float | None = None
        self._texts: list[str] = []
        self._finish_reason: str | None = None
        self._model: str | None = None
        self._usage: Usage | None = None
        self._done = False

    @property
    def begun(self) -> bool:
        """Whether there is any text yet."""
        return self._first_ms is not None

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
        self._model = chunk.model or self._model
        self._usage = usage_of(chunk.usage) or self._usage
        for choice in chunk.choices[:1]:
            self._finish_reason = choice.finish_reason or self._finish_reason
            if choice.delta.refusal or choice.finish_reason == "content_filter":
                raise ModelRefused
            if choice.delta.content:
                self._take_text(choice.delta.content)

    def _take_text(self, text: str) -> None:
        if self._first_ms is None:
            self._first_ms = (time.perf_counter() - self._started) * 1000
        self._texts.append(text)
        self._on_text(text)

    def completion(self) -> Completion:
        """The whole, once the stream has ended. Raises `ModelUnavailable` where it ended early."""
        if not self._done and self._finish_reason is None:
            raise ModelUnavailable(
                reason="The model's server closed the connection before its answer was complete."
            )
        return Completion(
            text="".join(self._texts),
            model=served_model(self._model, asked=self._asked, prefix=self._prefix),
            finish_reason=self._finish_reason,
            usage=self._usage,
            time_to_first_token_ms=self._first_ms,
        )
