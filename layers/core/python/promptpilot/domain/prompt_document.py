"""The prompt document of the API, and what clients send to make and change prompts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Protocol

from pydantic import Field, StringConstraints, model_validator

from promptpilot.domain.base import OMITTED, Model, Timestamp
from promptpilot.domain.ids import PromptId, UserId
from promptpilot.domain.message import Message, Tool, Tools
from promptpilot.domain.model import ModelName, Settings
from promptpilot.domain.prompt import (
    MAX_CONTENT_BYTES,
    CommitMessage,
    Folder,
    Lineage,
    Metadata,
    OutputSchema,
    Prompt,
    PromptName,
    PromptVersion,
)
from promptpilot.domain.prompt_message import PromptMessage
from promptpilot.domain.semver import BumpWord, Version
from promptpilot.domain.variables import MAX_VARIABLES, DeclaredVariable, unique_variables

MAX_MESSAGES = 100

Selector = Annotated[str, StringConstraints(max_length=64)]
"""What is to name a version or a label; whether it does is found out by looking for it."""

Messages = Annotated[tuple[PromptMessage, ...], Field(min_length=1, max_length=MAX_MESSAGES)]
Variables = Annotated[
    tuple[DeclaredVariable, ...], Field(max_length=MAX_VARIABLES), unique_variables
]


NO_SETTINGS = Settings()
EMPTY_OMITTED = Field(exclude_if=lambda value: not value or value == NO_SETTINGS)


class ContentDraft(Model):
    """What a client writes of a version; which of the fields it sent is in `model_fields_set`."""

    content: Annotated[str, StringConstraints(max_length=MAX_CONTENT_BYTES)] | None = None
    messages: Messages | None = None
    variables: Variables | None = None
    output_schema: OutputSchema | None = None
    model: ModelName | None = None
    settings: Settings | None = None
    tools: Tools | None = None
    message: CommitMessage | None = None

    @model_validator(mode="after")
    def _bounded(self) -> "ContentDraft":
        if self.content is not None and self.messages is not None:
            raise ValueError("either content or messages, not both")
        texts = [self.content or "", *(message.content for message in self.messages or ())]
        if sum(len(text.encode()) for text in texts) > MAX_CONTENT_BYTES:
            raise ValueError(f"the content may have at most {MAX_CONTENT_BYTES} bytes")
        return self


class PromptDraft(ContentDraft):
    """A new prompt: the prompt document without what the server sets.

    `version` is the first version, "1.0.0" where it is left out. The fields that the server sets
    (`id`, `digest`, `labels`, `revision`, `author`, `created_at`, `updated_at`, `forked_from`) are
    unknown here and refused by name.
    """

    name: PromptName
    folder: Folder | None = None
    metadata: Metadata = Metadata()
    version: Version = "1.0.0"

    @model_validator(mode="after")
    def _has_content(self) -> "PromptDraft":
        if self.content is None and self.messages is None:
            raise ValueError("content or messages is needed")
        return self


class VersionDraft(ContentDraft):
    """A new version: what is left out stays as in the latest version, null clears it.

    `version` or `bump` says how far to raise it; with neither it is the smallest legal raise.
    `metadata` replaces that of the prompt, which has no versions.
    """

    metadata: Metadata | None = None
    version: Version | None = None
    bump: BumpWord | None = None


class PromptPatch(Model):
    """Changes of what has no versions; what is left out stays. `folder: null` is no folder."""

    name: PromptName | None = None
    folder: Folder | None = None
    metadata: Metadata | None = None


class ForkDraft(Model):
    """A copy of a version as a new prompt; without a name it is the old one and "(fork)"."""

    name: PromptName | None = None
    folder: Folder | None = None
    version: Selector | None = None
    label: Selector | None = None


class RenderRequest(Model):
    """Values for the variables, and which version to render."""

    variables: Mapping[str, Any] = {}
    version: Selector | None = None
    label: Selector | None = None


class Rendered(Model):
    """What a model would be sent: `text` for a text prompt, `messages` for the other kind."""

    text: Annotated[str | None, OMITTED] = None
    messages: Annotated[tuple[Message, ...] | None, OMITTED] = None
    version: Version
    digest: str


class PromptDocument(Model):
    """A prompt at one version, in the shape that clients read; what is not set is left out."""

    id: PromptId
    name: PromptName
    content: Annotated[str | None, OMITTED] = None
    messages: Annotated[tuple[PromptMessage, ...] | None, OMITTED] = None
    variables: tuple[DeclaredVariable, ...] = ()
    metadata: Metadata = Metadata()
    folder: Annotated[Folder | None, OMITTED] = None
    version: Version
    digest: str
    labels: Mapping[str, Version] = {}
    protected_labels: tuple[str, ...] = ()
    latest: Version
    revision: int
    model: Annotated[ModelName | None, OMITTED] = None
    settings: Annotated[Settings, EMPTY_OMITTED] = Settings()
    tools: Annotated[tuple[Tool, ...], EMPTY_OMITTED] = ()
    output_schema: Annotated[OutputSchema | None, OMITTED] = None
    includes: Annotated[Mapping[str, str], EMPTY_OMITTED] = {}
    message: Annotated[CommitMessage | None, OMITTED] = None
    author: UserId
    created_at: Timestamp
    """When this version was made."""
    updated_at: Timestamp
    """When anything about the prompt last changed."""
    forked_from: Annotated[Lineage | None, OMITTED] = None

    @classmethod
    def of(cls, head: Prompt, revision: int, version: PromptVersion) -> "PromptDocument":
        """The document of that version. Its parts were validated when they were written."""
        return cls.model_construct(
            id=head.id,
            name=head.name,
            content=version.content,
            messages=version.messages,
            variables=version.variables,
            metadata=head.metadata,
            folder=head.folder,
            version=version.version,
            digest=version.digest,
            labels=head.labels,
            protected_labels=head.protected_labels,
            latest=head.latest,
            revision=revision,
            model=version.model,
            settings=version.settings,
            tools=version.tools,
            output_schema=version.output_schema,
            includes=version.includes,
            message=version.message,
            author=version.author,
            created_at=version.created_at,
            updated_at=head.updated_at,
            forked_from=head.forked_from,
        )


class PromptSummary(Model):
    """A prompt in a list, without the contents of its versions.

    `version` is the one that is fetched where nothing is named.
    """

    id: PromptId
    name: PromptName
    metadata: Metadata = Metadata()
    folder: Annotated[Folder | None, OMITTED] = None
    version: Version
    latest: Version
    labels: Mapping[str, Version] = {}
    revision: int
    created_at: Timestamp
    updated_at: Timestamp
    forked_from: Annotated[Lineage | None, OMITTED] = None


class Summarized(Protocol):
    """A version of a prompt or a workflow."""

    @property
    def version(self) -> str: ...  # noqa: D102 - the model says it
    @property
    def digest(self) -> str: ...  # noqa: D102 - the model says it
    @property
    def message(self) -> str | None: ...  # noqa: D102 - the model says it
    @property
    def author(self) -> str: ...  # noqa: D102 - the model says it
    @property
    def created_at(self) -> datetime: ...  # noqa: D102 - the model says it


class VersionSummary(Model):
    """A version in a list, without its content."""

    version: Version
    digest: str
    message: Annotated[CommitMessage | None, OMITTED] = None
    author: UserId
    created_at: Timestamp
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, version: Summarized, labels: Mapping[str, str]) -> "VersionSummary":
        """The summary of a version, with those of the labels that point to it."""
        return cls.model_construct(
            version=version.version,
            digest=version.digest,
            message=version.message,
            author=version.author,
            created_at=version.created_at,
            labels=tuple(label for label, at in sorted(labels.items()) if at == version.version),
        )
