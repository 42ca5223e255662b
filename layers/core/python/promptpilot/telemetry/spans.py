"""Spans: what is done, for how long, and as a part of what.

Without a tracer, which is the rule, a span costs next to nothing and nothing of OpenTelemetry is
imported.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Value = str | int | float | bool | Sequence[str]
Attributes = Mapping[str, Value]
Kind = Literal["server", "client", "consumer", "internal"]


class Span(Protocol):
    """One span, while it lasts. An exception that leaves it marks it as failed."""

    recording: bool
    """Whether anybody will see it: worth asking before attributes are put together."""

    def set(self, attributes: Attributes) -> None:
        """Add attributes."""
        ...

    def fail(self, error: str) -> None:
        """Mark it as failed with the error of that name."""
        ...


@dataclass(frozen=True, slots=True)
class Parent:
    """What spans of several processes are parts of: the trace (32 hexadecimal digits) and the span
    (16) above them; `sampled` is whether that one is recorded.
    """

    trace: str
    span: str
    sampled: bool = True


class Tracer(Protocol):
    """Makes spans."""

    captures_content: bool
    """Whether what is said to models, and what they say, is told too."""

    def span(
        self, name: str, kind: Kind, attributes: Attributes, parent: Parent | None
    ) -> AbstractContextManager[Span]:
        """A span around a block, within `parent` or else the span around it."""
        ...

    def past(
        self,
        name: str,
        attributes: Attributes,
        own: Parent,
        above: Parent | None,
        times: tuple[datetime, datetime],
        error: str | None,
    ) -> None:
        """A span that is over, with the ids `own`, between these times."""
        ...

    def current(self) -> Parent | None:
        """The span around what is done now."""
        ...

    def flush(self) -> None:
        """Send what has been recorded, within seconds."""
        ...


class _NoSpan:
    """A span that nobody will see."""

    recording = False

    def __enter__(self) -> Span:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def set(self, attributes: Attributes) -> None:
        """Nothing."""

    def fail(self, error: str) -> None:
        """Nothing."""


NO_SPAN = _NoSpan()
NONE: Attributes = {}

_tracer: Tracer | None = None


def install(tracer: Tracer | None) -> None:
    """Have spans recorded by `tracer`, or no more."""
    global _tracer  # noqa: PLW0603 - one for the process
    _tracer = tracer


def tracer() -> Tracer | None:
    """Who records spans; None for nobody."""
    return _tracer


def span(
    name: str, kind: Kind = "internal", attributes: Attributes = NONE, parent: Parent | None = None
) -> AbstractContextManager[Span]:
    """A span around a block. `name` is one of few: it holds no ids."""
    if _tracer is None:
        return NO_SPAN
    return _tracer.span(name, kind, attributes, parent)


def flush() -> None:
    """Send what has been recorded, where anything is."""
    if _tracer is not None:
        _tracer.flush()
