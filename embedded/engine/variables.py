"""The variables of one scope, above those of the scopes around it."""

from collections.abc import Mapping
from typing import Any

from embedded.engine.payload import decode
from embedded.engine.snapshot import Variable

ABSENT: Any = object()


class Variables:
    """Values with their sizes. What was set since the last `take_unsaved` is to be journaled."""

    __slots__ = ("_outer", "_sizes", "_unsaved", "_values")

    def __init__(self, outer: "Variables | None" = None) -> None:
        self._outer = outer
        self._values: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._unsaved: dict[str, str] = {}

    def lookup(self, name: str) -> Any:
        """The variable as this scope sees it, `ABSENT` where there is none."""
        value = self._values.get(name, ABSENT)
        if value is ABSENT and self._outer is not None:
            return self._outer.lookup(name)
        return value

    def growth(self, texts: Mapping[str, str]) -> int:
        """How many bytes more there are once these are set; the values are JSON texts."""
        return sum(len(text) - self._sizes.get(name, 0) for name, text in texts.items())

    def assign(self, values: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        """Set variables, given as values and as JSON texts."""
        self._values.update(values)
        self._sizes.update((name, len(text)) for name, text in texts.items())
        self._unsaved.update(texts)

    def restore(self, variable: Variable) -> None:
        """Set a variable as it is journaled."""
        self._values[variable.name] = decode(variable.text)
        self._sizes[variable.name] = len(variable.text)

    def size(self) -> int:
        """The bytes of this scope's own variables."""
        return sum(self._sizes.values())

    def take_unsaved(self) -> dict[str, str]:
        """The variables set since the last time, as JSON texts."""
        unsaved, self._unsaved = self._unsaved, {}
        return unsaved
