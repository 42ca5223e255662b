"""The part of a prompt document that never changes: what is said of one version for ever."""

from collections.abc import Mapping
from typing import Annotated

from promptpilot.domain.base import OMITTED, Model, Timestamp
from promptpilot.domain.ids import PromptId, UserId
from promptpilot.domain.message import Tool
from promptpilot.domain.model import ModelName, Settings
from promptpilot.domain.prompt import CommitMessage, OutputSchema
from promptpilot.domain.prompt_document import EMPTY_OMITTED, PromptDocument
from promptpilot.domain.prompt_message import PromptMessage
from promptpilot.domain.semver import Version
from promptpilot.domain.variables import DeclaredVariable


class VersionDocument(Model):
    """A version of a prompt, without what moves: its name, metadata, labels and revision."""

    id: PromptId
    content: Annotated[str | None, OMITTED] = None
    messages: Annotated[tuple[PromptMessage, ...] | None, OMITTED] = None
    variables: tuple[DeclaredVariable, ...] = ()
    version: Version
    digest: str
    model: Annotated[ModelName | None, OMITTED] = None
    settings: Settings = Settings()
    tools: Annotated[tuple[Tool, ...], EMPTY_OMITTED] = ()
    output_schema: Annotated[OutputSchema | None, OMITTED] = None
    includes: Mapping[str, str] = {}
    message: Annotated[CommitMessage | None, OMITTED] = None
    author: UserId
    created_at: Timestamp

    @classmethod
    def of(cls, document: PromptDocument) -> "VersionDocument":
        """That part of a document."""
        fields = {name: getattr(document, name) for name in cls.model_fields}
        return cls.model_construct(**fields)
