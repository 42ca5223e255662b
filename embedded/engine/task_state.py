"""Task: hand a job to a worker, and wait until somebody completes its token."""

from dataclasses import dataclass
from typing import Any

from embedded.engine.attempts import Attempts
from embedded.engine.dispatcher import Job
from embedded.engine.evaluation import Field
from embedded.engine.failures import STEP_ABANDONED, StateFailed
from embedded.engine.fields import MAX_SECONDS, Fields, is_seconds
from embedded.engine.frame import Frame
from embedded.engine.payload import encode_payload
from embedded.engine.task_tokens import TaskFailure, Waiting
from embedded.engine.templates import Constant
from embedded.engine.transition import Transition
from promptpilot.clock import epoch_ms

RESOURCE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
_SECONDS = f"must be a whole number of seconds from 1 to {MAX_SECONDS}"
EVENTS_PER_ATTEMPT = 4
"""Of Step Functions' history: scheduled, started, submitted, succeeded or failed."""


LATE_SECONDS = 2.0
"""How long a job that is sent again after a restart has at least: its result may be recorded."""


class StepTask(Job):
    """The job of one attempt. The task's clock starts when the worker first gets it."""

    def __init__(self, body: str, waiting: Waiting) -> None:
        super().__init__(body)
        self._waiting = waiting

    async def received(self) -> bool:
        """Start the task's clock; False where the task has ended."""
        return self._waiting.start_clock()

    def abandoned(self, reason: str) -> None:
        """Fail the task."""
        self._waiting.settle(TaskFailure(STEP_ABANDONED, reason))


@dataclass(frozen=True, slots=True)
class Task:
    """A job for the step queue. With heartbeats, its timeouts count from the job's first delivery,
    anew after a restart of the engine, which delivers the job again. Without them, somebody may
    take days: the timeout counts from the state's beginning or last retry, and no restart prolongs
    it.
    """

    arguments: Field
    timeout: Field | None
    heartbeat: Field | None
    attempts: Attempts

    @classmethod
    def read(cls, fields: Fields) -> "Task":
        """The state of that definition."""
        fields.allow(
            *("Type", "Comment", "QueryLanguage", "Resource", "Arguments", "Assign", "Output"),
            *("TimeoutSeconds", "HeartbeatSeconds", "Retry", "Catch", "Next", "End"),
        )
        if fields.text("Resource") not in {"", RESOURCE}:
            message = f"The only resource of a Task here is {RESOURCE}."
            fields.problem("Resource", "unsupported", message)
        timeout = fields.field("TimeoutSeconds", is_seconds, _SECONDS)
        heartbeat = fields.field("HeartbeatSeconds", is_seconds, _SECONDS)
        if _literal(heartbeat, 0) >= _literal(timeout, MAX_SECONDS):
            message = "HeartbeatSeconds must be less than TimeoutSeconds."
            fields.problem("HeartbeatSeconds", "wrong_value", message)
        return cls(
            arguments=_read_arguments(fields),
            timeout=timeout,
            heartbeat=heartbeat,
            attempts=Attempts.read(fields),
        )

    async def run(self, frame: Frame) -> Transition:
        """Try until the task succeeds, an error is caught, or it fails the execution."""
        return await self.attempts.run(frame, lambda: self._attempt(frame))

    async def _attempt(self, frame: Frame) -> Any:
        await frame.save_before_job(timely=self.arguments.timely or self.heartbeat is None)
        frame.count_events(EVENTS_PER_ATTEMPT)
        waiting = frame.execution.tokens.open()
        try:
            scope = frame.scope(token=waiting.token)
            arguments = await frame.evaluate(self.arguments, scope)
            waiting.timeout = await _seconds(self.timeout, frame, scope)
            waiting.heartbeat = await _seconds(self.heartbeat, frame, scope)
            job = StepTask(_body(arguments), waiting)
            if self.heartbeat is None and waiting.timeout is not None:
                waiting.watch_for(_seconds_left(frame, waiting.timeout))
            frame.execution.dispatcher.submit(job)
            outcome = await waiting.outcome()
        finally:
            waiting.close()
        frame.moment_ms = epoch_ms()
        frame.news.settle(outcome)
        if isinstance(outcome, TaskFailure):
            raise StateFailed(outcome.error, outcome.cause)
        frame.remember(outcome.value, outcome.text)
        return outcome.value


def _read_arguments(fields: Fields) -> Field:
    arguments = fields.field(
        "Arguments",
        lambda value: isinstance(value, dict) and "MessageBody" in value,
        "must be an object with a MessageBody",
    )
    if arguments is None:
        fields.problem("Arguments", "missing", "Arguments is missing.")
        return Field.compile("Arguments", {}, "", [])
    if isinstance(arguments.source, dict):
        fields.inner("Arguments").allow("QueueUrl", "MessageBody")
    return arguments


def _body(arguments: dict[str, Any]) -> str:
    body = arguments["MessageBody"]
    return body if isinstance(body, str) else encode_payload(body, "job's body")


def _literal(field: Field | None, default: float) -> float:
    if field is None or not isinstance(field.template, Constant):
        return default
    return field.template.value if is_seconds(field.template.value) else default


def _seconds_left(frame: Frame, timeout: float) -> float:
    """Of a task's time, which began with the state or its last retry, both journaled."""
    begun_ms = frame.entered_ms if frame.wake_ms is None else frame.wake_ms
    left = min(timeout, timeout - (epoch_ms() - begun_ms) / 1000)
    return max(left, LATE_SECONDS) if frame.restored else left


async def _seconds(field: Field | None, frame: Frame, scope: dict[str, Any]) -> float | None:
    return None if field is None else await frame.evaluate(field, scope)
