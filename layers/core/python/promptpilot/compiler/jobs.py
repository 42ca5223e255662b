"""Steps that leave the state machine: a Task state hands a job to a worker, and waits for its
token.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from promptpilot.compiler import caught
from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.expressions import wrapped
from promptpilot.compiler.load import Estimate, Load
from promptpilot.compiler.nesting import portable
from promptpilot.compiler.node import Node
from promptpilot.compiler.states import After, Around, States, leave
from promptpilot.compiler.templates import rendered
from promptpilot.domain.retry import HEARTBEAT_TIMEOUT, TIMEOUT, Retry
from promptpilot.domain.workflow_steps import JobStep

RESOURCE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"

QUEUE_URL = "${StepQueueUrl}"
"""Filled in when the machine is published."""

HEARTBEAT_SECONDS = 300
"""A worker that gives no sign of life for so long is dead. They give one every minute.

On Step Functions this clock starts when the job is queued, so it is also how long a job may wait
for a worker.
"""

GRACE_SECONDS = HEARTBEAT_SECONDS + 30
"""How much longer the state waits than the step's own timeout. A job that is taken at all is taken
within a heartbeat; then the worker's own error, which says more, arrives first.
"""

EVENTS_OF_AN_ATTEMPT = 4
"""Scheduled, started, submitted, and succeeded or failed."""

_CONTEXT_INPUT = "$states.context.Execution.Input"
_ENVELOPE = {
    name: wrapped(f"{_CONTEXT_INPUT}.{name}")
    for name in ("workspace", "execution", "workflow", "version")
}


def worked(timeout_seconds: int) -> Mapping[str, Any]:
    """The limits of a Task whose worker is busy with it until it ends."""
    return {
        "TimeoutSeconds": timeout_seconds + GRACE_SECONDS,
        "HeartbeatSeconds": HEARTBEAT_SECONDS,
    }


def waited_for(timeout_seconds: int) -> Mapping[str, Any]:
    """The limits of a Task that somebody or something else ends: no worker shows signs of life."""
    return {"TimeoutSeconds": timeout_seconds}


def job_states(
    node: Node[JobStep],
    after: After,
    around: Around,
    assembly: Assembly,
    *,
    job: Mapping[str, Any],
    limits: Mapping[str, Any],
    result: Any,
    retry: Retry | None = None,
    catchers: Sequence[Mapping[str, Any]] = (),
) -> States:
    """The Task of a step, and what runs where it has failed.

    `job` is what its kind adds to the `WorkflowStepJob`, `result` what its variable holds,
    `catchers` what is asked before the step's own `on_error`.
    """
    task: dict[str, Any] = {
        "Type": "Task",
        "Resource": RESOURCE,
        "Arguments": {"QueueUrl": QUEUE_URL, "MessageBody": _message(node, around, job)},
        **limits,
    }
    if retry is not None and retry.attempts > 1:
        task["Retry"] = [_retrier(retry)]
    own = [caught.catcher(node)] if caught.catches(node) else []
    if catchers or own:
        task["Catch"] = [*catchers, *own]
    return {
        node.id: {**task, **leave(node.id, result, after)},
        **caught.states(node, after, around, assembly),
    }


def _message(node: Node[JobStep], around: Around, job: Mapping[str, Any]) -> Mapping[str, Any]:
    indexes = " & '.' & ".join(f"$string({index})" for index in around.indexes)
    return {
        "kind": node.step.kind,
        "token": "{% $states.context.Task.Token %}",
        **_ENVELOPE,
        "step": node.id,
        "path": node.path,
        "ordinal": node.ordinal,
        **({"iteration": wrapped(indexes)} if indexes else {}),
        "attempt": "{% $states.context.State.RetryCount %}",
        **{name: portable(rendered(each, around.bindings)) for name, each in job.items()},
    }


def _retrier(retry: Retry) -> Mapping[str, Any]:
    grows = retry.max_interval_seconds > retry.interval_seconds
    return {
        "ErrorEquals": _errors(retry),
        "IntervalSeconds": retry.interval_seconds,
        "MaxAttempts": retry.attempts - 1,
        "BackoffRate": retry.backoff if grows else 1.0,
        **({"MaxDelaySeconds": retry.max_interval_seconds} if grows else {}),
        "JitterStrategy": retry.jitter.upper(),
    }


def _errors(retry: Retry) -> list[str]:
    """A silent worker is a `States.HeartbeatTimeout` to some interpreters of state machines and a
    `States.Timeout` to others. To us both mean that no worker has come so far: its own time limit
    ends a step sooner.
    """
    silent = (TIMEOUT,) if HEARTBEAT_TIMEOUT in retry.errors else ()
    return list(dict.fromkeys((*retry.errors, *silent)))


def job_load(
    node: Node[JobStep], estimate: Estimate, *, attempts: int = 1, model_calls: int = 0
) -> Load:
    """Every attempt is a transition and makes `model_calls`; a caught failure runs more."""
    task = Load(model_calls * attempts, attempts, 2 + EVENTS_OF_AN_ATTEMPT * attempts)
    return task + caught.load(node, estimate)
