"""Spans of step jobs."""

from contextlib import AbstractContextManager

from promptpilot.domain.execution import Execution, ExecutionLog
from promptpilot.domain.step_job import PromptRunJob, WorkflowStepJob
from promptpilot.telemetry import names, traceparent
from promptpilot.telemetry.model_spans import execution_span
from promptpilot.telemetry.spans import NO_SPAN, Span, Value, span, tracer


def step_span(job: WorkflowStepJob, execution: Execution) -> AbstractContextManager[Span]:
    """Around one try of a step, as a part of its execution."""
    if tracer() is None:
        return NO_SPAN
    attributes: dict[str, Value] = {
        names.STEP: job.path,
        names.STEP_KIND: job.kind,
        names.ATTEMPT: job.attempt + 1,
        names.EXECUTION: job.execution,
        names.WORKFLOW: job.workflow,
        names.WORKSPACE: job.workspace,
    }
    return span(f"step {job.kind}", "consumer", attributes, execution_span(execution))


def run_span(job: PromptRunJob) -> AbstractContextManager[Span]:
    """Around a run of a prompt by itself, as a part of the request that asked for it."""
    if tracer() is None:
        return NO_SPAN
    attributes: dict[str, Value] = {names.LOG: job.log, names.WORKSPACE: job.workspace}
    return span("run prompt", "consumer", attributes, traceparent.read(job.traceparent))


def tell_step(log: ExecutionLog, told: Span) -> None:
    """What came of it."""
    if not told.recording:
        return
    attributes: dict[str, Value] = {names.LOG: log.id, names.STATUS: log.status.value}
    if log.cost_micro_usd is not None:
        attributes[names.COST] = log.cost_micro_usd
    if log.cached:
        attributes[names.CACHED] = True
    if log.failed_models:
        attributes[names.FAILED_MODELS] = [
            f"{each.model}: {each.error.name}" for each in log.failed_models
        ]
    told.set(attributes)
    if log.error is not None:
        told.fail(log.error.name)
