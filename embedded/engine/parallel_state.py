"""Parallel: several branches at once, and the array of what they give."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from embedded.engine.attempts import Attempts
from embedded.engine.branches import Branches, Start
from embedded.engine.evaluation import Field
from embedded.engine.fields import Fields
from embedded.engine.frame import Frame, State
from embedded.engine.states import States
from embedded.engine.transition import Transition


@dataclass(frozen=True, slots=True)
class Parallel:
    """Fails as soon as one branch does. Without `Arguments`, each branch gets the state's input."""

    branches: tuple[States[State], ...]
    arguments: Field | None
    attempts: Attempts

    @classmethod
    def read(cls, fields: Fields, read_states: Callable[[Fields], States[State]]) -> "Parallel":
        """The state of that definition; `read_states` reads `StartAt` and `States` of a branch."""
        fields.allow(
            *("Type", "Comment", "QueryLanguage", "Branches", "Arguments", "Assign", "Output"),
            *("Retry", "Catch", "Next", "End"),
        )
        branches = [each.inner_scope() for each in fields.each("Branches")]
        if not branches and not fields.value("Branches"):
            fields.problem("Branches", "missing", "A Parallel needs at least one branch.")
        for branch in branches:
            branch.allow("StartAt", "States", "Comment")
        return cls(
            tuple(read_states(branch) for branch in branches),
            fields.field("Arguments"),
            Attempts.read(fields),
        )

    async def run(self, frame: Frame) -> Transition:
        """Run the branches, again where they fail and a retrier says so."""
        return await self.attempts.run(frame, lambda: self._attempt(frame))

    async def _attempt(self, frame: Frame) -> list[Any]:
        given = frame.input
        if self.arguments is not None:
            given = await frame.evaluate(self.arguments, frame.scope())

        async def give(path: str, at_ms: int) -> Any:
            return given

        starts = [Start(states, give) for states in self.branches]
        return await Branches(frame, starts, limit=0).run()
