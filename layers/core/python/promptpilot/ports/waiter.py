"""Waiting for what another part finishes."""

from collections.abc import Callable
from typing import Protocol


class Waiter(Protocol):
    """Lets a request wait for work that another part finishes. A hint: the caller reads the record
    again.
    """

    def announce(self, subject: str) -> None:
        """Something about `subject` (an execution's or a log's id) has ended."""
        ...

    def wait(self, subject: str, ended: Callable[[], bool], seconds: float) -> bool:
        """Return `ended()` as soon as it is true, or when `seconds` have passed. Never misses an
        announcement.
        """
        ...
