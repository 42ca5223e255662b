"""Leaving a state: the variables it assigns, the output it gives, the state that follows."""

import re
from dataclasses import dataclass
from typing import Any

from embedded.engine.evaluation import Field
from embedded.engine.fields import Fields
from embedded.engine.frame import Frame, Scope
from embedded.engine.transition import Transition

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of a state. Both expressions see the variables as they were in the state."""

    next: str | None
    assign: Field | None
    output: Field | None

    @classmethod
    def read(cls, fields: Fields) -> "Exit":
        """The exit of a state with `Next` or `End`."""
        if ("Next" in fields) == ("End" in fields):
            fields.problem("", "wrong_value", "A state has either Next or End.")
        elif "End" in fields and fields.value("End") is not True:
            fields.problem("End", "wrong_value", "End must be true.")
        following = fields.next_state("Next") if "Next" in fields else None
        return cls(following, _assign(fields), fields.field("Output"))

    @classmethod
    def read_to(cls, fields: Fields, name: str = "Next") -> "Exit":
        """The exit of a choice or a catcher, which names the next state in the field `name`."""
        return cls(fields.next_state(name), _assign(fields), fields.field("Output"))

    async def leave(self, frame: Frame, scope: Scope, output: Any) -> Transition:
        """Assign, and give the output; `output` is the one where the state has no `Output`.

        Raises `StateFailed`, with nothing assigned.
        """
        assigned = await frame.evaluate(self.assign, scope) if self.assign else {}
        if self.output is not None:
            output = await frame.evaluate(self.output, scope)
        text = frame.encode(output, "output")
        frame.assign(assigned)
        return Transition(self.next, output, text)


def _assign(fields: Fields) -> Field | None:
    if "Assign" not in fields:
        return None
    variables = fields.inner("Assign")
    for name in variables.names():
        if not _VARIABLE.fullmatch(name) or name == "states":
            variables.problem(name, "wrong_value", f"{name} cannot be the name of a variable.")
        fields.scope.assigned.append((variables.pointer(name), name))
    return fields.field("Assign")
