"""Steps that take one of several paths: a Choice state."""

from typing import Any

from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.conditions import condition
from promptpilot.compiler.load import PASS, Estimate, Load, largest
from promptpilot.compiler.node import Block, Node, well_formed
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope, joined
from promptpilot.compiler.states import After, Around, States, end, leave_by_rule
from promptpilot.domain.workflow_steps import BranchStep


def check(node: Node[BranchStep], scope: Scope, checks: Checks) -> Scope:
    """Conditions and paths see what ran before the branch; what comes after it, what ran on every
    path that gets there.
    """
    ends = []
    for at, case in enumerate(node.step.cases):
        checks.expression(case.when, pointer(node.at, "cases", at, "when"), scope)
        ends.append(checks.block(node.inner("cases", at, "steps"), scope))
    ends.append(checks.block(node.inner("otherwise"), scope))
    return joined(ends).with_names(node.id)


def _paths(node: Node[BranchStep]) -> list[Block]:
    cases = (node.inner("cases", at, "steps") for at in range(len(node.step.cases)))
    return [*cases, node.inner("otherwise")]


def states(node: Node[BranchStep], after: After, around: Around, assembly: Assembly) -> States:
    """One Choice state; each path leaves with the branch's result by itself. An empty one leaves by
    its rule.
    """
    *paths, otherwise = _paths(node)
    rules = [
        {"Condition": condition(case.when, around), **_rule(node, path, after)}
        for case, path in zip(node.step.cases, paths, strict=True)
    ]
    choice: dict[str, Any] = {"Type": "Choice", "Choices": rules}
    default = _rule(node, otherwise, after)
    choice |= {"Default": default.pop("Next"), **default}
    states: States = {node.id: choice}
    for path in (*paths, otherwise):
        states |= assembly.block(path, after.of(node.id), around)
    return states | (end(node.id, after) if not all((*paths, otherwise)) else {})


def _rule(node: Node[BranchStep], path: Block, after: After) -> dict[str, Any]:
    nodes = well_formed(path)
    return {"Next": nodes[0].id} if nodes else dict(leave_by_rule(node.id, None, after))


def load(node: Node[BranchStep], estimate: Estimate) -> Load:
    """One state, and the most that a path can do; an empty path may end in a state of its own."""
    return PASS + largest(estimate.block(path) if path else PASS for path in _paths(node))
