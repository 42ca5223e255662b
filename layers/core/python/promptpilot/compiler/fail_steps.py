"""Steps that end an execution as failed: a Fail state."""

from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.expressions import is_expression
from promptpilot.compiler.load import Estimate, Load
from promptpilot.compiler.nesting import portable
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import After, Around, States
from promptpilot.compiler.templates import rendered
from promptpilot.domain.step_fields import MAX_ERROR_CHARACTERS
from promptpilot.domain.workflow_steps import FailStep

PLATFORM_PREFIX = "States."


def check(node: Node[FailStep], scope: Scope, checks: Checks) -> Scope:
    """Nothing runs after it."""
    step, at = node.step, pointer(node.at, "error")
    checks.value(step.error, at, scope)
    checks.value(step.message, pointer(node.at, "message"), scope)
    if not is_expression(step.error):
        if len(step.error) > MAX_ERROR_CHARACTERS:
            message = f"Must have at most {MAX_ERROR_CHARACTERS} characters."
            checks.problem(at, "error_name_invalid", message)
        if step.error.startswith(PLATFORM_PREFIX):
            message = f"Names that begin with {PLATFORM_PREFIX} are the state machine's own."
            checks.problem(at, "error_name_invalid", message)
    return scope.with_names(step.id).ended()


def states(node: Node[FailStep], after: After, around: Around, assembly: Assembly) -> States:
    """One Fail state."""
    step = node.step
    texts = (step.error, step.message)
    error, cause = (portable(rendered(text, around.bindings)) for text in texts)
    return {step.id: {"Type": "Fail", "Error": error, **({"Cause": cause} if step.message else {})}}


def load(node: Node[FailStep], estimate: Estimate) -> Load:
    """One state, which is entered and never left."""
    return Load(transitions=1, history_events=1)
