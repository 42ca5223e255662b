"""The `PartialTexts` of one process: in its memory, and gone with it."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock

from promptpilot.domain.progress import progress_subject

MAX_CHARACTERS = 16 * 1024 * 1024
PAUSE_SECONDS = 0.1

_Name = tuple[str, str]
"""Workspace and execution."""


class LocalPartialTexts:
    """Keeps as many texts as there is room for; the ones that have not grown for longest go."""

    def __init__(
        self,
        *,
        announce: Callable[[str], None],
        wanted: Callable[[str], bool],
        max_characters: int = MAX_CHARACTERS,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        """`announce` is a `Waiter`'s; `wanted` knows who watches."""
        self._announce = announce
        self._wanted = wanted
        self._max_characters = max_characters
        self._pause_seconds = pause_seconds
        self._lock = Lock()
        self._texts: OrderedDict[str, tuple[_Name, str]] = OrderedDict()
        self._logs: dict[_Name, set[str]] = {}
        self._characters = 0

    @property
    def pause_seconds(self) -> float:
        """See `PartialTexts.pause_seconds`."""
        return self._pause_seconds

    def wanted(self, execution: str) -> bool:
        """See `PartialTexts.wanted`."""
        return self._wanted(execution)

    def put(self, workspace: str, execution: str, log: str, text: str) -> None:
        """See `PartialTexts.put`."""
        name = (workspace, execution)
        with self._lock:
            self._drop(log)
            self._texts[log] = (name, text)
            self._logs.setdefault(name, set()).add(log)
            self._characters += len(text)
            while self._characters > self._max_characters:
                self._drop(next(iter(self._texts)))
        self._announce(progress_subject(execution))

    def forget(self, workspace: str, execution: str, log: str) -> None:
        """See `PartialTexts.forget`."""
        with self._lock:
            self._drop(log)

    def of(self, workspace: str, execution: str) -> Mapping[str, str]:
        """See `PartialTexts.of`."""
        with self._lock:
            logs = self._logs.get((workspace, execution), ())
            return {log: self._texts[log][1] for log in sorted(logs)}

    def _drop(self, log: str) -> None:
        name, text = self._texts.pop(log, (None, ""))
        if name is None:
            return
        self._characters -= len(text)
        self._logs[name].discard(log)
        if not self._logs[name]:
            del self._logs[name]
