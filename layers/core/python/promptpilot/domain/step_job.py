"""The message that hands one step to a worker: the body of an SQS message."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from promptpilot.domain.base import NOTHING, Model
from promptpilot.domain.ids import ExecutionId, PromptId, RunId, WorkflowId, WorkspaceId
from promptpilot.domain.model import ModelName

StepKind = Literal["prompt", "action", "approval", "workflow"]
"""The kinds of step that leave the state machine."""


class StepPlace(Model):
    """Where a step stands in its workflow.

    `step` is its id, `path` the ids that lead to it ("route/ask"), `ordinal` its position in the
    document counted from 1 in reading order, `iteration` the indexes of the loops and maps around
    it, outermost first ("2", "2.5").
    """

    step: str
    path: str
    ordinal: Annotated[int, Field(ge=1, le=99_999)] = 1
    iteration: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)*$")] | None = None


class WorkflowStepJob(StepPlace):
    """A step of an execution: sent by the state machine, which waits on `token`.

    `kind` is that of the step. `attempt` counts from 0 as the state machine's RetryCount does. The
    step's configuration is not in the message: the worker finds it in the workflow version, and the
    versions of prompts and workflows in the execution's pins.
    """

    kind: StepKind
    token: str
    workspace: WorkspaceId
    execution: ExecutionId
    workflow: WorkflowId
    version: str
    attempt: Annotated[int, Field(ge=0)] = 0
    variables: Mapping[str, Any] = NOTHING
    """What the step gives: a prompt's variables, an action's arguments, a workflow's input."""
    model: ModelName | None = None
    """Named by the step (it may be an expression); None leaves it to the prompt version."""
    tools: Mapping[str, Mapping[str, Any]] = NOTHING
    """By the name of a tool of the step, the arguments that the author gives."""
    message: str | None = None
    """What an approval asks."""


class PromptRunJob(Model):
    """One run of one prompt version outside any workflow. `log` is the id of the log it fills."""

    kind: Literal["prompt_run"] = "prompt_run"
    workspace: WorkspaceId
    log: str
    prompt: PromptId
    version: str
    variables: Mapping[str, Any] = NOTHING
    model: ModelName | None = None
    run: RunId | None = None
    """The run that it is a part of, which can be followed and cancelled."""
    traceparent: str | None = None
    """The request that it is a part of, in the form of W3C's Trace Context."""


class ModelKeyJob(Model):
    """Asking a vendor whether it takes a key, which is in no message: it is a secret of the
    workspace. `check` is the id of the check, `user` who wants the key to be kept.
    """

    kind: Literal["model_key"] = "model_key"
    workspace: WorkspaceId
    vendor: str
    check: str
    user: str


AnyJob = WorkflowStepJob | PromptRunJob | ModelKeyJob
StepJob = Annotated[AnyJob, Field(discriminator="kind")]

_job: TypeAdapter[AnyJob] = TypeAdapter(StepJob)


def parse_step_job(body: str) -> AnyJob:
    """The job that a message carries. Raises pydantic's `ValidationError`."""
    return _job.validate_json(body)
