"""What comes of a step: its log as it ended, the event that tells of it, the answer to its state
machine.
"""

from datetime import datetime
from typing import Any

from promptpilot.clock import now
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.execution import ExecutionLog, LogError, LogStatus
from promptpilot.domain.log_costs import costed
from promptpilot.domain.model import Usage
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.services.asking.answer import Answer
from promptpilot.services.steps.results import step_result
from promptpilot.step_errors import StepError


def succeeded(log: ExecutionLog, answer: Answer, **known: Any) -> ExecutionLog:
    """The log of a step that has a model's answer now; `known` are other fields of it."""
    completion = answer.completion
    return log.model_copy(
        update={
            **known,
            "status": LogStatus.SUCCEEDED,
            "model_served": completion.model,
            "output": answer.output,
            "text": completion.text,
            "tool_calls": completion.tool_calls,
            "time_to_first_token_ms": completion.time_to_first_token_ms,
            "ended_at": now(),
        }
    )


def answered(
    log: ExecutionLog,
    output: Any,
    *,
    usage: Usage | None = None,
    cost_micro_usd: int | None = 0,
) -> ExecutionLog:
    """The log of a step of any kind that has its result now."""
    ended_at = now()
    return log.model_copy(
        update={
            "status": LogStatus.SUCCEEDED,
            "output": output,
            "usage": usage,
            "cost_micro_usd": cost_micro_usd,
            "latency_ms": _milliseconds(log, ended_at),
            "ended_at": ended_at,
            "error": None,
        }
    )


def failed(log: ExecutionLog, error: StepError, **known: Any) -> ExecutionLog:
    """The log of a step that fails now; `known` are other fields of it."""
    ended_at = now()
    ended = log.model_copy(
        update={
            **known,
            "status": LogStatus.FAILED,
            "error": LogError(name=type(error).__name__, message=str(error)),
            "latency_ms": _milliseconds(log, ended_at),
            "ended_at": ended_at,
        }
    )
    return costed(ended)


def _milliseconds(log: ExecutionLog, ended_at: datetime) -> float:
    return (ended_at - log.started_at).total_seconds() * 1000


def end_event(log: ExecutionLog) -> EventType:
    """The type of the event that a step has ended so."""
    ended_well = log.status is LogStatus.SUCCEEDED
    return EventType.STEP_SUCCEEDED if ended_well else EventType.STEP_FAILED


def step_event(log: ExecutionLog) -> Event:
    """The event that a step has ended so."""
    return Event.of(
        end_event(log),
        workspace=log.workspace,
        actor="system",
        subject=log.execution_id or log.id,
        log=log.id,
        step=log.step,
        attempt=log.attempt,
    )


def tell(token: str, log: ExecutionLog, *, orchestrator: Orchestrator, blobs: Blobs) -> bool:
    """Complete or fail the task that waits for the step; whether somebody still waited."""
    if log.error is not None:
        return orchestrator.fail_task(token, log.error.name, log.error.message)
    return orchestrator.succeed_task(token, step_result(log, blobs=blobs))
