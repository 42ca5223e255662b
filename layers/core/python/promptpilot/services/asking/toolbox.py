"""Tools that are used for a model while it works on its answer."""

from collections.abc import Collection, Sequence
from typing import Protocol

from promptpilot.domain.message import ResultTurn, ToolCall
from promptpilot.domain.tool_use import ToolUse


class Toolbox(Protocol):
    """The tools of one question."""

    @property
    def names(self) -> Collection[str]:
        """Of the tools that it has; a model may ask for others, which are its caller's to use."""
        ...

    @property
    def max_rounds(self) -> int:
        """How often a model may ask for tools before it has to answer."""
        ...

    @property
    def uses(self) -> Sequence[ToolUse]:
        """All uses so far, in order."""
        ...

    async def use(
        self, calls: Sequence[ToolCall], round_number: int, seconds: float
    ) -> tuple[ResultTurn, ...]:
        """The results of all calls, within that time, in their order. What fails is a result that
        says so: a model may make something of it.
        """
        ...
