"""Values that are worth having for a while, and may be gone at any time."""

from typing import Protocol

MAX_KEY_BYTES = 1_000
MAX_VALUE_BYTES = 1_000_000
"""No store keeps more. Every one keeps 250,000; between the two a table keeps what is small enough
once it is compressed, as texts are.
"""


class Cache(Protocol):
    """Values by key, each with a lifetime. What is out of reach is not there: no method raises for
    that, and a loss costs time or money but never a result. Keys are of one deployment, of 1 to
    `MAX_KEY_BYTES` in UTF-8; whoever keeps something for a workspace puts that into the key.

    A value may outlive its lifetime by a second. One that was written over or deleted while the
    store was out of reach, or by somebody for whom it was, may come back until its lifetime ends:
    let a key stand for one value, or the value tell whether it is still good.

    Every method raises `ValueError` for a key or a lifetime that cannot be.
    """

    @property
    def degraded(self) -> bool:
        """Whether what keeps the values was out of reach when it was last asked, so that this
        process has none, or its own alone.
        """
        ...

    async def get(self, key: str) -> bytes | None:
        """The value, or None where there is none, it is over its time, or it cannot be read."""
        ...

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        """Keep `value` for that long, over any other. One that is too large is not kept, nor is
        then what was there before.
        """
        ...

    async def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Keep `value` unless there is one: whether there was none. Of many at once one is told
        True. Where that cannot be known, True: two may then do what one could have done.
        """
        ...

    async def delete(self, key: str) -> None:
        """Forget the value; nothing there is fine."""
        ...
