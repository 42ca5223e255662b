"""Running a step that runs another workflow, as an execution of its own whose end it waits for."""

from promptpilot import keys
from promptpilot.domain.execution import Execution, ExecutionLog
from promptpilot.domain.workflow import MAX_LEVELS
from promptpilot.errors import ConditionFailed
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Table
from promptpilot.services.executions.child_executions import (
    child_ended,
    child_execution_id,
    with_child,
)
from promptpilot.services.executions.machine import stop_machine
from promptpilot.services.executions.records import find_execution
from promptpilot.services.executions.start import start_child
from promptpilot.services.executions.stop import PARENT_ENDED
from promptpilot.services.runs.child_resumption import resumed_child
from promptpilot.services.steps.claimed import ClaimedStep, StepBusyError
from promptpilot.services.steps.ports import Ports
from promptpilot.services.steps.waiting_tasks import WaitingTask, begin_waiting
from promptpilot.step_errors import StepInvalid, WorkflowTooDeep

SUPERSEDED = "The step that runs it is tried again."


async def run_workflow_child(step: ClaimedStep, ports: Ports) -> ExecutionLog:
    """Start the execution and let the step wait; one that has ended already answers at once."""
    return await ports.offload(_run, step, ports.table, ports.blobs, ports.orchestrator)


def _run(step: ClaimedStep, table: Table, blobs: Blobs, orchestrator: Orchestrator) -> ExecutionLog:
    child = _start(step, table, orchestrator)
    log = step.log.model_copy(update={"input": dict(step.job.variables), "child": child.id})
    if child.status.final:
        return with_child(log, child, blobs=blobs)
    task = WaitingTask(
        workspace=step.job.workspace,
        execution_id=step.job.execution,
        log_id=log.id,
        tokens=(step.job.token,),
        child=child.id,
    )
    _stop_another(task, table, orchestrator)
    try:
        waiting = begin_waiting(step.claimed, log, task, table=table, blobs=blobs)
    except ConditionFailed:
        raise StepBusyError from None
    _look_again(step, child, table, blobs, orchestrator)
    return waiting


def _start(step: ClaimedStep, table: Table, orchestrator: Orchestrator) -> Execution:
    execution, job = step.execution, step.job
    if execution.depth >= MAX_LEVELS:
        reason = f"A workflow runs another one at most {MAX_LEVELS} levels deep."
        raise WorkflowTooDeep(reason=reason, log=step.log.id)
    pin = execution.workflow_pins.get(job.path)
    if pin is None:
        raise StepInvalid(reason=f"The execution pins no workflow for the step {job.path!r}.")
    going_on = resumed_child(step, table=table, orchestrator=orchestrator)
    if going_on is not None:
        return going_on
    return start_child(
        execution,
        id=child_execution_id(job, execution),
        log=step.log.id,
        path=job.path,
        pin=pin,
        input=job.variables,
        table=table,
        orchestrator=orchestrator,
    )


def _stop_another(task: WaitingTask, table: Table, orchestrator: Orchestrator) -> None:
    """What an earlier try of the step began, and was given up by its state machine, ends."""
    item = table.get(keys.waiting(task.workspace, task.log_id))
    before = None if item is None else WaitingTask.model_validate_json(item.body).child
    if before is None or before == task.child:
        return
    found = find_execution(task.workspace, before, table=table)
    if found is not None and not found.execution.status.final:
        stop_machine(found.execution, SUPERSEDED, table=table, orchestrator=orchestrator)


def _look_again(
    step: ClaimedStep, child: Execution, table: Table, blobs: Blobs, orchestrator: Orchestrator
) -> None:
    """What ended meanwhile has found no step that waited for it, and neither does a parent's end
    find a child that was begun after it.
    """
    now = find_execution(child.workspace, child.id, table=table)
    if now is not None:
        child_ended(now.execution, table=table, blobs=blobs, orchestrator=orchestrator)
    parent = find_execution(step.job.workspace, step.job.execution, table=table)
    if parent is not None and parent.execution.status.final:
        stop_machine(child, PARENT_ENDED, table=table, orchestrator=orchestrator)
