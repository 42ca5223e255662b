"""The kinds of step that the compiler knows.

A new kind is a model in `domain/workflow_steps.py`, a module like `transform_steps.py`, and one
line here. A kind that holds steps checks and compiles them by `Checks.block` and `block_states`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from promptpilot.compiler import fail_steps, prompt_steps, transform_steps
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.load import Load
from promptpilot.compiler.node import Block, Node, well_formed
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import After, OutputTooLarge, States
from promptpilot.domain.workflow_steps import Step
from promptpilot.errors import Problem

S = TypeVar("S", bound=Step)


@dataclass(frozen=True, slots=True)
class StepKind(Generic[S]):
    """What the compiler does with steps of a kind.

    `check` notes what is wrong with the step and gives the scope after it, `states` is what it
    becomes, `load` what it can make an execution do.
    """

    check: Callable[[Node[S], Scope, Checks], Scope]
    states: Callable[[Node[S], After], States]
    load: Callable[[Node[S]], Load]


KINDS: Mapping[str, StepKind[Any]] = {
    "prompt": StepKind(prompt_steps.check, prompt_steps.states, prompt_steps.load),
    "transform": StepKind(transform_steps.check, transform_steps.states, transform_steps.load),
    "fail": StepKind(fail_steps.check, fail_steps.states, fail_steps.load),
}


def check_step(node: Node[Any], scope: Scope, checks: Checks) -> Scope:
    """Check one step; the scope after it."""
    return KINDS[node.step.kind].check(node, scope, checks)


def step_load(node: Node[Any]) -> Load:
    """What one step can make an execution do."""
    return KINDS[node.step.kind].load(node)


def block_states(block: Block, after: After, problems: list[Problem]) -> dict[str, States]:
    """What each step of a checked block becomes, by the step's id; adds to `problems`."""
    nodes = well_formed(block)
    following = [*(After(next=node.step.id) for node in nodes[1:]), after]
    states: dict[str, States] = {}
    for node, each in zip(nodes, following, strict=True):
        try:
            states[node.step.id] = KINDS[node.step.kind].states(node, each)
        except OutputTooLarge:
            message = "The output uses this step's long result too often; use an earlier step's."
            problems.append(Problem(node.at, "definition_too_large", message))
    return states
