"""Executions of workflows, and the log of every step job."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from promptpilot.domain.base import NONE_OMITTED, OMITTED, Model, Timestamp
from promptpilot.domain.budget import RunBudget
from promptpilot.domain.cost_row import CostRow
from promptpilot.domain.ids import ExecutionId, PromptId, UserId, WorkflowId, WorkspaceId
from promptpilot.domain.json_value import JsonValue
from promptpilot.domain.message import ToolCall
from promptpilot.domain.model import ModelName, ModelRequest, Usage
from promptpilot.domain.model_call import ModelCall
from promptpilot.domain.step_job import StepKind, StepPlace
from promptpilot.domain.tool_use import ToolUse
from promptpilot.errors import TooLarge

MAX_INPUT_BYTES = 200_000
"""The largest input of an execution or a run as JSON: state and messages carry 256 KiB."""


class ExecutionStatus(StrEnum):
    """How an execution stands. The last four are final, but for one that is resumed; one that waits
    for somebody runs again afterwards.
    """

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


class Slot(StrEnum):
    """How an execution stands with what limits the executions that run at the same time in a
    workspace: it waits to be let in, or counts as one that runs.
    """

    QUEUED = "queued"
    HELD = "held"


class Pin(Model):
    """What a label or a default stood for when the execution began."""

    prompt_id: PromptId
    version: str
    digest: str


class WorkflowPin(Model):
    """Which version of another workflow a step runs."""

    workflow_id: WorkflowId
    version: str
    digest: str


class Parent(Model):
    """The step of another execution that began this one: its execution, its log, its path."""

    execution_id: ExecutionId
    log_id: str
    path: str


class Replay(Model):
    """The execution whose recorded results answer the steps before `from_step` (a step's id)."""

    execution_id: ExecutionId
    from_step: str


class Override(Model):
    """What a replay has otherwise for a step: another model, another version of its prompt."""

    model: ModelName | None = None
    prompt_version: str | None = None


class ExecutionError(Model):
    """Why an execution ended badly: the error's class name, its cause, and the step it came from
    where one did.
    """

    name: str
    message: str
    step: str | None = None


class Execution(Model):
    """One run of one workflow version. `usage` and `cost_micro_usd` sum the step logs so far; the
    cost is None when any step's is unknown. `depth` counts the executions above it, which began it
    as a step of theirs.
    """

    id: ExecutionId
    workspace: WorkspaceId
    workflow_id: WorkflowId
    version: str
    pins: Mapping[str, Pin] = {}
    workflow_pins: Mapping[str, WorkflowPin] = {}
    status: ExecutionStatus = ExecutionStatus.QUEUED
    input: Mapping[str, Any] = {}
    output: Any = None
    output_blob: str | None = None
    """Digest of the blob that holds a large output."""
    error: ExecutionError | None = None
    trigger: str = "manual"
    stream: bool = False
    """Whether what models say is told while they say it."""
    slot: Slot | None = None
    """None where nothing limits it."""
    parent: Parent | None = None
    depth: Annotated[int, Field(ge=0)] = 0
    replay_of: Replay | None = None
    overrides: Mapping[str, Override] = {}
    """By step id, of a replay."""
    resumes: Annotated[int, Field(ge=0)] = 0
    """How often it went on after it had ended badly."""
    resumed_at: Timestamp | None = None
    cancelled_by: UserId | None = None
    """Who asked for the end; the status follows when the state machine has stopped."""
    cancel_reason: str | None = None
    """Why, as far as it was said."""
    traceparent: Annotated[str | None, OMITTED] = None
    """What its trace is a part of, in the form of W3C's Trace Context."""
    created_by: UserId
    created_at: Timestamp
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    usage: Usage = Usage()
    cost_micro_usd: Annotated[int, Field(ge=0)] | None = 0
    costs: Annotated[tuple[CostRow, ...], NONE_OMITTED] = ()
    """At its end, what its own steps have cost by model and prompt. What executions have cost that
    its steps began is with those.
    """
    budgets: Annotated[tuple[RunBudget, ...], NONE_OMITTED] = ()
    """Those that calls of its steps are taken from, the month's apart."""

    @property
    def takes_steps(self) -> bool:
        """Whether a step may still start: not after the end, nor once somebody asked for it."""
        return not self.status.final and self.cancelled_by is None


class LogStatus(StrEnum):
    """Where a step job stands."""

    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Whether the step has ended."""
        return self in {LogStatus.SUCCEEDED, LogStatus.FAILED}


class LogError(Model):
    """The error's class name in our tree, and its cause."""

    name: str
    message: str


class FailedModel(Model):
    """A model that was asked before another one: its name, and the error in our tree."""

    model: str
    error: LogError


class ExecutionLog(Model):
    """What one step job did: the rendered request, the answer, the model, times, tokens and cost.

    There is one for each (execution, path, iteration); `attempt` counts from 1 and the last one
    stands. A run of a prompt outside a workflow has no execution. `kind` is that of the step: an
    action's `input` and `output` are its arguments and its result, a workflow's those of the
    execution `child`, an approval's what was asked and decided. `replayed` says that the result is
    that of the execution which this one replays. `cost_micro_usd` is None where the price is
    unknown.

    `model` is the one that was asked and answered, or failed; `failed_models` were asked before it,
    and `dropped_settings` are those of the prompt or the step that it does not take. `tool_calls`
    are what it asks for in place of an answer, `tool_uses` what was done for it before. Where a
    single call of `model` does not tell all, `calls` are all calls, of earlier tries too; `usage`,
    `cost_micro_usd` and `latency_ms` are of all of them together.
    `cached` says that it is an answer of before: its `usage` is what that took then, its cost 0.
    """

    id: str
    workspace: WorkspaceId
    execution_id: ExecutionId | None = None
    workflow_id: WorkflowId | None = None
    kind: StepKind = "prompt"
    prompt_id: PromptId | None = None
    prompt_version: str | None = None
    step: str
    path: str
    iteration: str | None = None
    attempt: Annotated[int, Field(ge=1)] = 1
    status: LogStatus = LogStatus.RUNNING
    model: str | None = None
    model_served: str | None = None
    failed_models: tuple[FailedModel, ...] = ()
    dropped_settings: Annotated[tuple[str, ...], NONE_OMITTED] = ()
    input: Annotated[ModelRequest | JsonValue, Field(union_mode="left_to_right")] = None
    output: Any = None
    child: ExecutionId | None = None
    earlier_children: Annotated[Mapping[ExecutionId, int | None], NONE_OMITTED] = {}
    """What the executions have cost that earlier tries of the step ran; None is unknown."""
    text: str | None = None
    tool_calls: Annotated[tuple[ToolCall, ...], NONE_OMITTED] = ()
    tool_uses: Annotated[tuple[ToolUse, ...], NONE_OMITTED] = ()
    calls: Annotated[tuple[ModelCall, ...], NONE_OMITTED] = ()
    usage: Usage | None = None
    cost_micro_usd: Annotated[int, Field(ge=0)] | None = None
    cached: bool = False
    replayed: bool = False
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
