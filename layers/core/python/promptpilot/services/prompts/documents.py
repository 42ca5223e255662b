"""Prompts: making, reading, listing, changing and forking them."""

from typing import Any

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.base import Model
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import MAX_NAME_LENGTH, Lineage, Prompt, PromptContent
from promptpilot.domain.prompt_document import (
    ForkDraft,
    PromptDocument,
    PromptDraft,
    PromptPatch,
    PromptSummary,
)
from promptpilot.errors import Invalid
from promptpilot.ports.models import Models
from promptpilot.ports.table import Create, Item, Position, Table
from promptpilot.services.heads import Head, HeadChange
from promptpilot.services.listing import listed
from promptpilot.services.outbox import outbox
from promptpilot.services.prompts.contents import checked_content, drafted_content
from promptpilot.services.prompts.heads import PROMPTS
from promptpilot.services.prompts.version_store import load_version, remember_version, version_item
from promptpilot.services.prompts.versions import new_version, version_created

FIRST_VERSION = "1.0.0"
FORK_SUFFIX = " (fork)"


class PromptFilters(Model):
    """Which prompts a list shows; all that are set must hold.

    `q` is looked for in names and descriptions, in any case; a folder holds its subfolders.
    """

    tag: str | None = None
    category: str | None = None
    q: str | None = None
    folder: str | None = None


class PromptPage(Model):
    """Prompts, newest first; with filters a page may be short and still have a next one."""

    items: tuple[PromptSummary, ...]
    next: Position | None = None


def create_prompt(
    principal: Principal, draft: PromptDraft, *, table: Table, models: Models
) -> PromptDocument:
    """Make a prompt and its first version. Raises `TemplateInvalid`, `DocumentInvalid`."""
    principal.require(Action.PROMPT_WRITE)
    content = checked_content(
        principal.workspace,
        drafted_content(draft, PromptContent()),
        table=table,
        models=models,
    )
    prompt = _new_prompt(principal, draft.name, draft.version)
    prompt = prompt.model_copy(update={"folder": draft.folder, "metadata": draft.metadata})
    return _create(principal, prompt, content, draft.message, table)


def fork_prompt(principal: Principal, id: str, fork: ForkDraft, *, table: Table) -> PromptDocument:
    """Copy a version as version 1.0.0 of a new prompt that remembers where it is from.

    Raises `NotFound`, `Invalid` for a version and a label at once.
    """
    principal.require(Action.PROMPT_WRITE)
    head = PROMPTS.load(principal.workspace, id, table=table)
    version = head.pick(fork.version, fork.label)
    source = load_version(principal.workspace, id, version, table=table)
    old = head.subject
    name = fork.name or old.name[: MAX_NAME_LENGTH - len(FORK_SUFFIX)] + FORK_SUFFIX
    lineage = Lineage(prompt=id, version=source.version, digest=source.digest)
    prompt = _new_prompt(principal, name, FIRST_VERSION).model_copy(
        update={
            "folder": fork.folder if "folder" in fork.model_fields_set else old.folder,
            "metadata": old.metadata,
            "forked_from": lineage,
        }
    )
    return _create(principal, prompt, source, f"Forked from {id}@{source.version}.", table)


def _new_prompt(principal: Principal, name: str, version: str) -> Prompt:
    created_at = now()
    return Prompt(
        id=new_id("prompt"),
        workspace=principal.workspace,
        name=name,
        latest=version,
        created_at=created_at,
        updated_at=created_at,
    )


def _create(
    principal: Principal,
    prompt: Prompt,
    content: PromptContent,
    message: str | None,
    table: Table,
) -> PromptDocument:
    version = new_version(prompt, content, prompt.latest, message, principal.user)
    created = Event.of(
        EventType.PROMPT_CREATED,
        workspace=prompt.workspace,
        actor=principal.user,
        subject=prompt.id,
        forked_from=prompt.forked_from.prompt if prompt.forked_from else None,
    )
    operations = [
        Create(PROMPTS.item(prompt)),
        Create(version_item(version)),
        outbox(created),
        outbox(version_created(version)),
    ]
    table.write(operations)
    remember_version(version)
    return PromptDocument.of(prompt, 1, version)


