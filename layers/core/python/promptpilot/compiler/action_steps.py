"""Steps that have something done elsewhere."""

from promptpilot.compiler import caught
from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.jobs import job_load, job_states, worked
from promptpilot.compiler.load import Estimate, Load
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import TASK_RESULT, After, Around, States
from promptpilot.domain.workflow_steps import ActionStep


def check(node: Node[ActionStep], scope: Scope, checks: Checks) -> Scope:
    """Arguments see what ran before. Whether there is such an action is not the compiler's to
    know.
    """
    checks.value(node.step.variables, pointer(node.at, "with"), scope)
    return caught.check(node, scope, scope.with_names(node.id), checks)


def states(node: Node[ActionStep], after: After, around: Around, assembly: Assembly) -> States:
    """One Task state; the worker has it done."""
    return job_states(
        node,
        after,
        around,
        assembly,
        job={"variables": node.step.variables},
        limits=worked(node.step.timeout_seconds),
        result=TASK_RESULT,
        retry=node.step.retry,
    )


def load(node: Node[ActionStep], estimate: Estimate) -> Load:
    """No model is called."""
    return job_load(node, estimate, attempts=node.step.retry.attempts)
