"""Pass: assign and reshape."""

from dataclasses import dataclass

from embedded.engine.exits import Exit
from embedded.engine.fields import Fields
from embedded.engine.frame import Frame
from embedded.engine.transition import Transition


@dataclass(frozen=True, slots=True)
class Pass:
    """Leaves at once; without an `Output`, its input is its output."""

    exit: Exit

    @classmethod
    def read(cls, fields: Fields) -> "Pass":
        """The state of that definition."""
        fields.allow("Type", "Comment", "QueryLanguage", "Assign", "Output", "Next", "End")
        return cls(Exit.read(fields))

    async def run(self, frame: Frame) -> Transition:
        """Leave."""
        return await self.exit.leave(frame, frame.scope(), frame.input)
