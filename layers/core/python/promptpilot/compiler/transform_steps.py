"""Steps that reshape values: a Pass state."""

from promptpilot.compiler.checks import Checks
from promptpilot.compiler.load import PASS, Load
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import After, States, leave
from promptpilot.compiler.templates import INPUT, rendered
from promptpilot.domain.workflow_steps import TransformStep


def check(node: Node[TransformStep], scope: Scope, checks: Checks) -> Scope:
    """The value's expressions see what ran before."""
    checks.value(node.step.value, pointer(node.at, "value"), scope)
    return scope.with_names(node.step.id)


def states(node: Node[TransformStep], after: After) -> States:
    """One Pass state that assigns the value."""
    step = node.step
    return {step.id: {"Type": "Pass", **leave(step.id, rendered(step.value, (INPUT,)), after)}}


def load(node: Node[TransformStep]) -> Load:
    """One state."""
    return PASS
