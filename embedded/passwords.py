"""Password hashes: argon2id, a few at a time."""

import os
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from promptpilot.errors import Unavailable

T = TypeVar("T")

MEMORY_KIB = 19 * 1024
"""With two passes and one lane this is OWASP's first choice for argon2id."""

AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
"""How many are hashed at once: the other cores go on serving."""

WAITING = 16
"""How many may wait for that; whoever comes on top is told to come back."""

WAIT_SECONDS = 5.0
BUSY = "Too many people are logging in at this moment."


class Passwords:
    """Hashes and checks passwords within bounds of memory, cores and time: a flood of log-ins is
    refused, and slows down nobody else.
    """

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._hasher = PasswordHasher(
            time_cost=2, memory_cost=MEMORY_KIB, parallelism=1, type=Type.ID
        )
        self._entrance = threading.BoundedSemaphore(at_once + waiting)
        # Threads of its own: the allocator keeps a hash's memory for the thread that made it, and
        # every thread that serves requests would come to hold 19 MiB.
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="password")

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash(os.urandom(16))

    def hash(self, password: str) -> str:
        """The hash of a new password. Raises `Unavailable`."""
        return self._in_turn(lambda: self._hasher.hash(_bytes(password)))

    def verify(self, hashed: str | None, password: str) -> bool:
        """Whether the password is that of the hash. Without a hash it takes as long and is not.
        Raises `Unavailable`.
        """
        return self._in_turn(lambda: self._verify(hashed, password))

    def _verify(self, hashed: str | None, password: str) -> bool:
        decoy = self._decoy  # made by the first log-in, whether its email is known or not
        try:
            return self._hasher.verify(hashed or decoy, _bytes(password)) and bool(hashed)
        except (VerificationError, InvalidHashError):
            return False

    def _in_turn(self, call: Callable[[], T]) -> T:
        if not self._entrance.acquire(blocking=False):
            raise Unavailable(reason=BUSY)
        try:
            future = self._threads.submit(call)
            try:
                return future.result(WAIT_SECONDS)
            except TimeoutError as error:
                future.cancel()
                raise Unavailable(reason=BUSY) from error
        finally:
            self._entrance.release()


def _bytes(password: str) -> bytes:
    # The same letters give the same bytes, whichever keyboard they come from.
    return unicodedata.normalize("NFC", password).encode()
