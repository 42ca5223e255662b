"""From one state to the next."""

from typing import Any, NamedTuple


class Transition(NamedTuple):
    """The next state, None at the end, and what it gets as input."""

    next: str | None
    output: Any
    text: str
    """The output as JSON text."""
