"""Workflows: making, reading, listing, renaming and archiving them."""

from collections.abc import Callable, Mapping
from typing import Any

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.base import Model
from promptpilot.domain.cost_bounds import CostedBounds
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.workflow import Workflow, WorkflowDocument
from promptpilot.domain.workflow_changes import WorkflowPatch
from promptpilot.domain.workflow_record import WorkflowAt, WorkflowRecord, WorkflowSummary
from promptpilot.errors import Invalid, Unpublished
from promptpilot.ports.models import Models
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Create, Item, Position, Table
from promptpilot.services.heads import Head, HeadChange
from promptpilot.services.listing import listed
from promptpilot.services.outbox import outbox
from promptpilot.services.workflows.checks import checked_workflow
from promptpilot.services.workflows.costs import costed_bounds
from promptpilot.services.workflows.publishing import new_version, version_created
from promptpilot.services.workflows.versions import (
    WORKFLOWS,
    load_workflow_version,
    machine_of,
    require_in_use,
    version_item,
)


class WorkflowPage(Model):
    """Workflows, newest first; a page may be short and still have a next one."""

    items: tuple[WorkflowSummary, ...]
    next: Position | None = None


def create_workflow(
    principal: Principal,
    document: WorkflowDocument | Mapping[str, Any],
    *,
    table: Table,
    orchestrator: Orchestrator,
    models: Models,
) -> WorkflowRecord:
    """Check, compile and keep a workflow and its first version.

    The machine is published first, which may be repeated and shows that the engine can run it; a
    crash in between leaves a machine that nothing refers to. The prompts are looked at as they are
    now, to check the steps; an execution pins its own.

    Raises `DocumentInvalid` with every problem, `TooLarge`.
    """
    principal.require(Action.WORKFLOW_WRITE)
    checked = checked_workflow(principal.workspace, document, table=table, models=models)
    written = checked.document
    workflow = new_workflow(principal, written.name).model_copy(
        update={"description": written.description, "latest": written.version}
    )
    version = new_version(workflow, checked, written.version, principal.user)
    item = version_item(version)
    orchestrator.publish(machine_of(version))
    head = Head(workflow, WORKFLOWS.item(workflow))
    table.write(
        [
            Create(head.item),
            Create(item),
            outbox(workflow_event(EventType.WORKFLOW_CREATED, principal, workflow.id)),
            outbox(version_created(version)),
        ]
    )
    WORKFLOWS.remember(head)
    return WorkflowAt(workflow, head.revision, version).record


def new_workflow(principal: Principal, name: str) -> Workflow:
    """A workflow that is made now and has no version yet."""
    created_at = now()
    return Workflow(
        id=new_id("workflow"),
        workspace=principal.workspace,
        name=name,
        owner=principal.user,
        latest=None,
        created_at=created_at,
        updated_at=created_at,
    )


def workflow_event(type: EventType, principal: Principal, id: str, **data: Any) -> Event:
    """What the principal did to the workflow of that id."""
    return Event.of(type, workspace=principal.workspace, actor=principal.user, subject=id, **data)


def find_workflow(
    principal: Principal,
    id: str,
    *,
    version: str | None = None,
    label: str | None = None,
    table: Table,
) -> WorkflowAt:
    """A workflow at a version: the one named, the one of the label, or `production`, or the latest.

    Raises `NotFound`, `Unpublished`, `Invalid` for a version and a label at once.
    """
    principal.require(Action.WORKFLOW_READ)
    head = WORKFLOWS.load(principal.workspace, id, table=table)
    picked = head.pick(version, label)
    found = load_workflow_version(principal.workspace, id, picked, table=table)
    return WorkflowAt(head.subject, head.revision, found)


def get_workflow(
    principal: Principal,
    id: str,
    *,
    version: str | None = None,
    label: str | None = None,
    table: Table,
) -> WorkflowRecord:
    """A workflow at a version, with all that is known of it. Raises as `find_workflow`."""
    return find_workflow(principal, id, version=version, label=label, table=table).record


def get_asl(
    principal: Principal,
    id: str,
    *,
    version: str | None = None,
    label: str | None = None,
    table: Table,
) -> Mapping[str, Any]:
    """The state machine of a version, in the Amazon States Language. Raises as `find_workflow`."""
    return find_workflow(principal, id, version=version, label=label, table=table).version.asl


