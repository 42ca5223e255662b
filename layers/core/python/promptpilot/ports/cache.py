"""Values that are worth having for a while, and may be gone at any time."""

from typing import Protocol


class Cache(Protocol):
    """Values by key, each with a lifetime. What is out of reach is not there: no method raises for
    that, and a loss costs time or money but never a result. Keys are of one deployment; whoever
    keeps something for a workspace puts that into the key.
    """

    async def get(self, key: str) -> bytes | None:
        """The value, or None where there is none, it is over its time, or it cannot be read."""
        ...

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        """Keep `value` for that long, over any other."""
        ...

    async def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Keep `value` unless there is one: whether it was kept. Where that cannot be known, True:
        two may then do what one could have done.
        """
        ...

    async def delete(self, key: str) -> None:
        """Forget the value; nothing there is fine."""
        ...
