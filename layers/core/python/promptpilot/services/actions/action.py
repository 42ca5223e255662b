"""What an action is: a plugin that workflows have something done by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from promptpilot.domain.egress import EgressRules
from promptpilot.ports.egress import Egress


@dataclass(frozen=True, slots=True)
class ActionContext:
    """What an action works with. `seconds` is how long it may take; `rules` are those of the
    workspace, for whatever goes out by `egress`.
    """

    workspace: str
    log: str
    seconds: float
    egress: Egress
    rules: EgressRules


class Action(Protocol):
    """One action. A worker may die while it runs, and then it is run again."""

    @property
    def name(self) -> str:
        """What a step calls it by."""
        ...

    @property
    def arguments(self) -> Mapping[str, Any]:
        """JSON Schema of an object: its arguments. They are checked before `run`."""
        ...

    def shown(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments as the step's log may show them: without credentials."""
        ...

    async def run(self, arguments: Mapping[str, Any], context: ActionContext) -> Any:
        """Do it; the result is any JSON. Raises a `StepError`, an `ActionError` where it is the
        other side's doing.
        """
        ...
