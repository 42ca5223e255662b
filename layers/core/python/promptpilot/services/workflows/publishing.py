"""Making versions of workflows: the first one, the next one, and one of a draft."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.semver import Bump, BumpWord, Semver
from promptpilot.domain.version_changes import free_version, only_one, raised_version
from promptpilot.domain.workflow import Workflow, WorkflowDocument, WorkflowVersion
from promptpilot.domain.workflow_record import WorkflowAt, WorkflowRecord
from promptpilot.domain.workflow_version_rules import changes_between
from promptpilot.errors import DocumentInvalid, Invalid, Problem
from promptpilot.ports.models import Models
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Create, Operation, Table
from promptpilot.services.heads import Head, HeadChange
from promptpilot.services.outbox import outbox
from promptpilot.services.workflows.checks import CheckedWorkflow, checked_workflow
from promptpilot.services.workflows.versions import (
    WORKFLOWS,
    load_workflow_version,
    machine_of,
    require_in_use,
    version_item,
)


def without_bump(values: Any) -> tuple[Any, str | None]:
    """A document without what only a new version says beside it: how far to raise the number.

    Raises `DocumentInvalid`.
    """
    if not isinstance(values, Mapping):
        return values, None
    # As elsewhere, null is the same as nothing.
    nothing = {name for name in ("version", "bump") if values.get(name, "") is None}
    document = {name: value for name, value in values.items() if name not in nothing}
    bump = document.pop("bump", None)
    if bump is not None and bump not in get_args(BumpWord):
        message = "Must be major, minor or patch."
        raise DocumentInvalid(problems=(Problem("/bump", "invalid_value", message),))
    return document, bump


def create_version(
    principal: Principal,
    id: str,
    values: Any,
    *,
    bump: str | None = None,
    if_revision: int | None = None,
    also: Callable[[], Sequence[Operation]] = tuple,
    table: Table,
    orchestrator: Orchestrator,
    models: Models,
) -> WorkflowRecord:
    """Make the next version of a workflow: `values` are its whole document, whose name and
    description become the workflow's.

    The document's own `version` is the number asked for; `bump` is how far to raise it; with
    neither it is the smallest legal raise. `also` gives what else is written in the transaction.
    Without `if_revision` concurrent calls all succeed, one after another.

    Raises `NotFound`, `RevisionConflict`, `Archived`, `AlreadyExists`, `VersionBumpTooSmall`,
    `Conflict` where nothing would change, `DocumentInvalid`, `TooLarge`, `Invalid`.
    """
    principal.require(Action.WORKFLOW_WRITE)
    require_in_use(WORKFLOWS.load(principal.workspace, id, table=table).subject)
    checked = checked_workflow(principal.workspace, values, own=id, table=table, models=models)
    only_one(_asked(checked.document), bump)
    made: list[WorkflowVersion] = []

    def plan(head: Head[Workflow]) -> HeadChange[Workflow]:
        workflow = head.subject
        require_in_use(workflow)
        number = _number(workflow, checked.document, bump, table)
        version = new_version(workflow, checked, number, principal.user)
        kept = Create(version_item(version))
        orchestrator.publish(machine_of(version))
        made[:] = [version]
        changed = {
            "name": checked.document.name,
            "description": checked.document.description,
            "latest": number,
        }
        operations = [kept, outbox(version_created(version)), *also()]
        return HeadChange(workflow.model_copy(update=changed), operations)

    head = WORKFLOWS.change(principal.workspace, id, plan, if_revision=if_revision, table=table)
    return WorkflowAt(head.subject, head.revision, made[0]).record


def _asked(document: WorkflowDocument) -> str | None:
    """The number that a document asks for."""
    return document.version if "version" in document.model_fields_set else None


def _number(workflow: Workflow, document: WorkflowDocument, bump: str | None, table: Table) -> str:
    """The number of the next version of that document."""
    if workflow.latest is None:
        if bump is not None:
            raise Invalid(reason="A first version has none before it to raise. Name its number.")
        return document.version
    workspace = workflow.workspace
    latest = load_workflow_version(workspace, workflow.id, workflow.latest, table=table)

    def exists(version: str) -> bool:
        key = keys.workflow_version(workspace, workflow.id, Semver.parse(version).padded)
        return table.get(key) is not None

    asked = free_version(_asked(document), workflow.latest, exists)
    raised = raised_version(
        workflow.latest,
        changes_between(latest.document, document),
        version=asked,
        bump=Bump.of(bump) if bump else None,
    )
    return str(raised)


def new_version(
    workflow: Workflow, checked: CheckedWorkflow, number: str, author: str
) -> WorkflowVersion:
    """A version of what was checked, made now."""
    return WorkflowVersion.model_construct(
        workspace=workflow.workspace,
        workflow_id=workflow.id,
        version=number,
        document=checked.document,
        asl=checked.compiled.asl,
        bounds=checked.compiled.bounds,
        digest=checked.compiled.digest,
        author=author,
        created_at=now(),
    )


def version_created(version: WorkflowVersion) -> Event:
    """The event that tells of a new version."""
    return Event.of(
        EventType.WORKFLOW_VERSION_CREATED,
        workspace=version.workspace,
        actor=version.author,
        subject=version.workflow_id,
        version=version.version,
        digest=version.digest,
    )
