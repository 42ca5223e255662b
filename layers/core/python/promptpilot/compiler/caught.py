"""What becomes of a step that failed for good: a value or steps take the place of its result.

The error is kept in a variable of the step's own, so that no two scopes of the state machine assign
the same name; `$error` is bound to it where it is used. `$states.errorOutput` has no `Cause` where
a state fails without one.
"""

from collections.abc import Mapping
from typing import Any

from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.load import PASS, Estimate, Load
from promptpilot.compiler.node import Node, well_formed
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope, joined
from promptpilot.compiler.states import After, Around, States, leave
from promptpilot.compiler.templates import Binding, rendered
from promptpilot.domain.workflow_steps import CaughtSteps, CaughtValue

ANY_ERROR = "States.ALL"
PLACE = ("on_error", "steps")


def check(node: Node[Any], scope: Scope, after: Scope, checks: Checks) -> Scope:
    """The scope after a step; `scope` is the one before it, and `after` that of its success."""
    caught = scope.with_names("error")
    if isinstance(node.step.on_error, CaughtValue):
        checks.value(node.step.on_error.value, pointer(node.at, "on_error", "value"), caught)
        return joined([after, scope.with_names(node.id)])
    if isinstance(node.step.on_error, CaughtSteps):
        last = checks.block(node.inner(*PLACE), caught)
        return joined([after, last.with_names(node.id)])
    return after


def catcher(
    node: Node[Any], *errors: str, name: Any = "{% $states.errorOutput.Error %}", message: Any = ""
) -> Mapping[str, Any]:
    """What takes those errors; `name` and `message` are the error's where they are not its own."""
    own = "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}"
    error = {"name": name, "message": message or own, "step": node.id}
    return {
        "ErrorEquals": list(errors or (ANY_ERROR,)),
        "Assign": {_variable(node): error},
        "Next": _start(node),
    }


def states(node: Node[Any], after: After, around: Around, assembly: Assembly) -> States:
    """The states that run where a step has failed; none where that fails the execution."""
    on_error = node.step.on_error
    inner = around.binding(Binding("error", f"${_variable(node)}"))
    if isinstance(on_error, CaughtValue):
        value = rendered(on_error.value, inner.bindings)
        return {_start(node): {"Type": "Pass", **leave(node.id, value, after)}}
    if isinstance(on_error, CaughtSteps):
        return assembly.block(node.inner(*PLACE), after.of(node.id), inner)
    return {}


def catches(node: Node[Any]) -> bool:
    """Whether the execution goes on where the step has failed."""
    return isinstance(node.step.on_error, CaughtValue | CaughtSteps)


def load(node: Node[Any], estimate: Estimate) -> Load:
    """What runs where the step has failed."""
    if isinstance(node.step.on_error, CaughtSteps):
        return estimate.block(node.inner(*PLACE))
    return PASS if catches(node) else Load()


def _start(node: Node[Any]) -> str:
    if isinstance(node.step.on_error, CaughtSteps):
        return well_formed(node.inner(*PLACE))[0].id
    return f"{node.id}.on_error"


def _variable(node: Node[Any]) -> str:
    return f"Error_{node.id}"
