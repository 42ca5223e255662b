"""Workflows: making, reading and listing them, and starting their executions."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import RootModel

from functions.api import requests
from functions.api.body import YAML, Unchecked
from functions.api.conditional import KnownTags
from functions.api.documentation import answers
from functions.api.idempotency import idempotent
from functions.api.paging import Listing, PageAsked
from functions.api.preferences import WaitSeconds, wait_applied
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import workflow_examples as examples
from functions.api.routes.document_reply import document_reply
from functions.api.routes.parameters import LabelAsked, VersionAsked
from promptpilot.domain.execution import Execution
from promptpilot.domain.workflow import WorkflowDocument, WorkflowRecord, WorkflowSummary
from promptpilot.platform import current
from promptpilot.services import executions, workflows
from promptpilot.services.executions import ExecuteRequest

router = Routes()
TAGS = ["workflows"]
AS_IT_IS = ExecuteRequest()


@router.post(
    "/workflows",
    summary="Create a workflow",
    description="A workflow document, as JSON or YAML. It is checked whole: every problem is told, "
    "with its place. The answer says how much an execution can do at most.",
    operation_id="create_workflow",
    tags=TAGS,
    status_code=201,
    middlewares=[idempotent],
    responses=answers(
        201,
        "The workflow at its first version.",
        examples.WORKFLOW,
        headers=["ETag", "Location"],
        refusals=[examples.DOCUMENT_INVALID],
    ),
)
def create_workflow(
    request: Request,
    document: Annotated[
        Unchecked[WorkflowDocument], Body(media_type=YAML, openapi_examples=examples.DOCUMENT)
    ],
    principal: Caller,
) -> Response[WorkflowRecord]:
    """Make a workflow."""
    ports = current()
    record = workflows.create_workflow(
        principal, document.values, table=ports.table, orchestrator=ports.orchestrator
    )
    location = requests.place(request, f"/workflows/{record.id}")
    return document_reply(record, status=201, location=location)


@router.get(
    "/workflows/<id>",
    summary="Read a workflow",
    description="The workflow at the version named, or at the one a label points to; with neither "
    "at `production` where that label is set, else at the latest.",
    operation_id="read_workflow",
    tags=TAGS,
    responses=answers(
        200,
        "The workflow at that version.",
        examples.WORKFLOW,
        headers=["ETag", "Cache-Control"],
        also={304: "You have it already."},
        refusals=[examples.UNKNOWN, examples.BOTH_NAMED],
    ),
)
def read_workflow(
    id: str,
    principal: Caller,
    known: KnownTags,
    version: VersionAsked = None,
    label: LabelAsked = None,
) -> Response[WorkflowRecord]:
    """A workflow at one version."""
    record = workflows.get_workflow(
        principal, id, version=version, label=label, table=current().table
    )
    return document_reply(record, known=known)


class StateMachine(RootModel[dict[str, Any]]):
    """A state machine in the Amazon States Language."""


@router.get(
    "/workflows/<id>/asl",
    summary="Read a workflow's state machine",
    description="What the version is compiled to, in the Amazon States Language with JSONata.",
    operation_id="read_state_machine",
    tags=TAGS,
    responses=answers(
        200,
        "The state machine.",
        examples.STATE_MACHINE,
        refusals=[examples.UNKNOWN, examples.BOTH_NAMED],
    ),
)
def read_state_machine(
    id: str, principal: Caller, version: VersionAsked = None, label: LabelAsked = None
) -> StateMachine:
    """The compiled form of a version."""
    asl = workflows.get_asl(principal, id, version=version, label=label, table=current().table)
    return StateMachine.model_construct(dict(asl))


@router.get(
    "/workflows",
    summary="List workflows",
    description="Workflows of the workspace, newest first, without their steps.",
    operation_id="list_workflows",
    tags=TAGS,
    responses=answers(200, "One page.", examples.page(examples.SUMMARY)),
)
def list_workflows(principal: Caller, asked: PageAsked) -> Listing[WorkflowSummary]:
    """Workflows, newest first."""
    found = workflows.list_workflows(
        principal, limit=asked.limit, after=asked.after, table=current().table
    )
    return asked.page(found.items, found.next)


@router.post(
    "/workflows/<id>/execute",
    summary="Execute a workflow",
    description="Start an execution: of the version named, or of the one a label points to. Every "
    "prompt's label is pinned to the version it means now. With `Prefer: wait=N` the answer waits "
    "for the end, or for N seconds, and is 200 where it came.",
    operation_id="execute_workflow",
    tags=TAGS,
    status_code=202,
    middlewares=[idempotent],
    responses=answers(
        202,
        "The execution, which goes on.",
        examples.EXECUTION_QUEUED,
        headers=["Location", "Preference-Applied"],
        also={200: "The execution, which has ended."},
        refusals=[
            examples.UNKNOWN,
            examples.BOTH_NAMED,
            examples.INPUT_INVALID,
            examples.INPUT_TOO_LARGE,
        ],
    ),
)
def execute_workflow(
    request: Request,
    id: str,
    principal: Caller,
    wait: WaitSeconds,
    asked: Annotated[ExecuteRequest, Body(openapi_examples=examples.EXECUTE)] = AS_IT_IS,
) -> Response[Execution]:
    """Start an execution."""
    ports = current()
    execution = executions.execute(
        principal, id, asked, table=ports.table, orchestrator=ports.orchestrator
    )
    headers: dict[str, str | list[str]] = {
        "Location": requests.place(request, f"/executions/{execution.id}")
    }
    if wait:
        headers |= wait_applied(wait)
        execution = executions.await_execution(
            principal,
            execution.id,
            wait,
            table=ports.table,
            blobs=ports.blobs,
            waiter=ports.waiter,
        )
    return Response(200 if execution.status.final else 202, body=execution, headers=headers)
