"""Versions of prompts: making, listing and comparing them, and finding the one that is meant."""

from collections.abc import Mapping
from typing import Any

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.message import Message
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import Prompt, PromptContent, PromptRef, PromptVersion
from promptpilot.domain.prompt_diff import PromptDiff, diff_versions_of
from promptpilot.domain.prompt_document import PromptDocument, VersionDraft
from promptpilot.domain.prompt_message import filled
from promptpilot.domain.semver import Bump, Semver
from promptpilot.domain.variables import checked_values
from promptpilot.domain.version_changes import free_version, only_one
from promptpilot.domain.version_rules import next_version
from promptpilot.errors import Invalid
from promptpilot.ports.models import Models
from promptpilot.ports.table import Create, Position, Table
from promptpilot.services.heads import Head, HeadChange
from promptpilot.services.outbox import outbox
from promptpilot.services.prompts.contents import checked_content, drafted_content
from promptpilot.services.prompts.heads import PROMPTS, find_head
from promptpilot.services.prompts.templates import texts_with
from promptpilot.services.prompts.version_store import load_version, remember_version, version_item
from promptpilot.services.version_pages import VersionPage, version_page

__all__ = [
    "create_version",
    "diff_versions",
    "list_versions",
    "load_version",
    "render_messages",
    "resolve_ref",
]


def create_version(
    principal: Principal,
    id: str,
    change: VersionDraft,
    *,
    if_revision: int | None = None,
    table: Table,
    models: Models,
) -> PromptDocument:
    """Make the next version of a prompt: the latest one with what `change` names in its place.

    Without `if_revision` concurrent calls all succeed, one after another, each on the result of the
    one before. Raises `NotFound`, `RevisionConflict`, `AlreadyExists`, `VersionBumpTooSmall`,
    `Conflict` where nothing would change, `TemplateInvalid`, `DocumentInvalid`, `Invalid`.
    """
    principal.require(Action.PROMPT_WRITE)
    only_one(change.version, change.bump)
    made: list[PromptVersion] = []

    def plan(head: Head[Prompt]) -> HeadChange[Prompt]:
        prompt = head.subject
        latest = load_version(prompt.workspace, prompt.id, prompt.latest, table=table)
        content = drafted_content(change, latest)
        content = checked_content(prompt.workspace, content, table=table, models=models)
        bump = Bump.of(change.bump) if change.bump else None
        asked = _free_version(change.version, latest, table)
        number = next_version(latest, content, version=asked, bump=bump)
        version = new_version(prompt, content, str(number), change.message, principal.user)
        made[:] = [version]
        update: dict[str, Any] = {"latest": version.version}
        if change.metadata is not None:
            update["metadata"] = change.metadata
        event = version_created(version)
        return HeadChange(
            prompt.model_copy(update=update), [Create(version_item(version)), outbox(event)]
        )

    head = PROMPTS.change(principal.workspace, id, plan, if_revision=if_revision, table=table)
    remember_version(made[0])
    return PromptDocument.of(head.subject, head.revision, made[0])


def _free_version(asked: str | None, latest: PromptVersion, table: Table) -> Semver | None:
    def exists(version: str) -> bool:
        key = keys.prompt_version(latest.workspace, latest.prompt_id, Semver.parse(version).padded)
        return table.get(key) is not None

    return free_version(asked, latest.version, exists)


def new_version(
    prompt: Prompt, content: PromptContent, version: str, message: str | None, author: str
) -> PromptVersion:
    """A version of that content, made now. The content's parts are validated already."""
    fields = {name: getattr(content, name) for name in PromptContent.model_fields}
    return PromptVersion.model_construct(
        **fields,
        workspace=prompt.workspace,
        prompt_id=prompt.id,
        version=version,
        message=message,
        author=author,
        created_at=now(),
        digest=content.content_digest(),
    )


def version_created(version: PromptVersion) -> Event:
    """The event that tells of a new version."""
    return Event.of(
        EventType.PROMPT_VERSION_CREATED,
        workspace=version.workspace,
        actor=version.author,
        subject=version.prompt_id,
        version=version.version,
        digest=version.digest,
    )


def list_versions(
    principal: Principal,
    id: str,
    *,
    limit: int = 50,
    after: Position | None = None,
    table: Table,
) -> VersionPage:
    """The versions of a prompt, newest first. Raises `NotFound`."""
    principal.require(Action.PROMPT_READ)
    head = PROMPTS.load(principal.workspace, id, table=table)
    key = keys.prompt_version(principal.workspace, id)
    labels = head.subject.labels
    return version_page(key, PromptVersion, labels, limit=limit, after=after, table=table)


def diff_versions(
    principal: Principal, id: str, version: str, other: str, *, table: Table
) -> PromptDiff:
    """What changed from `version` to `other`, two versions of one prompt. Raises `NotFound`."""
    principal.require(Action.PROMPT_READ)
    workspace = principal.workspace
    return diff_versions_of(
        load_version(workspace, id, version, table=table),
        load_version(workspace, id, other, table=table),
    )


def resolve_ref(workspace: str, ref: PromptRef, *, table: Table) -> PromptVersion:
    """The version that a reference means now.

    Raises `Invalid` for one that contradicts itself, `NotFound`, `Conflict` where several prompts
    have the name.
    """
    if (ref.id is None) == (ref.name is None):
        raise Invalid(reason="Refer to a prompt by its id or by its name, one of the two.")
    if ref.id is not None and ref.version is not None and ref.label is None:
        return load_version(workspace, ref.id, ref.version, table=table)
    if ref.id is not None:
        head = PROMPTS.load(workspace, ref.id, table=table)
    else:
        head = find_head(workspace, ref.name or "", table=table)
    version = head.pick(ref.version, ref.label)
    return load_version(workspace, head.subject.id, version, table=table)


def render_messages(
    version: PromptVersion, variables: Mapping[str, Any], *, table: Table
) -> tuple[Message, ...]:
    """The messages for a model: the rendered texts, and the files in their places; a text prompt
    becomes one message of the user.

    Raises `VariablesInvalid`, `RenderFailed`, `TooLarge`.
    """
    values = checked_values(version.variables, variables)
    texts = texts_with(version, values, table=table)
    if version.messages is None:
        return (Message(role="user", content=texts[0]),)
    return tuple(
        Message(role=message.role, content=text, attachments=filled(message.attachments, values))
        for message, text in zip(version.messages, texts, strict=True)
    )
