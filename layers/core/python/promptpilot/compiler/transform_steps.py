"""Steps that reshape values: a Pass state."""

from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.load import PASS, Estimate, Load
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import After, Around, States, leave
from promptpilot.compiler.templates import rendered
from promptpilot.domain.workflow_steps import TransformStep


def check(node: Node[TransformStep], scope: Scope, checks: Checks) -> Scope:
    """The value's expressions see what ran before."""
    checks.value(node.step.value, pointer(node.at, "value"), scope)
    return scope.with_names(node.id)


def states(node: Node[TransformStep], after: After, around: Around, assembly: Assembly) -> States:
    """One Pass state that assigns the value."""
    value = rendered(node.step.value, around.bindings)
    return {node.id: {"Type": "Pass", **leave(node.id, value, after)}}


def load(node: Node[TransformStep], estimate: Estimate) -> Load:
    """One state."""
    return PASS
