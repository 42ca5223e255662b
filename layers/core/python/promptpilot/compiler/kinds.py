"""The kinds of step that the compiler knows.

A new kind is a model in `domain/workflow_steps.py`, a module like `transform_steps.py`, and one
line here. A kind that holds steps checks them by `Checks.block`, compiles them by `Assembly.block`
and counts them by `Estimate.block`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, TypeVar

from promptpilot.compiler import (
    action_steps,
    approval_steps,
    branch_steps,
    child_steps,
    fail_steps,
    loop_steps,
    map_steps,
    parallel_steps,
    prompt_steps,
    transform_steps,
    wait_steps,
)
from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.load import Estimate, Load
from promptpilot.compiler.node import Node
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import After, Around, States
from promptpilot.domain.workflow_steps import Step

S = TypeVar("S", bound=Step)


@dataclass(frozen=True, slots=True)
class StepKind(Generic[S]):
    """What the compiler does with steps of a kind.

    `check` notes what is wrong with the step and gives the scope after it, `states` is what it
    becomes, `load` what it can make an execution do.
    """

    check: Callable[[Node[S], Scope, Checks], Scope]
    states: Callable[[Node[S], After, Around, Assembly], States]
    load: Callable[[Node[S], Estimate], Load]

    @classmethod
    def of(cls, module: ModuleType) -> "StepKind[S]":
        """The kind that a module is about."""
        return cls(module.check, module.states, module.load)


KINDS: Mapping[str, StepKind[Any]] = {
    "prompt": StepKind.of(prompt_steps),
    "transform": StepKind.of(transform_steps),
    "branch": StepKind.of(branch_steps),
    "parallel": StepKind.of(parallel_steps),
    "map": StepKind.of(map_steps),
    "loop": StepKind.of(loop_steps),
    "wait": StepKind.of(wait_steps),
    "approval": StepKind.of(approval_steps),
    "workflow": StepKind.of(child_steps),
    "action": StepKind.of(action_steps),
    "fail": StepKind.of(fail_steps),
}


def check_step(node: Node[Any], scope: Scope, checks: Checks) -> Scope:
    """Check one step; the scope after it."""
    return KINDS[node.step.kind].check(node, scope, checks)


def step_states(node: Node[Any], after: After, around: Around, assembly: Assembly) -> States:
    """What one step becomes."""
    return KINDS[node.step.kind].states(node, after, around, assembly)


def step_load(node: Node[Any], estimate: Estimate) -> Load:
    """What one step can make an execution do."""
    return KINDS[node.step.kind].load(node, estimate)