def get_prompt(
    principal: Principal,
    id: str,
    *,
    version: str | None = None,
    label: str | None = None,
    table: Table,
) -> PromptDocument:
    """A prompt at a version: the one named, the one of the label, or `production`, or the latest.

    Raises `NotFound`, `Invalid` for a version and a label at once.
    """
    principal.require(Action.PROMPT_READ)
    head = PROMPTS.load(principal.workspace, id, table=table)
    found = load_version(principal.workspace, id, head.pick(version, label), table=table)
    return PromptDocument.of(head.subject, head.revision, found)


def update_prompt(
    principal: Principal,
    id: str,
    patch: PromptPatch,
    *,
    if_revision: int | None = None,
    table: Table,
) -> PromptDocument:
    """Change what has no versions: name, folder, metadata. Without `if_revision` the last wins.

    Raises `NotFound`, `RevisionConflict`, `Invalid` for a name or metadata of null.
    """
    principal.require(Action.PROMPT_WRITE)
    update = {name: getattr(patch, name) for name in patch.model_fields_set}
    for name in ("name", "metadata"):
        if name in update and update[name] is None:
            raise Invalid(reason=f"`{name}` cannot be null; leave it out to keep it.")

    def plan(head: Head[Prompt]) -> HeadChange[Prompt] | None:
        changed = {name: new for name, new in update.items() if getattr(head.subject, name) != new}
        if not changed:
            return None
        event = Event.of(
            EventType.PROMPT_UPDATED,
            workspace=principal.workspace,
            actor=principal.user,
            subject=id,
            fields=sorted(changed),
        )
        return HeadChange(head.subject.model_copy(update=changed), [outbox(event)])

    head = PROMPTS.change(principal.workspace, id, plan, if_revision=if_revision, table=table)
    version = load_version(principal.workspace, id, head.default_version, table=table)
    return PromptDocument.of(head.subject, head.revision, version)


def list_prompts(
    principal: Principal,
    *,
    filters: PromptFilters,
    limit: int = 50,
    after: Position | None = None,
    table: Table,
) -> PromptPage:
    """Prompts of the workspace, newest first, those that the filters let through.

    Filters are applied to what the index gives, to a bounded number of its pages a call.
    """
    principal.require(Action.PROMPT_READ)

    def shown(item: Item) -> PromptSummary | None:
        head = PROMPTS.of(item)
        return _summary(head) if _passes(head.subject, filters) else None

    items, following = listed(
        keys.prompts(principal.workspace).partition,
        shown,
        limit=limit,
        after=after,
        filtered=bool(filters.model_dump(exclude_none=True)),
        table=table,
    )
    return PromptPage(items=items, next=following)


def _passes(prompt: Prompt, filters: PromptFilters) -> bool:
    metadata = prompt.metadata
    text = f"{prompt.name}\n{metadata.description or ''}".casefold()
    folder = prompt.folder or ""
    checks: list[tuple[Any, bool]] = [
        (filters.tag, filters.tag in metadata.tags),
        (filters.category, filters.category == metadata.category),
        (filters.q, (filters.q or "").casefold() in text),
        (filters.folder, f"{folder}/".startswith(f"{filters.folder}/")),
    ]
    return all(holds for wanted, holds in checks if wanted is not None)


def _summary(head: Head[Prompt]) -> PromptSummary:
    prompt = head.subject
    return PromptSummary.model_construct(
        id=prompt.id,
        name=prompt.name,
        metadata=prompt.metadata,
        folder=prompt.folder,
        version=head.default_version,
        latest=prompt.latest,
        labels=prompt.labels,
        revision=head.revision,
        created_at=prompt.created_at,
        updated_at=prompt.updated_at,
        forked_from=prompt.forked_from,
    )
