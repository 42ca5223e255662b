"""Which operation a method and a path mean."""

from collections.abc import Iterable

from functions.api.operation import Operation
from functions.api.refusals import MethodNotAllowed, PathUnknown

Shape = tuple[str | None, ...]
"""The segments of a path; None stands for any one segment."""


MAX_SEGMENT = 200


class Entry:
    """All operations of one path."""

    def __init__(self, template: str) -> None:
        parts = segments(template)
        self.shape: Shape = tuple(None if part.startswith("<") else part for part in parts)
        self._names = [(place, part[1:-1]) for place, part in enumerate(parts) if part[:1] == "<"]
        self.operations: dict[str, Operation] = {}

    def matches(self, parts: list[str]) -> bool:
        """Whether a path of as many segments is this one. No name of ours is empty or very long."""
        return all(
            want == part or (want is None and 0 < len(part) <= MAX_SEGMENT)
            for want, part in zip(self.shape, parts, strict=True)
        )

    def parameters(self, parts: list[str]) -> dict[str, str]:
        """The values of the path's parameters."""
        return {name: parts[place] for place, name in self._names}

    def operation(self, method: str) -> Operation:
        """The operation for a method. Raises `MethodNotAllowed`."""
        found = self.operations.get("GET" if method == "HEAD" else method)
        if found is None:
            raise MethodNotAllowed(allowed=self.allowed)
        return found

    @property
    def allowed(self) -> tuple[str, ...]:
        """The methods that the path takes."""
        reading = {"HEAD"} if "GET" in self.operations else set()
        return tuple(sorted({*self.operations, *reading, "OPTIONS"}))


def segments(path: str) -> list[str]:
    """The parts of a path: "/prompts/x" -> ["prompts", "x"]."""
    return path[1:].split("/")


class RouteTable:
    """Finds operations by the number of segments and the first of them; literal before any."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        entries: dict[str, Entry] = {}
        for operation in operations:
            route = operation.route
            entry = entries.setdefault(route.path, Entry(route.path))
            entry.operations[route.method] = operation
        self._entries: dict[tuple[int, str], list[Entry]] = {}
        for entry in sorted(entries.values(), key=lambda each: [s is None for s in each.shape]):
            first = entry.shape[0]
            assert first is not None
            self._entries.setdefault((len(entry.shape), first), []).append(entry)

    def find(self, path: str) -> tuple[Entry, dict[str, str]]:
        """The entry of a path and the values in it. Raises `PathUnknown`."""
        parts = segments(path)
        for entry in self._entries.get((len(parts), parts[0]), ()):
            if entry.matches(parts):
                return entry, entry.parameters(parts)
        raise PathUnknown
