"""What one execution has to journal in one turn of the event loop."""

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from embedded.engine.journal import Change, Statement
from embedded.engine.notes import MAX_KEPT, Note, keep
from embedded.engine.task_tokens import Acknowledge

OnProgress = Callable[[str], object]
"""Takes the name of an execution whose history has more events than before."""

logger = logging.getLogger(__name__)


class Staged(Protocol):
    """A frame, as it is journaled."""

    def stage(self, turn: "Turn") -> None:
        """Add where it stands, and those around it."""
        ...


class Turn(Change):
    """Where frames stand, and the events that led there: as one row, whoever they are of. `late`
    are frames that are asked only when it is written.
    """

    __slots__ = ("_last", "_name", "_on_progress", "execution", "late", "notes")

    def __init__(self, execution: int, name: str, last: int, on_progress: OnProgress) -> None:
        """`last` is the number of the last event before these."""
        super().__init__()
        self.execution = execution
        self._name = name
        self._last = last
        self._on_progress = on_progress
        self.notes: list[Note] = []
        self.late: dict[Staged, None] = {}

    @property
    def last(self) -> int:
        """The number of the last event, these included."""
        return self._last + len(self._kept())

    def acknowledge(self, acknowledges: list[Acknowledge]) -> None:
        """These are told when it is written, which is then to be on the disk.

        Without them, a loss of power may set the execution back to an earlier snapshot; what it
        sends again then is answered from the logs.
        """
        if acknowledges:
            self.acknowledges += acknowledges
            self.durable = True

    def _kept(self) -> list[Note]:
        return self.notes[: max(0, MAX_KEPT - self._last)]

    def text(self) -> Iterable[Statement]:
        """The statements, at the moment they are written."""
        while self.late:
            self.late.popitem()[0].stage(self)
        kept = self._kept()
        if not kept:
            return self.statements
        return [*self.statements, keep(self.execution, self._last + len(kept), kept)]

    def settle(self) -> None:
        """It is written."""
        super().settle()
        self._last, notes, self.notes = self.last, self.notes, []
        self.statements = []
        if notes:
            try:
                self._on_progress(self._name)
            except Exception:
                logger.exception("news of an execution were not taken")
