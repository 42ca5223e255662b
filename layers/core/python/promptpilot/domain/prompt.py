"""Prompts: the movable head, the immutable versions, and how one refers to a version."""

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Annotated, Any, cast

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_serializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from promptpilot.domain.base import NONE_OMITTED, Model, Timestamp, canonical_json, digest_of
from promptpilot.domain.ids import PromptId, UserId, WorkspaceId
from promptpilot.domain.json_value import JsonValue
from promptpilot.domain.message import Tools
from promptpilot.domain.model import ModelName, Settings
from promptpilot.domain.prompt_message import PromptMessage
from promptpilot.domain.semver import Version
from promptpilot.domain.variables import DeclaredVariable
from promptpilot.domain.versioned import Versioned

MAX_CONTENT_BYTES = 256 * 1024
MAX_METADATA_BYTES = 32 * 1024
MAX_NAME_LENGTH = 200

_PROMPT_ID = re.compile(r"prompt_[0-9A-HJKMNP-TV-Z]{26}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def is_prompt_id(text: str) -> bool:
    """Whether the text could be a prompt's id at all; what cannot is simply not found."""
    return _PROMPT_ID.fullmatch(text) is not None


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed")
    return text


def _folder(path: str) -> str:
    parts = [part.strip() for part in path.split("/")]
    if not all(parts):
        raise ValueError("a folder is one or more names with / between them")
    return "/".join(parts)


PromptName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_LENGTH),
    AfterValidator(_printable),
]
Folder = Annotated[
    str, StringConstraints(max_length=500), AfterValidator(_printable), AfterValidator(_folder)
]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]

CommitMessage = Annotated[str, StringConstraints(max_length=2_000)]
OutputSchema = Mapping[str, JsonValue]


class Metadata(Model):
    """What people say about a prompt. Further keys are kept, with `MAX_METADATA_BYTES` in all."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    category: Annotated[str, StringConstraints(max_length=200)] | None = None
    tags: Annotated[tuple[Tag, ...], Field(max_length=50)] = ()
    description: Annotated[str, StringConstraints(max_length=4_000)] | None = None

    def model_post_init(self, _context: Any, /) -> None:
        """Refuse metadata that would crowd out what it is about."""
        extra = self.__pydantic_extra__
        if extra and len(canonical_json(extra).encode()) > MAX_METADATA_BYTES:
            raise ValueError(f"metadata may have at most {MAX_METADATA_BYTES} bytes")

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of what is written is that of what is read, whoever writes it."""
        return handler(cast("CoreSchema", {**core_schema, "serialization": None}))

    @model_serializer
    def _as_set(self) -> dict[str, Any]:
        """Exactly the keys that were set, so that what was sent is what is read."""
        sent = self.model_fields_set
        known = {"category": self.category, "tags": self.tags, "description": self.description}
        set_ones = {name: value for name, value in known.items() if name in sent}
        return {**set_ones, **(self.__pydantic_extra__ or {})}


class Lineage(Model):
    """Which version a forked prompt was copied from."""

    prompt: PromptId
    version: Version
    digest: str


class Prompt(Versioned):
    """The head of a prompt: all that may change."""

    id: PromptId
    name: PromptName
    folder: Folder | None = None
    metadata: Metadata = Metadata()
    latest: Version
    forked_from: Lineage | None = None


class PromptContent(Model):
    """What affects a model call: exactly one of `content` (text) and `messages`, and the rest.

    `includes` maps each "prompt id@version" that the texts include to that version's digest.
    """

    content: str | None = None
    messages: tuple[PromptMessage, ...] | None = None
    variables: tuple[DeclaredVariable, ...] = ()
    output_schema: OutputSchema | None = None
    model: ModelName | None = None
    settings: Settings = Settings()
    tools: Annotated[Tools, NONE_OMITTED] = ()
    includes: Mapping[str, str] = {}

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """The templates with the names that errors call them: "content", or "messages/0" and on."""
        if self.messages is None:
            return (("content", self.content or ""),)
        return tuple(
            (f"messages/{place}", message.content) for place, message in enumerate(self.messages)
        )

    def content_digest(self) -> str:
        """SHA-256 over the canonical JSON of these fields, whatever the order of the variables."""
        variables = [variable.model_dump(mode="json") for variable in self.variables]
        tools = {"tools": [each.model_dump(mode="json") for each in self.tools]}
        return digest_of(
            {
                **(tools if self.tools else {}),
                "content": self.content,
                "messages": self.messages and [each.model_dump() for each in self.messages],
                "variables": sorted(variables, key=itemgetter("name")),
                "output_schema": self.output_schema,
                "model": self.model,
                "settings": self.settings.model_dump(mode="json"),
                "includes": self.includes,
            }
        )


class PromptVersion(PromptContent):
    """One version of a prompt, which never changes."""

    workspace: WorkspaceId
    prompt_id: PromptId
    version: Version
    message: CommitMessage | None = None
    author: UserId
    created_at: Timestamp
    digest: str


class PromptRef(Model):
    """Which prompt, by id or by name, and which version of it, by number or by label.

    With neither version nor label it is `production` where that is set, else the latest. What
    contradicts itself, or is not there, is told by `services.prompts.versions.resolve_ref`.
    """

    id: str | None = None
    name: str | None = None
    version: str | None = None
    label: str | None = None
