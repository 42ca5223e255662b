"""Workflows: the document, the movable head, the immutable versions."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.bounds import Bounds
from promptpilot.domain.duration import Duration, between, seconds_of
from promptpilot.domain.ids import UserId, WorkflowId, WorkspaceId
from promptpilot.domain.json_value import JsonValue
from promptpilot.domain.packed_json import PackedJson
from promptpilot.domain.prompt import CommitMessage, PromptName
from promptpilot.domain.semver import Version
from promptpilot.domain.workflow_steps import AnyStep, PromptStep, Step
from promptpilot.domain.written import Written
from promptpilot.errors import StepInvalid

MAX_STEPS = 200

ANY_OBJECT: Mapping[str, JsonValue] = {"type": "object"}


class ManualTrigger(Written):
    """Somebody starts it."""

    kind: Literal["manual"]


class WorkflowHeading(Written):
    """A workflow document but for its steps.

    `input` is the JSON Schema of an execution's input. `output` is what an execution answers; where
    it is left out, the result of the last step. `timeout` is for a whole execution.
    """

    name: PromptName
    description: Annotated[str, Field(max_length=4_000)] | None = None
    version: Version = "1.0.0"
    message: CommitMessage | None = None
    input: Mapping[str, JsonValue] = ANY_OBJECT
    output: JsonValue = None
    triggers: Annotated[tuple[ManualTrigger, ...], Field(max_length=1)] = (
        ManualTrigger(kind="manual"),
    )
    timeout: Annotated[Duration, between("1s", "30d")] = "1h"

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
        return {step.id: step for step in self.steps}


class Workflow(Model):
    """The head of a workflow: all that may change. Its revision is that of its item."""

    id: WorkflowId
    workspace: WorkspaceId
    name: PromptName
    description: str | None = None
    owner: UserId
    labels: Mapping[str, Version] = {}
    latest: Version
    created_at: Timestamp
    updated_at: Timestamp


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

    @cached_property
    def steps(self) -> Mapping[str, Step]:
        """Every step by its path, in reading order."""
        return self.document.by_path

    @cached_property
    def prompt_steps(self) -> Mapping[str, PromptStep]:
        """The steps that call a model, by path, in reading order."""
        return {path: step for path, step in self.steps.items() if isinstance(step, PromptStep)}

    def step(self, path: str) -> PromptStep:
        """The configuration of a step that a worker was handed. Raises `StepInvalid`."""
        if path not in self.prompt_steps:
            raise StepInvalid(reason=f"The workflow has no prompt step {path!r}.")
        return self.prompt_steps[path]


class WorkflowRecord(WorkflowDocument):
    """A workflow at one version, in the shape that clients read: the document and what we know."""

    id: WorkflowId
    digest: str
    bounds: Bounds
    labels: Mapping[str, Version] = {}
    latest: Version
    revision: int
    owner: UserId
    author: UserId
    created_at: Timestamp
    """When this version was made."""
    updated_at: Timestamp
    """When anything about the workflow last changed."""

    @classmethod
    def of(cls, head: Workflow, revision: int, version: WorkflowVersion) -> "WorkflowRecord":
        """The record of that version. Its parts were validated when they were written."""
        document = version.document
        written: dict[str, Any] = {
            name: getattr(document, name) for name in document.model_fields_set
        }
        written |= {
            "name": head.name,
            "version": version.version,
            "id": head.id,
            "digest": version.digest,
            "bounds": version.bounds,
            "labels": head.labels,
            "latest": head.latest,
            "revision": revision,
            "owner": head.owner,
            "author": version.author,
            "created_at": version.created_at,
            "updated_at": head.updated_at,
        }
        return cls.model_construct(**written)


class WorkflowSummary(Model):
    """A workflow in a list, without its steps."""

    id: WorkflowId
    name: PromptName
    description: str | None = None
    version: Version
    """The one that is run where nothing is named."""
    latest: Version
    labels: Mapping[str, Version] = {}
    owner: UserId
    revision: int
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, head: Workflow, revision: int, version: str) -> "WorkflowSummary":
        """The summary of a workflow."""
        return cls.model_construct(
            id=head.id,
            name=head.name,
            description=head.description,
            version=version,
            latest=head.latest,
            labels=head.labels,
            owner=head.owner,
            revision=revision,
            created_at=head.created_at,
            updated_at=head.updated_at,
        )
