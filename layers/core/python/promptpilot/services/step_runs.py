"""Running a step job: claim the step, call the model, record what came of it, tell who waits."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.execution import Execution, ExecutionLog, log_id
from promptpilot.domain.model import ModelRequest
from promptpilot.domain.step_job import PromptRunJob, WorkflowStepJob
from promptpilot.errors import PromptPilotError, StepError, StepInvalid, StoreUnavailable
from promptpilot.ports import Blobs, Models, Offload, Orchestrator, Table, Waiter
from promptpilot.services.heartbeats import BEAT_SECONDS, Heartbeats, somebody_waits
from promptpilot.services.lru import LruCache
from promptpilot.services.model_calls import call_model, model_request
from promptpilot.services.prompt_versions import load_version
from promptpilot.services.step_logs import Busy, Claimed, Delivery, Recorded, claim, record
from promptpilot.services.step_outcomes import failed, step_event, succeeded, tell
from promptpilot.services.workflow_versions import load_workflow_version

LEASE_MS = 15 * 60 * 1000
"""How long a claim keeps out the same delivery of the same job: the longest a Lambda function runs.
"""
PROMPT_RUN_SECONDS = 60.0
RECORD_AGAIN_SECONDS = (0.1, 0.5, 1.0, 2.0)
"""Pauses before recording again when the store is out of reach: an answer has been paid for."""

logger = logging.getLogger(__name__)

_executions: LruCache[tuple[str, int], Execution] = LruCache(16 * 1024 * 1024)
"""Executions by id and revision, 16 MiB of JSON in all: all steps of one read the same record."""


class StepBusyError(Exception):
    """Another worker has this very delivery; the queue is to deliver again later."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What running a step needs of the platform."""

    table: Table
    blobs: Blobs
    models: Models
    orchestrator: Orchestrator
    waiter: Waiter
    offload: Offload


async def run_workflow_step(
    job: WorkflowStepJob, receive_count: int, ports: Ports, *, waited_seconds: float = 0.0
) -> None:
    """Run a step of an execution and complete or fail its task token.

    A step whose result is recorded is answered from the record and calls no model. An execution
    that has ended starts no step, nor does a job that has waited so long that its state machine
    has given it up. `receive_count` counts the deliveries of this job from 1. Raises
    `StepBusyError` or `StoreUnavailable` where the job is to be delivered again.
    """
    execution = await ports.offload(load_execution, job, ports.table)
    if execution is None or execution.status.final:
        logger.info("step dropped: its execution has ended", extra={"execution": job.execution})
        return
    if not await _is_wanted(job, waited_seconds, ports):
        logger.info("step dropped: nobody waits for it", extra={"execution": job.execution})
        return
    log = workflow_step_log(job, execution)

    def request() -> ModelRequest:
        return _workflow_request(job, execution, ports.table)

    with Heartbeats(job.token, ports.orchestrator, ports.offload):
        log = await _run(log, Delivery(job.token, receive_count), request, ports)
    await ports.offload(tell, job.token, log, orchestrator=ports.orchestrator, blobs=ports.blobs)


async def _is_wanted(job: WorkflowStepJob, waited_seconds: float, ports: Ports) -> bool:
    """A job that has waited beats first, since its state's clock has run meanwhile; one that is
    fresh need not ask.
    """
    if waited_seconds < BEAT_SECONDS:
        return True
    return await somebody_waits(job.token, ports.orchestrator, ports.offload)


async def run_prompt_job(job: PromptRunJob, receive_count: int, ports: Ports) -> None:
    """Run a prompt outside any workflow, and wake whoever waits for its log."""

    def request() -> ModelRequest:
        prompt = load_version(job.workspace, job.prompt, job.version, table=ports.table)
        return model_request(
            prompt, job.variables, model=job.model, timeout=PROMPT_RUN_SECONDS, table=ports.table
        )

    await _run(prompt_run_log(job), Delivery(job.log, receive_count), request, ports)
    ports.waiter.announce(job.log)


def prompt_run_log(job: PromptRunJob) -> ExecutionLog:
    """The log that the run of a prompt begins with."""
    return ExecutionLog(
        id=job.log,
        workspace=job.workspace,
        prompt_id=job.prompt,
        prompt_version=job.version,
        step="run",
        path="run",
        started_at=now(),
    )


def load_execution(job: WorkflowStepJob, table: Table) -> Execution | None:
    """The execution that the job belongs to; None where there is none any more."""
    item = table.get(keys.execution(job.workspace, job.execution))
    if item is None:
        return None
    known = _executions.get((job.execution, item.revision))
    if known is None:
        known = Execution.model_validate_json(item.body)
        _executions.put((job.execution, item.revision), known, len(item.body))
    return known


def workflow_step_log(job: WorkflowStepJob, execution: Execution) -> ExecutionLog:
    """The log that the job begins."""
    pin = execution.pins[job.path]
    return ExecutionLog(
        id=log_id(job.execution, job),
        workspace=job.workspace,
        execution_id=job.execution,
        workflow_id=job.workflow,
        prompt_id=pin.prompt_id,
        prompt_version=pin.version,
        step=job.step,
        path=job.path,
        iteration=job.iteration,
        attempt=job.attempt + 1,
        started_at=now(),
    )


def _workflow_request(job: WorkflowStepJob, execution: Execution, table: Table) -> ModelRequest:
    pin = execution.pins[job.path]
    step = load_workflow_version(job.workspace, job.workflow, job.version, table=table).step(
        job.path
    )
    return model_request(
        load_version(job.workspace, pin.prompt_id, pin.version, table=table),
        job.variables,
        model=job.model,
        settings=step.settings,
        timeout=float(step.timeout_seconds),
        table=table,
    )


async def _run(
    log: ExecutionLog, delivery: Delivery, request: Callable[[], ModelRequest], ports: Ports
) -> ExecutionLog:
    """Run the claimed step once; returns the log that stands in the end."""
    claimed = await ports.offload(
        claim, log, delivery, LEASE_MS, table=ports.table, blobs=ports.blobs
    )
    match claimed:
        case Busy():
            raise StepBusyError
        case Recorded(log=recorded):
            return recorded
        case Claimed():
            done = await _call(claimed.log, request, ports)
            return await _record_patiently(claimed, done, ports)


async def _call(
    log: ExecutionLog, request: Callable[[], ModelRequest], ports: Ports
) -> ExecutionLog:
    try:
        asked = await ports.offload(request)
        log = log.model_copy(update={"input": asked, "model": asked.model})
        return succeeded(log, await call_model(asked, models=ports.models))
    except StepError as error:
        return failed(log, error)
    except StoreUnavailable:
        raise
    except PromptPilotError as error:
        return failed(log, StepInvalid(reason=str(error)))


async def _record_patiently(claimed: Claimed, log: ExecutionLog, ports: Ports) -> ExecutionLog:
    event = step_event(log)
    for pause in RECORD_AGAIN_SECONDS:
        try:
            return await ports.offload(
                record, claimed, log, event, table=ports.table, blobs=ports.blobs
            )
        except StoreUnavailable:
            logger.warning("result not recorded yet: store out of reach", extra={"log": log.id})
            await asyncio.sleep(pause)
    return await ports.offload(record, claimed, log, event, table=ports.table, blobs=ports.blobs)
