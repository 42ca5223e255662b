"""An answer of the Responses API that is streamed: its text as it comes, and the whole in the
end.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from promptpilot.adapters.models.chat_completions.errors import stream_error
from promptpilot.adapters.models.http.event_stream import EventStream
from promptpilot.adapters.models.http.replies import Part
from promptpilot.adapters.models.responses.items import Item, Response
from promptpilot.adapters.models.responses.reply import check, completed
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import OnText
from promptpilot.step_errors import ModelRefused, ModelUnavailable

_BEGINS = frozenset(
    {
        "response.function_call_arguments.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
    }
)
_BEGINNINGS = frozenset({"function_call", "reasoning"})
"""Items that are a part of the answer as soon as they are there; a message is once it has text."""


class _Event(Part):
    type: str = ""
    delta: Any = None
    item: Item | None = None
    output_index: int = 0
    response: Response | None = None
    error: Any = None
    code: str | None = None
    param: str | None = None


class ResponseStream:
    """Reads the stream of one call, which begins now."""

    def __init__(self, on_text: OnText, request: ModelRequest, prefix: str) -> None:
        self._on_text = on_text
        self._request = request
        self._prefix = prefix
        self._events = EventStream()
        self._started = time.perf_counter()
        self._first_ms: float | None = None
        self._texts: list[str] = []
        self._items: dict[int, Item] = {}
        self._end: Response | None = None
        # What matters; of the events of a stream there are several times as many.
        self._takes: Mapping[str, Callable[[_Event], None]] = {
            "response.output_text.delta": self._take_text,
            "response.refusal.delta": self._take_refusal,
            "response.refusal.done": self._take_refusal,
            "response.output_item.added": self._take_beginning,
            "response.output_item.done": self._take_item,
            "response.completed": self._take_end,
            "response.incomplete": self._take_end,
            "response.failed": self._take_end,
        }

    @property
    def begun(self) -> bool:
        """Whether there is any text, reasoning or call yet."""
        return self._first_ms is not None

    def take(self, piece: bytes) -> bool:
        """Read on; True once the server has said that it is done. Raises a `ModelError`."""
        for data in self._events.feed(piece):
            if self._end is not None or data == "[DONE]":
                break
            self._take_event(_read(data))
        return self._end is not None

    def completion(self) -> Completion:
        """The whole, once the stream has ended. Raises `ModelUnavailable` where it ended early."""
        if self._end is None:
            raise ModelUnavailable(
                reason="The model's server closed the connection before its answer was complete."
            )
        text = "".join(self._texts)
        whole = completed(self._end, self._put_out(self._end), text, self._request, self._prefix)
        return whole.model_copy(update={"time_to_first_token_ms": self._first_ms})

    def _take_event(self, event: _Event) -> None:
        if event.type == "error" or (event.error is not None and not event.type):
            raise stream_error(event.error or {"code": event.code, "param": event.param})
        if event.type in _BEGINS:
            self._begin()
        take = self._takes.get(event.type)
        if take is not None:
            take(event)

    def _take_text(self, event: _Event) -> None:
        if not isinstance(event.delta, str):
            raise _no_response()
        self._tell(event.delta)

    def _take_refusal(self, event: _Event) -> None:
        raise ModelRefused

    def _take_beginning(self, event: _Event) -> None:
        if event.item is not None and event.item.type in _BEGINNINGS:
            self._begin()

    def _take_item(self, event: _Event) -> None:
        if event.item is not None:
            self._items[event.output_index] = event.item

    def _take_end(self, event: _Event) -> None:
        if event.response is None:
            raise _no_response()
        check(event.response)
        items = self._put_out(event.response)
        if any(each.refuses for each in items):
            raise ModelRefused
        if not self._texts:  # a server that tells the text at the end alone
            self._tell("".join(each.text for each in items))
        self._end = event.response

    def _put_out(self, end: Response) -> tuple[Item, ...]:
        """All items: some servers have none in what ends a stream."""
        return end.output or tuple(self._items[index] for index in sorted(self._items))

    def _tell(self, text: str) -> None:
        if text:
            self._begin()
            self._texts.append(text)
            self._on_text(text)

    def _begin(self) -> None:
        if self._first_ms is None:
            self._first_ms = (time.perf_counter() - self._started) * 1000


def _read(data: str) -> _Event:
    try:
        return _Event.model_validate_json(data)
    except ValidationError as error:
        raise _no_response() from error


def _no_response() -> ModelUnavailable:
    return ModelUnavailable(
        reason="The model's server streamed something that is no part of a response."
    )
