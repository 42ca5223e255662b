"""Steps that wait until somebody decides."""

from collections.abc import Mapping
from typing import Any

from promptpilot.compiler import caught
from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.jobs import job_load, job_states, waited_for
from promptpilot.compiler.load import PASS, Estimate, Load
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import TASK_RESULT, After, Around, States, leave
from promptpilot.domain.approval import OUTCOMES
from promptpilot.domain.schema_rules import schema_faults
from promptpilot.domain.workflow_steps import ApprovalStep
from promptpilot.step_errors import ApprovalTimedOut

_TIMEOUT = "States.Timeout"


def check(node: Node[ApprovalStep], scope: Scope, checks: Checks) -> Scope:
    """The message sees what ran before."""
    checks.value(node.step.message, pointer(node.at, "message"), scope)
    if node.step.form is not None:
        at = pointer(node.at, "form")
        for path, message in schema_faults(node.step.form):
            checks.problem(pointer(at, *path), "schema_invalid", message)
        if node.step.form.get("type", "object") != "object":
            message = "A form is an object, so this must be `object`."
            checks.problem(pointer(at, "type"), "schema_invalid", message)
    return caught.check(node, scope, scope.with_names(node.id), checks)


def states(node: Node[ApprovalStep], after: After, around: Around, assembly: Assembly) -> States:
    """One Task state that is ended by whoever decides, and what becomes of it where nobody does."""
    catcher, late = _on_timeout(node, after)
    own = job_states(
        node,
        after,
        around,
        assembly,
        job={"message": node.step.message},
        limits=waited_for(node.step.timeout_seconds),
        result=TASK_RESULT,
        catchers=[catcher],
    )
    return {**own, **late}


def _on_timeout(node: Node[ApprovalStep], after: After) -> tuple[Mapping[str, Any], States]:
    """What catches that the time is over, and the state that it goes to."""
    name, error = f"{node.id}.timeout", ApprovalTimedOut()
    decision = OUTCOMES.get(node.step.on_timeout)
    to_own_state = {"ErrorEquals": [_TIMEOUT], "Next": name}
    if decision is not None:
        at = "{% $states.context.State.EnteredTime %}"
        result = {"decision": decision, "comment": None, "form": None, "by": None, "at": at}
        return to_own_state, {name: {"Type": "Pass", **leave(node.id, result, after)}}
    told = {"name": type(error).__name__, "message": str(error)}
    if caught.catches(node):
        return caught.catcher(node, _TIMEOUT, **told), {}
    fail = {"Type": "Fail", "Error": told["name"], "Cause": told["message"]}
    return to_own_state, {name: fail}


def load(node: Node[ApprovalStep], estimate: Estimate) -> Load:
    """One Task, and a state more where nobody decides."""
    return job_load(node, estimate) + PASS
