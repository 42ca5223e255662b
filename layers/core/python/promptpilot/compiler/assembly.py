"""Putting together what the steps of a document become."""

from collections.abc import Callable
from typing import Any

from promptpilot.compiler.node import Block, Node, well_formed
from promptpilot.compiler.states import After, Around, OutputTooLarge, States
from promptpilot.errors import Problem

StepStates = Callable[[Node[Any], After, Around, "Assembly"], States]


class Assembly:
    """Compiles blocks of checked steps. `by_step` has what each step became, by its id: with the
    states of the steps that it holds.
    """

    def __init__(self, step_states: StepStates) -> None:
        self.problems: list[Problem] = []
        self.by_step: dict[str, States] = {}
        self._step_states = step_states

    def block(self, block: Block, after: After, around: Around) -> States:
        """The states of steps that run one after another."""
        nodes = well_formed(block)
        following = [*(After(next=node.id) for node in nodes[1:]), after][: len(nodes)]
        states: States = {}
        for node, each in zip(nodes, following, strict=True):
            try:
                self.by_step[node.id] = self._step_states(node, each, around, self)
            except OutputTooLarge:
                message = (
                    "The output uses this step's long result too often; use an earlier step's."
                )
                self.problems.append(Problem(node.at, "definition_too_large", message))
            else:
                states |= self.by_step[node.id]
        return states

    def machine(self, block: Block, after: After, around: Around) -> dict[str, Any]:
        """The steps of a block as a state machine within another."""
        start = well_formed(block)[0].id
        return {"StartAt": start, "States": self.block(block, after, around)}
