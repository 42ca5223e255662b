"""What a frame has to tell once it is journaled."""

from embedded.engine.notes import Note
from embedded.engine.task_tokens import Acknowledge, Outcome, nobody
from embedded.engine.turn import Turn


class News:
    """Events of the history, and who is to be told that what they settled is durable. `settling`
    says that there is an outcome among it.
    """

    __slots__ = ("acknowledges", "notes", "settling")

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.acknowledges: list[Acknowledge] = []
        self.settling = False

    def settle(self, outcome: Outcome) -> None:
        """A task of the frame has ended so."""
        self.settling = True
        if outcome.acknowledge is not nobody:
            self.acknowledges.append(outcome.acknowledge)

    def take_over(self, other: "News") -> None:
        """Tell what another has to tell, in its place."""
        self.notes += other.notes
        self.acknowledges += other.acknowledges
        self.settling |= other.settling
        other.clear()

    def stage(self, turn: Turn) -> None:
        """It is told when the turn is written."""
        turn.notes += self.notes
        turn.acknowledge(self.acknowledges)
        self.clear()

    def clear(self) -> None:
        """It is told, or never will be."""
        self.notes, self.acknowledges, self.settling = [], [], False
