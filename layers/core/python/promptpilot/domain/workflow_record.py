"""Workflows in the shapes that clients read."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from promptpilot.domain.base import OMITTED, Model, Timestamp
from promptpilot.domain.bounds import Bounds
from promptpilot.domain.ids import UserId, WorkflowId
from promptpilot.domain.prompt import PromptName
from promptpilot.domain.semver import Version
from promptpilot.domain.workflow import (
    Suspension,
    Workflow,
    WorkflowDocument,
    WorkflowStatus,
    WorkflowVersion,
)


def written_fields(document: WorkflowDocument) -> dict[str, Any]:
    """What its author wrote in a document, by field."""
    return {name: getattr(document, name) for name in document.model_fields_set}


class WorkflowVersionRecord(WorkflowDocument):
    """One version of a workflow, with nothing that ever changes: the document as it was written,
    and what is known of it.
    """

    id: WorkflowId
    digest: str
    bounds: Bounds
    author: UserId
    created_at: Timestamp
    """When this version was made."""

    @classmethod
    def of(cls, version: WorkflowVersion) -> "WorkflowVersionRecord":
        """The record of a version. Its parts were validated when they were written."""
        return cls.model_construct(**written_fields(version.document), **_known_of(version))


class WorkflowRecord(WorkflowVersionRecord):
    """A workflow at one version: the document and what is known of both."""

    status: WorkflowStatus
    labels: Mapping[str, Version] = {}
    protected_labels: tuple[str, ...] = ()
    latest: Version
    revision: int
    owner: UserId
    suspended: Suspension | None = None
    updated_at: Timestamp
    """When anything about the workflow last changed."""
    archived_at: Timestamp | None = None


def _known_of(version: WorkflowVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "id": version.workflow_id,
        "digest": version.digest,
        "bounds": version.bounds,
        "author": version.author,
        "created_at": version.created_at,
    }


class WorkflowAt(NamedTuple):
    """A workflow at one of its versions."""

    workflow: Workflow
    revision: int
    version: WorkflowVersion

    @property
    def document(self) -> WorkflowDocument:
        """The version's document, under the name and with the description that the workflow has
        now.
        """
        written = {**written_fields(self.version.document), "name": self.workflow.name}
        written.pop("description", None)
        if self.workflow.description is not None:
            written["description"] = self.workflow.description
        return WorkflowDocument.model_construct(**written)

    @property
    def record(self) -> WorkflowRecord:
        """All that is known of both. Its parts were validated when they were written."""
        head = self.workflow
        fields = {
            **written_fields(self.document),
            **_known_of(self.version),
            "status": head.status,
            "labels": head.labels,
            "protected_labels": head.protected_labels,
            "latest": head.latest,
            "revision": self.revision,
            "owner": head.owner,
            "updated_at": head.updated_at,
        }
        set_ones = {"suspended": head.suspended, "archived_at": head.archived_at}
        fields |= {name: value for name, value in set_ones.items() if value is not None}
        return WorkflowRecord.model_construct(**fields)


class WorkflowSummary(Model):
    """A workflow without its steps. One that has a draft only has neither version nor latest."""

    id: WorkflowId
    name: PromptName
    description: str | None = None
    status: WorkflowStatus
    version: Version | None
    """The one that is run where nothing is named."""
    latest: Version | None
    labels: Mapping[str, Version] = {}
    protected_labels: tuple[str, ...] = ()
    owner: UserId
    suspended: Annotated[Suspension | None, OMITTED] = None
    revision: int
    created_at: Timestamp
    updated_at: Timestamp
    archived_at: Annotated[Timestamp | None, OMITTED] = None

    @classmethod
    def of(cls, head: Workflow, revision: int, version: str | None) -> "WorkflowSummary":
        """The summary of a workflow, of which `version` is run where nothing is named."""
        return cls.model_construct(
            id=head.id,
            name=head.name,
            description=head.description,
            status=head.status,
            version=version,
            latest=head.latest,
            labels=head.labels,
            protected_labels=head.protected_labels,
            owner=head.owner,
            suspended=head.suspended,
            revision=revision,
            created_at=head.created_at,
            updated_at=head.updated_at,
            archived_at=head.archived_at,
        )
