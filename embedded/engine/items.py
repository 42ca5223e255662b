"""What an iteration of a Map is about, and how it is seen from within."""

from typing import Any, NamedTuple

Context = dict[str, Any]
"""What `$states.context` is, but for the state."""


class Item(NamedTuple):
    """One item of the array, and its position from 0."""

    position: int
    value: Any


def with_item(context: Context, item: Item) -> Context:
    """The context of the iteration of that item, within another context."""
    return {**context, "Map": {"Item": {"Index": item.position, "Value": item.value}}}
