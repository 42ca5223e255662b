"""Values as a template sees them: JSON to read and print, with no method of Python's to find."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = "str | int | float | bool | JsonArray | JsonObject | None"


class JsonObject:
    """An object: its keys can be read, gone through and counted; it prints as JSON."""

    __slots__ = ("_members",)

    items = None
    """The engine takes for an object what has a name `items`; this one is nothing."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    def __getitem__(self, name: str) -> Json:
        return seen(self._members[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __str__(self) -> str:
        return json.dumps(self._members, ensure_ascii=False)


class JsonArray:
    """An array: its items can be read, gone through and counted; it prints as JSON."""

    __slots__ = ("_items",)

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def __getitem__(self, place: int) -> Json:
        return seen(self._items[place])

    def __iter__(self) -> Iterator[Json]:
        return map(seen, self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __str__(self) -> str:
        return json.dumps(self._items, ensure_ascii=False)


Sequence.register(JsonArray)


def seen(value: Any) -> Json:
    """A JSON value as a template sees it."""
    if isinstance(value, str):  # first, since most are
        return value
    if isinstance(value, list | tuple):
        return JsonArray(value)
    if isinstance(value, Mapping):
        return JsonObject(value)
    return value  # type: ignore[no-any-return]
