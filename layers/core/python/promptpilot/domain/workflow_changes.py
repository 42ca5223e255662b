"""What clients send to make, change and check workflows, and what they are told of drafts."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from promptpilot.domain.base import OMITTED, Model, Timestamp
from promptpilot.domain.bounds import Bounds
from promptpilot.domain.ids import UserId, WorkflowId
from promptpilot.domain.prompt import CommitMessage, PromptName
from promptpilot.domain.semver import BumpWord, Version
from promptpilot.domain.workflow import Description, WorkflowDocument, WorkflowStatus
from promptpilot.errors import Problem


class WorkflowVersionDraft(WorkflowDocument):
    """A new version: the whole document. `version` or `bump` says how far to raise the number; with
    neither it is the smallest legal raise.
    """

    version: Version | None = None  # type: ignore[assignment]  # a document's own is never null
    bump: BumpWord | None = None


class WorkflowPatch(Model):
    """Changes of what has no versions; what is left out stays. `description: null` is none."""

    name: PromptName | None = None
    description: Description | None = None


class PublishRequest(Model):
    """How the draft becomes a version. What is said here takes the place of what its document says
    of `version` and `message`.
    """

    version: Version | None = None
    bump: BumpWord | None = None
    message: CommitMessage | None = None


class DocumentProblem(Model):
    """One thing wrong with a document: its place as a JSON pointer, a stable code, a sentence."""

    at: str
    code: str
    message: str

    @classmethod
    def of(cls, problem: Problem) -> "DocumentProblem":
        """The problem as clients read it."""
        return cls.model_construct(at=problem.at, code=problem.code, message=problem.message)


class WorkflowCheck(Model):
    """Whether a document could be saved as it is, and what an execution could do at most."""

    valid: bool
    problems: tuple[DocumentProblem, ...] = ()
    bounds: Annotated[Bounds | None, OMITTED] = None


class StoredDraft(Model):
    """A draft as it is kept: JSON, which need not be a workflow yet."""

    document: Mapping[str, Any]
    author: UserId
    updated_at: Timestamp


class WorkflowDraft(WorkflowCheck):
    """The draft of a workflow and what is wrong with it now. The revision is the draft's own."""

    id: WorkflowId
    status: WorkflowStatus
    document: Annotated[dict[str, Any], Field(description="As it was sent.")]
    revision: int
    author: UserId
    updated_at: Timestamp
