"""Executions of workflows, and the log of every step job."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.ids import ExecutionId, PromptId, UserId, WorkflowId, WorkspaceId
from promptpilot.domain.model import ModelRequest, Usage
from promptpilot.domain.step_job import StepPlace
from promptpilot.errors import TooLarge

MAX_INPUT_BYTES = 200_000
"""The largest input of an execution or a run as JSON: state and messages carry 256 KiB."""


class ExecutionStatus(StrEnum):
    """Moves only forward, in this order; the last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def final(self) -> bool:
        """Whether the execution has ended."""
        return self in FINAL


FINAL = frozenset(
    {
        ExecutionStatus.SUCCEEDED,
        ExecutionStatus.FAILED,
        ExecutionStatus.CANCELLED,
        ExecutionStatus.TIMED_OUT,
    }
)


class Pin(Model):
    """What a label or a default stood for when the execution began."""

    prompt_id: PromptId
    version: str
    digest: str


class ExecutionError(Model):
    """Why an execution ended badly: the error's class name, its cause, and the step it came from
    where one did.
    """

    name: str
    message: str
    step: str | None = None


class Execution(Model):
    """One run of one workflow version. `usage` and `cost_micro_usd` sum the step logs so far; the
    cost is None when
    any step's is unknown.
    """

    id: ExecutionId
    workspace: WorkspaceId
    workflow_id: WorkflowId
    version: str
    pins: Mapping[str, Pin] = {}
    status: ExecutionStatus = ExecutionStatus.QUEUED
    input: Mapping[str, Any] = {}
    output: Any = None
    output_blob: str | None = None
    """Digest of the blob that holds a large output."""
    error: ExecutionError | None = None
    trigger: str = "manual"
    created_by: UserId
    created_at: Timestamp
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    usage: Usage = Usage()
    cost_micro_usd: Annotated[int, Field(ge=0)] | None = 0


class LogStatus(StrEnum):
    """Where a step job stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class LogError(Model):
    """The error's class name in our tree, and its cause."""

    name: str
    message: str


class ExecutionLog(Model):
    """What one step job did: the rendered request, the answer, the model, times, tokens and cost.

    There is one for each (execution, path, iteration); `attempt` counts from 1 and the last one
    stands. A run of a
    prompt outside a workflow has no execution. `cost_micro_usd` is None where the price is unknown.
    """

    id: str
    workspace: WorkspaceId
    execution_id: ExecutionId | None = None
    workflow_id: WorkflowId | None = None
    prompt_id: PromptId
    prompt_version: str
    step: str
    path: str
    iteration: str | None = None
    attempt: Annotated[int, Field(ge=1)] = 1
    status: LogStatus = LogStatus.RUNNING
    model: str | None = None
    model_served: str | None = None
    input: ModelRequest | None = None
    output: Any = None
    text: str | None = None
    usage: Usage | None = None
    cost_micro_usd: Annotated[int, Field(ge=0)] | None = None
    cached: bool = False
    latency_ms: float | None = None
    time_to_first_token_ms: float | None = None
    started_at: Timestamp
    ended_at: Timestamp | None = None
    error: LogError | None = None


def check_input_size(what: str, value: Mapping[str, Any]) -> None:
    """Raise `TooLarge` for an input of over `MAX_INPUT_BYTES` as JSON; `what` names it."""
    size = len(json.dumps(value, ensure_ascii=False).encode())
    if size > MAX_INPUT_BYTES:
        raise TooLarge(what=what, limit=MAX_INPUT_BYTES, size=size)


def machine_name(workspace: str, execution: str) -> str:
    """The name an execution has in the orchestrator (at most 80 of Step Functions' allowed
    characters).
    """
    return f"{workspace}-{execution}"


def parse_machine_name(name: str) -> tuple[str, str]:
    """The workspace and the execution of an orchestrator's execution name."""
    workspace, _, execution = name.partition("-")
    return workspace, execution


def log_id(root: str, place: StepPlace) -> str:
    """The id of a step's log: the ULID of its execution (or of the single run), the step's ordinal,
    the iteration.

    Being computable it needs no look-up: a worker claims a step, and a reader finds a log, by this
    id alone.
    """
    ulid = root.partition("_")[2]
    parts = ["log", ulid, str(place.ordinal), *([place.iteration] if place.iteration else [])]
    return "_".join(parts)
