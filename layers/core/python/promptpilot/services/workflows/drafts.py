"""Drafts of workflows: documents that need not be valid yet, and how one becomes a version."""

from collections.abc import Mapping, Sequence
from typing import Any

from promptpilot.clock import epoch_ms
from promptpilot.domain.event import EventType
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.version_changes import only_one
from promptpilot.domain.workflow import Workflow
from promptpilot.domain.workflow_changes import PublishRequest, WorkflowDraft
from promptpilot.domain.workflow_record import WorkflowRecord
from promptpilot.errors import ConditionFailed, DocumentInvalid, RevisionConflict
from promptpilot.ports.models import Models
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Create, Delete, Operation, Table
from promptpilot.services.heads import Head, HeadChange
from promptpilot.services.outbox import outbox
from promptpilot.services.workflows.checks import told_of
from promptpilot.services.workflows.documents import new_workflow, workflow_event
from promptpilot.services.workflows.draft_store import (
    KeptDraft,
    draft_document,
    draft_name,
    find_draft,
    kept_draft,
    load_draft,
    replace_draft,
)
from promptpilot.services.workflows.publishing import create_version
from promptpilot.services.workflows.versions import WORKFLOWS, require_in_use


def begin_draft(
    principal: Principal, values: Any, *, table: Table, models: Models
) -> WorkflowDraft:
    """Make a workflow that has a draft and no version yet. Of its document only the name has to be
    right. Raises `DocumentInvalid`, `TooLarge`.
    """
    principal.require(Action.WORKFLOW_WRITE)
    document = draft_document(values)
    workflow = new_workflow(principal, draft_name(document))
    kept = kept_draft(principal, workflow.id, document, epoch_ms())
    created = workflow_event(EventType.WORKFLOW_CREATED, principal, workflow.id)
    table.write([Create(WORKFLOWS.item(workflow)), Create(kept.item), outbox(created)])
    return _told(workflow, kept, table, models)


def keep_draft(
    principal: Principal,
    id: str,
    values: Any,
    *,
    if_revision: int | None = None,
    table: Table,
    models: Models,
) -> WorkflowDraft:
    """Put a document in the place of the draft, or make one. It need not be valid: what is wrong
    with it is told. Without `if_revision`, which is the draft's, the last wins.

    Raises `NotFound`, `Archived`, `RevisionConflict`, `DocumentInvalid` for what no draft can hold,
    `TooLarge`.
    """
    principal.require(Action.WORKFLOW_WRITE)
    document = draft_document(values)
    workflow = WORKFLOWS.load(principal.workspace, id, table=table).subject
    require_in_use(workflow)
    kept = replace_draft(principal, id, document, if_revision, table)
    if workflow.latest is None:
        workflow = _renamed(principal, workflow, document, table)
    return _told(workflow, kept, table, models)


def get_draft(principal: Principal, id: str, *, table: Table, models: Models) -> WorkflowDraft:
    """The draft of a workflow, and what is wrong with it now. Raises `NotFound`."""
    principal.require(Action.WORKFLOW_READ)
    workflow = WORKFLOWS.load(principal.workspace, id, table=table).subject
    return _told(workflow, load_draft(principal.workspace, id, table), table, models)


def delete_draft(
    principal: Principal,
    id: str,
    *,
    if_revision: int | None = None,
    table: Table,
    models: Models,
) -> WorkflowDraft:
    """Throw the draft away, and tell what it was; a workflow that has no version goes with it.

    Raises `NotFound`, `Archived`, `RevisionConflict`.
    """
    principal.require(Action.WORKFLOW_WRITE)
    head = WORKFLOWS.load(principal.workspace, id, table=table)
    require_in_use(head.subject)
    kept = load_draft(principal.workspace, id, table)
    item = kept.item
    if if_revision not in {None, item.revision}:
        raise RevisionConflict(current=item.revision)
    operations: list[Operation] = [Delete(item.key, revision=item.revision)]
    if head.subject.latest is None:
        deleted = workflow_event(EventType.WORKFLOW_DELETED, principal, id)
        operations += [Delete(head.item.key, revision=head.revision), outbox(deleted)]
    try:
        table.write(operations)
    except ConditionFailed as lost:
        raise RevisionConflict from lost
    return _told(head.subject, kept, table, models)


def publish_draft(
    principal: Principal,
    id: str,
    asked: PublishRequest,
    *,
    if_revision: int | None = None,
    table: Table,
    orchestrator: Orchestrator,
    models: Models,
) -> WorkflowRecord:
    """Make the draft a version, which it must be fit for; then there is no draft any more.

    `if_revision` is the draft's. Raises as `create_version`, and `NotFound` where there is no
    draft, `RevisionConflict` where it is another one than before.
    """
    principal.require(Action.WORKFLOW_WRITE)
    only_one(asked.version, asked.bump)
    WORKFLOWS.load(principal.workspace, id, table=table)
    kept = load_draft(principal.workspace, id, table)
    if if_revision not in {None, kept.item.revision}:
        raise RevisionConflict(current=kept.item.revision)

    def also() -> Sequence[Operation]:
        current = find_draft(principal.workspace, id, table)
        if current is None or current.item.revision != kept.item.revision:
            raise RevisionConflict(current=current and current.item.revision)
        published = workflow_event(EventType.WORKFLOW_PUBLISHED, principal, id)
        return [Delete(kept.item.key, revision=kept.item.revision), outbox(published)]

    return create_version(
        principal,
        id,
        _as_asked(kept.draft.document, asked),
        bump=asked.bump,
        also=also,
        table=table,
        orchestrator=orchestrator,
        models=models,
    )


def _as_asked(document: Mapping[str, Any], asked: PublishRequest) -> dict[str, Any]:
    """The document with what was asked for in the place of what it says itself."""
    values = dict(document)
    if asked.bump is not None:
        values.pop("version", None)
    said = {"version": asked.version, "message": asked.message}
    return {**values, **{name: value for name, value in said.items() if value is not None}}


def _renamed(
    principal: Principal, workflow: Workflow, document: Mapping[str, Any], table: Table
) -> Workflow:
    """A workflow that has no version yet is listed under its draft's name, where that is one."""
    try:
        name = draft_name(document)
    except DocumentInvalid:
        return workflow

    def plan(head: Head[Workflow]) -> HeadChange[Workflow] | None:
        if head.subject.latest is not None or head.subject.name == name:
            return None
        return HeadChange(head.subject.model_copy(update={"name": name}), [])

    return WORKFLOWS.change(
        principal.workspace, workflow.id, plan, if_revision=None, table=table
    ).subject


def _told(workflow: Workflow, kept: KeptDraft, table: Table, models: Models) -> WorkflowDraft:
    document = kept.draft.document
    check = told_of(workflow.workspace, document, own=workflow.id, table=table, models=models)
    return WorkflowDraft(
        valid=check.valid,
        problems=check.problems,
        bounds=check.bounds,
        id=workflow.id,
        status=workflow.status,
        document=dict(document),
        revision=kept.item.revision,
        author=kept.draft.author,
        updated_at=kept.draft.updated_at,
    )