def get_bounds(
    principal: Principal,
    id: str,
    *,
    version: str | None = None,
    label: str | None = None,
    table: Table,
    models: Models,
) -> CostedBounds:
    """The most that one execution of a version can do, and what it can cost. Raises as
    `find_workflow`.
    """
    found = find_workflow(principal, id, version=version, label=label, table=table)
    return costed_bounds(found.version, table=table, models=models)


def list_workflows(
    principal: Principal,
    *,
    archived: bool = False,
    limit: int = 50,
    after: Position | None = None,
    table: Table,
) -> WorkflowPage:
    """Workflows of the workspace, newest first; with `archived` those in the archive as well."""
    principal.require(Action.WORKFLOW_READ)

    def shown(item: Item) -> WorkflowSummary | None:
        head = WORKFLOWS.of(item)
        return _summary(head) if archived or head.subject.archived_at is None else None

    partition = keys.workflows(principal.workspace).partition
    items, following = listed(
        partition, shown, limit=limit, after=after, filtered=False, table=table
    )
    return WorkflowPage(items=items, next=following)


def _summary(head: Head[Workflow]) -> WorkflowSummary:
    version = None if head.subject.latest is None else head.default_version
    return WorkflowSummary.of(head.subject, head.revision, version)


def update_workflow(
    principal: Principal,
    id: str,
    patch: WorkflowPatch,
    *,
    if_revision: int | None = None,
    table: Table,
) -> WorkflowRecord:
    """Change name and description without a new version. Without `if_revision` the last wins.

    Raises `NotFound`, `RevisionConflict`, `Archived`, `Unpublished`, `Invalid` for a name of null.
    """
    principal.require(Action.WORKFLOW_WRITE)
    update = {name: getattr(patch, name) for name in patch.model_fields_set}
    if update.get("name", "") is None:
        raise Invalid(reason="`name` cannot be null; leave it out to keep it.")

    def plan(head: Head[Workflow]) -> HeadChange[Workflow] | None:
        require_in_use(head.subject)
        if head.subject.latest is None:
            raise Unpublished(kind="workflow", id=id)
        changed = {name: new for name, new in update.items() if getattr(head.subject, name) != new}
        if not changed:
            return None
        event = workflow_event(EventType.WORKFLOW_UPDATED, principal, id, fields=sorted(changed))
        return HeadChange(head.subject.model_copy(update=changed), [outbox(event)])

    head = WORKFLOWS.change(principal.workspace, id, plan, if_revision=if_revision, table=table)
    version = load_workflow_version(principal.workspace, id, head.default_version, table=table)
    return WorkflowAt(head.subject, head.revision, version).record


def archive_workflow(
    principal: Principal, id: str, *, if_revision: int | None = None, table: Table
) -> WorkflowSummary:
    """Take a workflow out of use: it can be read, and neither changed nor run, and lists leave it
    out. Executions that have begun go on. Raises `NotFound`, `RevisionConflict`.
    """
    return _move(principal, id, EventType.WORKFLOW_ARCHIVED, now, if_revision, table)


def unarchive_workflow(
    principal: Principal, id: str, *, if_revision: int | None = None, table: Table
) -> WorkflowSummary:
    """Take a workflow into use again. Raises `NotFound`, `RevisionConflict`."""
    return _move(principal, id, EventType.WORKFLOW_UNARCHIVED, lambda: None, if_revision, table)


def _move(
    principal: Principal,
    id: str,
    type: EventType,
    archived_at: Callable[[], Any],
    if_revision: int | None,
    table: Table,
) -> WorkflowSummary:
    """Into the archive or out of it; where it is there already nothing changes."""
    principal.require(Action.WORKFLOW_WRITE)

    def plan(head: Head[Workflow]) -> HeadChange[Workflow] | None:
        at = archived_at()
        if (at is None) == (head.subject.archived_at is None):
            return None
        workflow = head.subject.model_copy(update={"archived_at": at})
        return HeadChange(workflow, [outbox(workflow_event(type, principal, id))])

    head = WORKFLOWS.change(principal.workspace, id, plan, if_revision=if_revision, table=table)
    return _summary(head)
