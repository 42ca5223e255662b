"""Steps that run another workflow, as an execution of its own."""

from promptpilot.compiler import caught
from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.jobs import job_load, job_states, waited_for
from promptpilot.compiler.load import Estimate, Load
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import TASK_RESULT, After, Around, States
from promptpilot.domain.workflow_steps import WorkflowStep


def check(node: Node[WorkflowStep], scope: Scope, checks: Checks) -> Scope:
    """The input sees what ran before."""
    checks.value(node.step.variables, pointer(node.at, "with"), scope)
    return caught.check(node, scope, scope.with_names(node.id), checks)


def states(node: Node[WorkflowStep], after: After, around: Around, assembly: Assembly) -> States:
    """One Task state that the end of the other execution ends."""
    return job_states(
        node,
        after,
        around,
        assembly,
        job={"variables": node.step.variables},
        limits=waited_for(node.step.timeout_seconds),
        result=TASK_RESULT,
        retry=node.step.retry,
    )


def load(node: Node[WorkflowStep], estimate: Estimate) -> Load:
    """The other execution has a history of its own; its model calls and transitions count."""
    attempts = node.step.retry.attempts
    child = estimate.children.get(node.id)
    own = job_load(node, estimate, attempts=attempts)
    return own if child is None else own + Load(child.model_calls, child.transitions) * attempts
