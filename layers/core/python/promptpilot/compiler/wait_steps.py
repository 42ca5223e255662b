"""Steps that let time pass: a Wait state."""

from datetime import datetime

from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.expressions import is_expression
from promptpilot.compiler.load import PASS, Estimate, Load
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import After, Around, States, leave
from promptpilot.compiler.templates import rendered
from promptpilot.domain.duration import seconds_of
from promptpilot.domain.workflow_steps import WaitStep


def check(node: Node[WaitStep], scope: Scope, checks: Checks) -> Scope:
    """`until` is a time, or an expression that gives one."""
    until = node.step.until
    if until is not None:
        at = pointer(node.at, "until")
        checks.value(until, at, scope)
        if not is_expression(until) and not _is_time(until):
            message = (
                "Must be a time with its zone, such as 2027-01-31T09:00:00Z, or an expression."
            )
            checks.problem(at, "time_invalid", message)
    return scope.with_names(node.id)


def _is_time(text: str) -> bool:
    """RFC 3339, as Step Functions takes it."""
    try:
        return "T" in text and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def states(node: Node[WaitStep], after: After, around: Around, assembly: Assembly) -> States:
    """One Wait state."""
    step = node.step
    if step.for_ is not None:
        wait: dict[str, object] = {"Seconds": seconds_of(step.for_)}
    else:
        wait = {"Timestamp": rendered(step.until, around.bindings)}
    return {step.id: {"Type": "Wait", **wait, **leave(step.id, None, after)}}


def load(node: Node[WaitStep], estimate: Estimate) -> Load:
    """One state."""
    return PASS
