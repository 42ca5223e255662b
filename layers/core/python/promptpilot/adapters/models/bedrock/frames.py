"""The frames of `application/vnd.amazon.eventstream`, which botocore takes apart."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from promptpilot.step_errors import ModelUnavailable

if TYPE_CHECKING:
    from botocore.eventstream import EventStreamBuffer

EVENT = "event"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message. `kind` is `event`, `exception` or `error`; `name` which one of those."""

    kind: str
    name: str
    payload: bytes


class Frames:
    """Takes bytes in pieces as they come. botocore is imported with the first of them."""

    @cached_property
    def _buffer(self) -> "EventStreamBuffer":
        from botocore.eventstream import (  # noqa: PLC0415 - takes a moment
            EventStreamBuffer,
        )

        return EventStreamBuffer()

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """Every frame that this piece completes. Raises `ModelUnavailable` for one that has been
        damaged on its way.
        """
        from botocore.eventstream import ParserError  # noqa: PLC0415

        self._buffer.add_data(piece)
        # What is whole and yet no frame fails in ways that botocore does not catch.
        broken = (ParserError, struct.error, KeyError, UnicodeDecodeError)
        while True:
            try:
                message = next(self._buffer)
            except StopIteration:
                return
            except broken as error:
                raise ModelUnavailable(
                    reason="The model's server streamed something that is no event stream."
                ) from error
            headers = cast("dict[str, Any]", message.headers)  # botocore-stubs calls it a number
            kind = str(headers.get(":message-type", ""))
            yield Frame(kind, str(headers.get(_NAMES.get(kind, ""), "")), message.payload)


_NAMES = {EVENT: ":event-type", "exception": ":exception-type", "error": ":error-code"}
"""The header that says which, by the type of the message ("Amazon Event Stream Specification" of
Smithy)."""
