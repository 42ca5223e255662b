"""Which step an execution failed at.

A status does not name it. It is the one whose log has the error that the execution ended with: the
last of them, since an error may be caught and come again. A `fail` step has no log. Of an error of
the state machine's own, such as an expression that fails, the machine's history tells the state:
its name is the step's id, or begins with it.
"""

from collections.abc import Sequence

from promptpilot import keys
from promptpilot.domain.bounds import MAX_HISTORY_EVENTS
from promptpilot.domain.execution import Execution, ExecutionLog, LogStatus, machine_name
from promptpilot.domain.workflow_steps import FailStep
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Table
from promptpilot.services.executions.approvals import first_unanswered
from promptpilot.services.executions.machine import machine_of_execution
from promptpilot.services.steps.logs import StoredLog
from promptpilot.services.workflows.versions import load_workflow_version
from promptpilot.step_errors import ApprovalTimedOut

OWN_ERRORS = "States."
"""How the names of a state machine's own errors begin."""

EXPRESSION = "{%"
_PAGE = 1000


def step_that_failed(
    execution: Execution, error: str, *, table: Table, orchestrator: Orchestrator
) -> str | None:
    """The id of the step whose error that is; None where it cannot be told."""
    failed = _last_failed(execution, error, table)
    if failed is not None:
        return failed.step
    if error == ApprovalTimedOut.__name__:
        # The state machine's time was over: nobody has written it on the step's log yet.
        return first_unanswered(execution.workspace, execution.id, table=table)
    if error.startswith(OWN_ERRORS):
        return _state_that_failed(execution, error, table, orchestrator)
    return _fail_step(execution, error, table)


def _state_that_failed(
    execution: Execution, error: str, table: Table, orchestrator: Orchestrator
) -> str | None:
    machine = machine_of_execution(execution, table=table)
    name = machine_name(execution.workspace, execution.id)
    events = orchestrator.history(machine, name, after=0, limit=MAX_HISTORY_EVENTS)
    failed = [
        each.state.partition(".")[0]
        for each in events
        if each.type == "state_failed" and each.error == error
    ]
    return _innermost(failed, execution, table)


def _innermost(failed: Sequence[str], execution: Execution, table: Table) -> str | None:
    """Of the steps that failed, the last; or what failed right before it and lies within it: what
    is around a step fails after it, with the same error.
    """
    version = load_workflow_version(
        execution.workspace, execution.workflow_id, execution.version, table=table
    )
    paths = {step.id: path for path, step in version.steps.items()}
    innermost: str | None = None
    for step in reversed(failed):
        if innermost is not None and not paths[step].startswith(f"{paths[innermost]}/"):
            break
        innermost = step
    return innermost


def _last_failed(execution: Execution, error: str, table: Table) -> ExecutionLog | None:
    partition = keys.logs(execution.workspace, execution.id).partition
    last, after = None, None
    while True:
        page = table.query(partition, limit=_PAGE, after=after)
        for item in page.items:
            log = StoredLog.model_validate_json(item.body).log
            if _failed_with(log, error) and (last is None or _end(log) >= _end(last)):
                last = log
        after = page.next
        if after is None:
            return last


def _failed_with(log: ExecutionLog, error: str) -> bool:
    return log.status is LogStatus.FAILED and log.error is not None and log.error.name == error


def _end(log: ExecutionLog) -> float:
    return (log.ended_at or log.started_at).timestamp()


def _fail_step(execution: Execution, error: str, table: Table) -> str | None:
    """The only `fail` step that can end in that error."""
    version = load_workflow_version(
        execution.workspace, execution.workflow_id, execution.version, table=table
    )
    fails = [
        step.id
        for step in version.steps.values()
        if isinstance(step, FailStep) and (step.error == error or step.error.startswith(EXPRESSION))
    ]
    return fails[0] if len(fails) == 1 else None
