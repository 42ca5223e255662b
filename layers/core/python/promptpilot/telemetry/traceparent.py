"""Trace context as W3C's Trace Context has it in the header `traceparent`."""

import re

from promptpilot.telemetry.spans import Parent, tracer

_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1


def read(header: str | None) -> Parent | None:
    """What a caller says that its request is a part of; None for anything else."""
    found = _FORM.fullmatch(header.strip().lower()) if header else None
    if found is None or set(found[1]) == {"0"} or set(found[2]) == {"0"}:
        return None
    return Parent(found[1], found[2], sampled=bool(int(found[3], 16) & _SAMPLED))


def write(parent: Parent) -> str:
    """The header for that parent."""
    return f"00-{parent.trace}-{parent.span}-{int(parent.sampled):02x}"


def here() -> str | None:
    """The header for what is done now; None where nothing is recorded."""
    recorder = tracer()
    around = recorder.current() if recorder is not None else None
    return None if around is None else write(around)
