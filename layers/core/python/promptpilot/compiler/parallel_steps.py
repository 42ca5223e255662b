"""Steps that run branches at the same time: a Parallel state.

Every branch gives an object with its name and its result, and the step's result is those merged: an
array of results, read by position, would let JSONata unwrap what is an array itself.
"""

from typing import Any

from promptpilot.compiler import caught
from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.expressions import wrapped
from promptpilot.compiler.load import FORK, Estimate, Load, summed
from promptpilot.compiler.node import Block, Node, well_formed
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import After, Around, States, leave
from promptpilot.domain.workflow_steps import ParallelStep

RESULT = wrapped("$merge($states.result)")


def check(node: Node[ParallelStep], scope: Scope, checks: Checks) -> Scope:
    """A branch sees what ran before and itself; what comes after sees the step's own result."""
    ends = [checks.block(node.inner("branches", name), scope) for name in node.step.branches]
    after = scope.with_names(node.id)
    if not all(each.reachable for each in ends):
        after = after.ended()
    return caught.check(node, scope, after, checks)


def states(node: Node[ParallelStep], after: After, around: Around, assembly: Assembly) -> States:
    """One Parallel state with the branches in it."""
    branches = [
        _branch(name, node.inner("branches", name), around, assembly) for name in node.step.branches
    ]
    parallel: dict[str, Any] = {"Type": "Parallel", "Branches": branches}
    if caught.catches(node):
        parallel["Catch"] = [caught.catcher(node)]
    return {
        node.id: {**parallel, **leave(node.id, RESULT, after)},
        **caught.states(node, after, around, assembly),
    }


def _branch(name: str, block: Block, around: Around, assembly: Assembly) -> dict[str, Any]:
    last = well_formed(block)[-1].id
    gives = After(None, has_output=True, output={name: wrapped(f"${last}")})
    return assembly.machine(block, gives, around)


def load(node: Node[ParallelStep], estimate: Estimate) -> Load:
    """All branches together."""
    blocks = (node.inner("branches", name) for name in node.step.branches)
    return FORK + summed(map(estimate.block, blocks)) + caught.load(node, estimate)
