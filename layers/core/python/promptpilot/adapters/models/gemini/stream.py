"""An answer of Gemini's that is streamed: its text as it comes, and the whole in the end."""

import time

from pydantic import ValidationError

from promptpilot.adapters.models.gemini.errors import error_in, told_error
from promptpilot.adapters.models.gemini.pieces import Piece
from promptpilot.adapters.models.gemini.reply import Answer
from promptpilot.adapters.models.http.event_stream import EventStream
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import OnText
from promptpilot.step_errors import ModelUnavailable

_TAIL = 16_384


class GeminiStream:
    """Reads the stream of one call, which begins now."""

    def __init__(self, on_text: OnText, request: ModelRequest, prefix: str) -> None:
        self._on_text = on_text
        self._model = request.model
        self._answer = Answer(request, prefix)
        self._events = EventStream()
        self._started = time.perf_counter()
        self._first_ms: float | None = None
        self._tail = b""

    @property
    def begun(self) -> bool:
        """Whether there is any text, thought or call yet."""
        return self._answer.begun

    def take(self, piece: bytes) -> bool:
        """Read on, to the end of the connection: nothing marks the last piece, and older models say
        in every one that they have finished. Raises a `ModelError`.
        """
        self._tail = (self._tail + piece)[-_TAIL:]
        for data in self._events.feed(piece):
            self._take_piece(data)
        return False

    def _take_piece(self, data: str) -> None:
        try:
            piece = Piece.model_validate_json(data)
        except ValidationError as error:
            raise ModelUnavailable(
                reason="The model's server streamed something that is no answer of Gemini's."
            ) from error
        text = self._answer.take(piece)
        if self._first_ms is None and self._answer.begun:
            self._first_ms = (time.perf_counter() - self._started) * 1000
        if text:
            self._on_text(text)

    def completion(self) -> Completion:
        """The whole, once the stream has ended. Raises `ModelUnavailable` where it ended early, or
        what the server says instead of going on.
        """
        if self._answer.finish_reason is None:
            error = error_in(_beside_events(self._tail))
            if error:
                raise told_error(error, self._model)
            raise ModelUnavailable(
                reason="The model's server closed the connection before its answer was complete."
            )
        return self._answer.completion(self._first_ms)


def _beside_events(stream: bytes) -> str:
    """What comes after the last event of a stream: Google's servers may break off with an error
    that is plain JSON, over several lines.
    """
    lines = stream.decode(errors="replace").splitlines()
    last = max((n for n, line in enumerate(lines) if line.startswith("data:")), default=-1)
    return "\n".join(lines[last + 1 :])
