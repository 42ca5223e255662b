"""Waiting for something, but not for ever."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds after which a test gives up; nothing takes that long."""
_GLANCE = 0.005


def until(condition: Callable[[], T]) -> T:
    """What the condition gives, as soon as it is true."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / _GLANCE)):
        if value := condition():
            return value
        pause.wait(_GLANCE)
    raise AssertionError("it never came to be")
