"""Workflows: the document, the movable head, the immutable versions."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.bounds import Bounds
from promptpilot.domain.budget import WorkflowBudget
from promptpilot.domain.duration import Duration, between, seconds_of
from promptpilot.domain.ids import UserId, WorkflowId, WorkspaceId
from promptpilot.domain.json_value import JsonValue
from promptpilot.domain.packed_json import PackedJson
from promptpilot.domain.prompt import CommitMessage, PromptName
from promptpilot.domain.semver import Version
from promptpilot.domain.step_blocks import steps_by_path
from promptpilot.domain.step_fields import MAX_STEPS
from promptpilot.domain.versioned import Versioned
from promptpilot.domain.workflow_steps import AnyStep, JobStep, PromptStep, Step, WorkflowStep
from promptpilot.domain.written import Written
from promptpilot.step_errors import StepInvalid

J = TypeVar("J", bound=JobStep)

MAX_LEVELS = 10
"""How many levels deep workflows may run each other, the outermost not counted."""

Description = Annotated[str, Field(max_length=4_000)]

ANY_OBJECT: Mapping[str, JsonValue] = {"type": "object"}


class ManualTrigger(Written):
    """Somebody starts it."""

    kind: Literal["manual"]


class WorkflowHeading(Written):
    """A workflow document but for its steps.

    `input` is the JSON Schema of an execution's input. `output` is what an execution answers; where
    it is left out, the result of the last step. `timeout` and `budget` are for a whole
    execution.
    """

    name: PromptName
    description: Description | None = None
    version: Version = "1.0.0"
    message: CommitMessage | None = None
    input: Mapping[str, JsonValue] = ANY_OBJECT
    output: JsonValue = None
    triggers: Annotated[tuple[ManualTrigger, ...], Field(max_length=1)] = (
        ManualTrigger(kind="manual"),
    )
    timeout: Annotated[Duration, between("1s", "30d")] = "1h"
    budget: WorkflowBudget | None = None

    @property
    def has_output(self) -> bool:
        """Whether the document says what an execution answers; null can be an answer too."""
        return "output" in self.model_fields_set

    @property
    def timeout_seconds(self) -> int:
        """The longest that an execution may take."""
        return seconds_of(self.timeout)


class WorkflowDocument(WorkflowHeading):
    """A workflow as its author writes it."""

    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1, max_length=MAX_STEPS)]

    @property
    def by_path(self) -> Mapping[str, Step]:
        """Every step by its path, in reading order."""
        return dict(steps_by_path(self.steps))


class Suspension(Model):
    """Who has stopped a workflow, since when, and why."""

    by: UserId
    at: Timestamp
    reason: Annotated[str, Field(max_length=1_000)] | None = None


class WorkflowStatus(StrEnum):
    """How a workflow stands: it has a draft only, it can be run, it is out of use."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Workflow(Versioned):
    """The head of a workflow: all that may change."""

    id: WorkflowId
    name: PromptName
    description: Description | None = None
    owner: UserId
    suspended: Suspension | None = None
    """Nothing of a suspended workflow starts."""
    archived_at: Timestamp | None = None

    @property
    def status(self) -> WorkflowStatus:
        """How it stands."""
        if self.archived_at is not None:
            return WorkflowStatus.ARCHIVED
        return WorkflowStatus.DRAFT if self.latest is None else WorkflowStatus.PUBLISHED


class WorkflowVersion(Model):
    """One version of a workflow, which never changes. `digest` is that of the state machine."""

    workspace: WorkspaceId
    workflow_id: WorkflowId
    version: Version
    document: WorkflowDocument
    asl: PackedJson
    bounds: Bounds
    digest: str
    author: UserId
    created_at: Timestamp

    @property
    def message(self) -> str | None:
        """The note that its author left about it."""
        return self.document.message

    @cached_property
    def steps(self) -> Mapping[str, Step]:
        """Every step by its path, in reading order."""
        return self.document.by_path

    @cached_property
    def prompt_steps(self) -> Mapping[str, PromptStep]:
        """The steps that call a model, by path, in reading order."""
        return {path: step for path, step in self.steps.items() if isinstance(step, PromptStep)}

    @cached_property
    def workflow_steps(self) -> Mapping[str, WorkflowStep]:
        """The steps that run another workflow, by path, in reading order."""
        return {path: step for path, step in self.steps.items() if isinstance(step, WorkflowStep)}

    def job_step(self, path: str, kind: type[J]) -> J:
        """The configuration of a step that a worker was handed. Raises `StepInvalid`."""
        step = self.steps.get(path)
        if not isinstance(step, kind):
            raise StepInvalid(reason=f"The workflow has no such step {path!r}.")
        return step
