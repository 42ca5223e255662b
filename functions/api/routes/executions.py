"""Executions and what their steps did."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.documentation import answers
from functions.api.paging import Listing, PageAsked
from functions.api.preferences import WaitSeconds, wait_applied
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import examples
from promptpilot.domain.execution import Execution, ExecutionLog, ExecutionStatus
from promptpilot.domain.ids import ExecutionId, WorkflowId
from promptpilot.errors import NotFound
from promptpilot.platform import current
from promptpilot.services import logs
from promptpilot.services.executions import reading as executions
from promptpilot.services.executions.reading import ExecutionFilters, ExecutionView

router = Routes()
TAGS = ["executions"]
UNKNOWN = NotFound(kind="execution", id=examples.EXECUTION_ID)


@router.get(
    "/executions/<id>",
    summary="Read an execution",
    description="How an execution stands. With `Prefer: wait=N` the answer waits for its end, or "
    "for N seconds. `children` are the executions that its steps began, the first hundred of them.",
    operation_id="read_execution",
    tags=TAGS,
    responses=answers(
        200,
        "The execution as it stands.",
        examples.EXECUTION,
        headers=["Preference-Applied"],
        refusals=[UNKNOWN],
    ),
)
def read_execution(id: str, principal: Caller, wait: WaitSeconds) -> Response[ExecutionView]:
    """One execution."""
    ports = current()
    if wait:
        execution = executions.await_execution(
            principal, id, wait, table=ports.table, blobs=ports.blobs, waiter=ports.waiter
        )
        return Response(200, body=execution, headers=wait_applied(wait))
    execution = executions.get_execution(principal, id, table=ports.table, blobs=ports.blobs)
    return Response(200, body=execution)


@router.get(
    "/executions",
    summary="List executions",
    description="Executions in the workspace, newest first. Large outputs are left out. Those that "
    "the steps of one began come in no order.",
    operation_id="list_executions",
    tags=TAGS,
    responses=answers(200, "One page.", examples.page(examples.EXECUTION)),
)
def list_executions(
    principal: Caller,
    asked: PageAsked,
    workflow_id: Annotated[WorkflowId | None, Query(description="Only of this workflow.")] = None,
    status: Annotated[ExecutionStatus | None, Query(description="Only in this status.")] = None,
    parent: Annotated[
        ExecutionId | None, Query(description="Only what steps of this execution began.")
    ] = None,
) -> Listing[Execution]:
    """Executions, newest first."""
    found = executions.list_executions(
        principal,
        filters=ExecutionFilters(workflow_id=workflow_id, status=status, parent=parent),
        limit=asked.limit,
        after=asked.after,
        table=current().table,
    )
    return asked.page(found.items, found.next)


@router.get(
    "/executions/<id>/logs",
    summary="List an execution's logs",
    description="What each step did, in the order of the steps.",
    operation_id="list_execution_logs",
    tags=TAGS,
    responses=answers(200, "One page.", examples.page(examples.LOG), refusals=[UNKNOWN]),
)
def list_execution_logs(id: str, principal: Caller, asked: PageAsked) -> Listing[ExecutionLog]:
    """The logs of one execution."""
    ports = current()
    found = logs.list_logs(
        principal,
        id,
        limit=asked.limit,
        after=asked.after,
        table=ports.table,
        blobs=ports.blobs,
    )
    return asked.page(found.items, found.next)
