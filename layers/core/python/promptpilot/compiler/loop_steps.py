"""Steps that run again and again: a Choice state after each round.

Within the loop its variable is {index, last}, after it {iterations, last}.
"""

from typing import Any

from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.conditions import test_of
from promptpilot.compiler.expressions import wrapped
from promptpilot.compiler.load import PASS, Estimate, Load
from promptpilot.compiler.node import Node, well_formed
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import After, Around, States, end, leave_by_rule
from promptpilot.compiler.templates import Binding
from promptpilot.domain.workflow_steps import LoopStep

_FIRST_ROUND = {"index": 0, "last": None}
_NO_ROUND = {"iterations": 0, "last": None}


def check(node: Node[LoopStep], scope: Scope, checks: Checks) -> Scope:
    """The rounds see what ran before and the loop's own variable; `until` sees the round's steps
    too.
    """
    step = node.step
    inner = scope.with_names(node.id)
    if step.while_ is not None:
        checks.expression(step.while_, pointer(node.at, "while"), inner)
    last = checks.block(node.inner("steps"), inner)
    if step.until is not None:
        checks.expression(step.until, pointer(node.at, "until"), last)
    ends = step.while_ is None and not last.reachable
    return inner.ended() if ends else inner


def states(node: Node[LoopStep], after: After, around: Around, assembly: Assembly) -> States:
    """What begins the first round, the steps, and the Choice that begins another or leaves."""
    block = node.inner("steps")
    first, last = well_formed(block)[0].id, well_formed(block)[-1].id
    again = f"{node.id}.next"
    inner = around.indexed(f"${node.id}.index")
    return {
        node.id: _begin(node, first, after, around),
        **assembly.block(block, After(again), inner),
        again: _go_on(node, first, last, after, around),
        **end(node.id, after),
    }


def _begin(node: Node[LoopStep], first: str, after: After, around: Around) -> dict[str, Any]:
    into = {"Assign": {node.id: _FIRST_ROUND}, "Next": first}
    if node.step.while_ is None:
        return {"Type": "Pass", **into}
    test = _while(node, "{'index': 0, 'last': null}", around)
    return _choice(wrapped(test), into, node, _NO_ROUND, after)


def _go_on(
    node: Node[LoopStep], first: str, last: str, after: After, around: Around
) -> dict[str, Any]:
    rounds = f"${node.id}.index + 1"
    within = f"{rounds} < {node.step.max_iterations}"
    if node.step.while_ is None:
        assert node.step.until is not None
        again_if = f"$not({test_of(node.step.until, around)})"
    else:
        following = f"{{'index': {rounds}, 'last': ${last}}}"
        again_if = _while(node, following, around)
    result = wrapped(f"${last}")
    into = {
        "Assign": {node.id: {"index": wrapped(rounds), "last": result}},
        "Next": first,
    }
    done = {"iterations": wrapped(rounds), "last": result}
    # A condition within a condition, since the embedded engine reads that without interpreting it.
    test = wrapped(f"{within} ? ({again_if}) : false")
    return _choice(test, into, node, done, after)


def _while(node: Node[LoopStep], round: str, around: Around) -> str:
    """The test before a round, which the loop's variable does not tell of yet."""
    assert node.step.while_ is not None
    return test_of(node.step.while_, around.binding(Binding(node.id, round)))


def _choice(
    condition: str, into: dict[str, Any], node: Node[LoopStep], result: Any, after: After
) -> dict[str, Any]:
    leave = dict(leave_by_rule(node.id, result, after))
    default = leave.pop("Next")
    rule = {"Condition": condition, **into}
    return {"Type": "Choice", "Choices": [rule], "Default": default, **leave}


def load(node: Node[LoopStep], estimate: Estimate) -> Load:
    """As many rounds as there may be, and the states around them."""
    one = estimate.block(node.inner("steps")) + PASS
    return PASS + one * node.step.max_iterations + PASS
