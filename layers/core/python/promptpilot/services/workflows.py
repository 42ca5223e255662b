"""Workflows: making, reading and listing them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.compiler.pointers import pointer
from promptpilot.domain.base import Model
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.workflow import (
    Workflow,
    WorkflowDocument,
    WorkflowRecord,
    WorkflowSummary,
    WorkflowVersion,
)
from promptpilot.errors import Conflict, Invalid, NotFound, Problem
from promptpilot.ports import Create, Index, Machine, Orchestrator, Position, Table
from promptpilot.services.outbox import outbox
from promptpilot.services.prompt_versions import resolve_ref
from promptpilot.services.workflow_versions import (
    head_item,
    head_of,
    load_head,
    load_workflow_version,
    resolve_workflow,
    version_item,
)

if TYPE_CHECKING:
    from promptpilot.compiler.compile import Compiled
    from promptpilot.compiler.draft import Draft


class WorkflowPage(Model):
    """Workflows, newest first."""

    items: tuple[WorkflowSummary, ...]
    next: Position | None = None


def create_workflow(
    principal: Principal,
    document: WorkflowDocument | Mapping[str, Any],
    *,
    table: Table,
    orchestrator: Orchestrator,
) -> WorkflowRecord:
    """Check, compile and keep a workflow and its first version.

    The machine is published first, which may be repeated and shows that the engine can run it; a
    crash in between leaves a machine that nothing refers to. The prompts are looked at as they are
    now, to check the steps; an execution pins its own.

    Raises `DocumentInvalid` with every problem, `TooLarge`.
    """
    # The compiler, with what parses expressions, takes as long to import as half of all else, and
    # few processes ever save a workflow.
    from promptpilot.compiler.compile import compile_draft  # noqa: PLC0415 - see above
    from promptpilot.compiler.draft import read_draft  # noqa: PLC0415 - see above

    principal.require(Action.WORKFLOW_WRITE)
    draft = read_draft(_as_written(document))
    prompts, unresolved = _prompts(principal.workspace, draft, table)
    compiled = compile_draft(draft, prompts, unresolved)
    assert draft.document is not None
    workflow = _new_workflow(principal, draft.document)
    version = _new_version(workflow, draft.document, compiled)
    item = version_item(version)
    orchestrator.publish(machine_of(version))
    created = Event.of(
        EventType.WORKFLOW_CREATED,
        workspace=workflow.workspace,
        actor=principal.user,
        subject=workflow.id,
        version=version.version,
    )
    table.write([Create(head_item(workflow)), Create(item), outbox(created)])
    return WorkflowRecord.of(workflow, 1, version)


def machine_of(version: WorkflowVersion) -> Machine:
    """The state machine of a version, as an orchestrator takes it."""
    return Machine(
        workspace=version.workspace,
        workflow=version.workflow_id,
        version=version.version,
        digest=version.digest,
        asl=version.asl,
    )


def get_workflow(
    principal: Principal,
    id: str,
    *,
    version: str | None = None,
    label: str | None = None,
    table: Table,
) -> WorkflowRecord:
    """A workflow at a version: the one named, the one of the label, or `production`, or the latest.

    Raises `NotFound`, `Invalid` for a version and a label at once.
    """
    principal.require(Action.WORKFLOW_READ)
    head = load_head(principal.workspace, id, table=table)
    picked = head.pick(version, label)
    found = load_workflow_version(principal.workspace, id, picked, table=table)
    return WorkflowRecord.of(head.workflow, head.revision, found)


def get_asl(
    principal: Principal,
    id: str,
    *,
    version: str | None = None,
    label: str | None = None,
    table: Table,
) -> Mapping[str, Any]:
    """The state machine of a version, in the Amazon States Language. Raises as `get_workflow`."""
    principal.require(Action.WORKFLOW_READ)
    return resolve_workflow(principal.workspace, id, version=version, label=label, table=table).asl


def list_workflows(
    principal: Principal, *, limit: int = 50, after: Position | None = None, table: Table
) -> WorkflowPage:
    """Workflows of the workspace, newest first."""
    principal.require(Action.WORKFLOW_READ)
    partition = keys.workflows(principal.workspace).partition
    page = table.query(partition, index=Index.GSI1, limit=limit, after=after, descending=True)
    heads = (head_of(item) for item in page.items)
    items = tuple(
        WorkflowSummary.of(head.workflow, head.revision, head.default_version) for head in heads
    )
    return WorkflowPage(items=items, next=page.next)


def _as_written(document: WorkflowDocument | Mapping[str, Any]) -> Any:
    if isinstance(document, WorkflowDocument):
        return document.model_dump(mode="json")
    return document


def _prompts(
    workspace: str, draft: "Draft", table: Table
) -> tuple[dict[str, PromptVersion], list[Problem]]:
    """What the prompt steps refer to now, by step id, and what cannot be found."""
    found: dict[str, PromptVersion] = {}
    problems = []
    for node in draft.prompt_nodes:
        try:
            found[node.id] = resolve_ref(workspace, node.step.prompt, table=table)
        except NotFound as error:
            problems.append(Problem(pointer(node.at, "prompt"), "prompt_unknown", str(error)))
        except (Invalid, Conflict) as error:
            problems.append(Problem(pointer(node.at, "prompt"), "prompt_invalid", str(error)))
    return found, problems


def _new_workflow(principal: Principal, document: WorkflowDocument) -> Workflow:
    created_at = now()
    return Workflow(
        id=new_id("workflow"),
        workspace=principal.workspace,
        name=document.name,
        description=document.description,
        owner=principal.user,
        latest=document.version,
        created_at=created_at,
        updated_at=created_at,
    )


def _new_version(
    workflow: Workflow, document: WorkflowDocument, compiled: "Compiled"
) -> WorkflowVersion:
    return WorkflowVersion.model_construct(
        workspace=workflow.workspace,
        workflow_id=workflow.id,
        version=workflow.latest,
        document=document,
        asl=compiled.asl,
        bounds=compiled.bounds,
        digest=compiled.digest,
        author=workflow.owner,
        created_at=workflow.created_at,
    )
