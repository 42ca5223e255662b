"""Labels: movable pointers to versions. Moving one back is a rollback."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from promptpilot.domain.event import Event, EventType
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.versioned import MAX_LABELS, Label
from promptpilot.errors import Conflict, Invalid, NotFound
from promptpilot.ports.table import Table
from promptpilot.services.heads import H, Head, HeadChange, HeadStore
from promptpilot.services.outbox import outbox

V = TypeVar("V")
D = TypeVar("D")
V_co = TypeVar("V_co", covariant=True)

_label: TypeAdapter[str] = TypeAdapter(Label)


class LoadVersion(Protocol[V_co]):
    """Finds one version of what has that id in the workspace. Raises `NotFound`."""

    def __call__(self, workspace: str, id: str, version: str, /, *, table: Table) -> V_co: ...  # noqa: D102 - the class says it


@dataclass(frozen=True, slots=True)
class Labels(Generic[H, V, D]):
    """The labels of one kind of head. `document` makes what is answered: of a head, its revision
    and one of its versions. `check` raises for a head whose labels cannot be changed.
    """

    heads: HeadStore[H]
    moved: EventType
    deleted: EventType
    load: LoadVersion[V]
    document: Callable[[H, int, V], D]
    check: Callable[[H], None] = lambda _subject: None

    def move(
        self,
        principal: Principal,
        id: str,
        label: str,
        version: str,
        *,
        protected: bool | None = None,
        if_revision: int | None = None,
        table: Table,
    ) -> D:
        """Point a label at a version, and make it when it is new; the document is that version's.

        `protected` says that from now on only admins move it (True) or everyone who moves labels
        (False); None leaves that as it is. Raises `NotFound`, `Invalid` for a name that no label
        can have, `Forbidden` for a protected label, `RevisionConflict`, `Conflict` for too many
        labels, and what `check` raises.
        """
        principal.require(Action.LABEL_MOVE)
        _check_name(label)

        def plan(head: Head[H]) -> HeadChange[H] | None:
            subject = head.subject
            _check_protection(principal, subject.protected_labels, label, protected)
            self.check(subject)
            self.load(principal.workspace, id, version, table=table)
            if label not in subject.labels and len(subject.labels) >= MAX_LABELS:
                raise Conflict(reason=f"A {self.heads.kind} can have {MAX_LABELS} labels.")
            labels = {**subject.labels, label: version}
            guarded = set(subject.protected_labels)
            if protected is not None:
                guarded = guarded | {label} if protected else guarded - {label}
            event = _event(self.moved, principal, id, label, subject.labels, version=version)
            return _change(subject, labels, guarded, event)

        head = self.heads.change(
            principal.workspace, id, plan, if_revision=if_revision, table=table
        )
        return self._document(head, version, table)

    def delete(
        self,
        principal: Principal,
        id: str,
        label: str,
        *,
        if_revision: int | None = None,
        table: Table,
    ) -> D:
        """Remove a label; the document is that of the version now meant where nothing is named.

        Raises `NotFound`, `Forbidden` for a protected label, `RevisionConflict`, and what `check`
        raises.
        """
        principal.require(Action.LABEL_MOVE)

        def plan(head: Head[H]) -> HeadChange[H] | None:
            subject = head.subject
            if label not in subject.labels:
                raise NotFound(kind="label", id=label)
            _check_protection(principal, subject.protected_labels, label, None)
            self.check(subject)
            labels = {name: version for name, version in subject.labels.items() if name != label}
            event = _event(self.deleted, principal, id, label, subject.labels)
            return _change(subject, labels, set(subject.protected_labels) - {label}, event)

        head = self.heads.change(
            principal.workspace, id, plan, if_revision=if_revision, table=table
        )
        return self._document(head, head.default_version, table)

    def _document(self, head: Head[H], version: str, table: Table) -> D:
        found = self.load(head.subject.workspace, head.subject.id, version, table=table)
        return self.document(head.subject, head.revision, found)


def _check_name(label: str) -> None:
    try:
        _label.validate_python(label)
    except ValidationError as error:
        reason = (
            "A label begins with a small letter, goes on with small letters, digits, '_', '.', '-',"
            " has at most 64 characters, and is not 'latest', which always is the newest version."
        )
        raise Invalid(reason=reason) from error


def _check_protection(
    principal: Principal, guarded: tuple[str, ...], label: str, protected: bool | None
) -> None:
    """Only admins change protection or what is protected."""
    if label in guarded or protected:
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
    subject: H, labels: Mapping[str, str], guarded: set[str], event: Event
) -> HeadChange[H] | None:
    protected = tuple(sorted(guarded))
    if labels == subject.labels and protected == subject.protected_labels:
        return None
    update = {"labels": labels, "protected_labels": protected}
    return HeadChange(subject.model_copy(update=update), [outbox(event)])
