"""Labels: movable pointers to versions. Moving one back is a rollback."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from promptpilot.domain.event import Event, EventType
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import MAX_LABELS, Label
from promptpilot.domain.prompt_document import PromptDocument
from promptpilot.errors import Conflict, Invalid, NotFound
from promptpilot.ports import Table
from promptpilot.services.outbox import outbox
from promptpilot.services.prompt_heads import Head, HeadChange, change_head
from promptpilot.services.version_store import load_version

_label: TypeAdapter[str] = TypeAdapter(Label)


def move_label(
    principal: Principal,
    id: str,
    label: str,
    version: str,
    *,
    protected: bool | None = None,
    if_revision: int | None = None,
    table: Table,
) -> PromptDocument:
    """Point a label at a version, and make it when it is new; the document is that version's.

    `protected` says that from now on only admins move it (True) or everyone who moves labels
    (False); None leaves that as it is. Raises `NotFound`, `Invalid` for a name that no label can
    have, `Forbidden` for a protected label, `RevisionConflict`, `Conflict` for too many labels.
    """
    principal.require(Action.LABEL_MOVE)
    _check_name(label)

    def plan(head: Head) -> HeadChange | None:
        prompt = head.prompt
        _check_protection(principal, head, label, protected)
        load_version(prompt.workspace, prompt.id, version, table=table)
        if label not in prompt.labels and len(prompt.labels) >= MAX_LABELS:
            raise Conflict(reason=f"A prompt can have {MAX_LABELS} labels.")
        labels = {**prompt.labels, label: version}
        guarded = set(prompt.protected_labels)
        if protected is not None:
            guarded = guarded | {label} if protected else guarded - {label}
        event = _event(
            EventType.PROMPT_LABEL_MOVED, principal, id, label, prompt.labels, version=version
        )
        return _change(head, labels, guarded, event)

    head = change_head(principal.workspace, id, plan, if_revision=if_revision, table=table)
    target = load_version(principal.workspace, id, version, table=table)
    return PromptDocument.of(head.prompt, head.revision, target)


def delete_label(
    principal: Principal, id: str, label: str, *, if_revision: int | None = None, table: Table
) -> PromptDocument:
    """Remove a label; the document is that of the version now fetched where nothing is named.

    Raises `NotFound`, `Forbidden` for a protected label, `RevisionConflict`.
    """
    principal.require(Action.LABEL_MOVE)

    def plan(head: Head) -> HeadChange | None:
        prompt = head.prompt
        if label not in prompt.labels:
            raise NotFound(kind="label", id=label)
        _check_protection(principal, head, label, None)
        labels = {name: version for name, version in prompt.labels.items() if name != label}
        event = _event(EventType.PROMPT_LABEL_DELETED, principal, id, label, prompt.labels)
        return _change(head, labels, set(prompt.protected_labels) - {label}, event)

    head = change_head(principal.workspace, id, plan, if_revision=if_revision, table=table)
    target = load_version(principal.workspace, id, head.default_version, table=table)
    return PromptDocument.of(head.prompt, head.revision, target)


def _check_name(label: str) -> None:
    try:
        _label.validate_python(label)
    except ValidationError as error:
        reason = (
            "A label begins with a small letter, goes on with small letters, digits, '_', '.', '-',"
            " has at most 64 characters, and is not 'latest', which always is the newest version."
        )
        raise Invalid(reason=reason) from error


def _check_protection(principal: Principal, head: Head, label: str, protected: bool | None) -> None:
    """Only admins change protection or what is protected."""
    is_protected = label in head.prompt.protected_labels
    if is_protected or protected:
        principal.require(Action.LABEL_PROTECT)


def _event(
    type: EventType,
    principal: Principal,
    id: str,
    label: str,
    before: Mapping[str, str],
    **data: Any,
) -> Event:
    return Event.of(
        type,
        workspace=principal.workspace,
        actor=principal.user,
        subject=id,
        label=label,
        before=before.get(label),
        **data,
    )


def _change(
    head: Head, labels: Mapping[str, str], guarded: set[str], event: Event
) -> HeadChange | None:
    prompt = head.prompt
    protected = tuple(sorted(guarded))
    if labels == prompt.labels and protected == prompt.protected_labels:
        return None
    update = {"labels": labels, "protected_labels": protected}
    return HeadChange(prompt.model_copy(update=update), [outbox(event)])
