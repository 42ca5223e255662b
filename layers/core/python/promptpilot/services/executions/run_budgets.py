"""The budgets of an execution, which it carries with it: its steps need not look for them."""

from collections.abc import Sequence

from promptpilot.domain.budget import RunBudget
from promptpilot.domain.execution import Execution
from promptpilot.domain.workflow import WorkflowVersion


def with_budget(
    execution: Execution, version: WorkflowVersion, above: Sequence[RunBudget] = ()
) -> Execution:
    """The execution with the budgets that its model calls are taken from: those `above`, which are
    its parent's, and that of its workflow.
    """
    own: list[RunBudget] = []
    if version.document.budget is not None:
        own.append(
            RunBudget(
                execution_id=execution.id,
                workflow_id=version.workflow_id,
                limit_micro_usd=version.document.budget.per_run_micro_usd,
            )
        )
    if not (own or above):
        return execution
    return execution.model_copy(update={"budgets": (*above, *own)})
