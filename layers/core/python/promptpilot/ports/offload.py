"""Synchronous calls of ports from asynchronous code."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")


T = TypeVar("T")


class Offload(Protocol):
    """How asynchronous code makes a synchronous port call: in a thread where the call waits for a
    network, in place
    where it takes microseconds.
    """

    def __call__(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Run the call and await its result."""
        ...
