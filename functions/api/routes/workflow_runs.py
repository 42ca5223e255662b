"""Starting executions of workflows."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api import requests
from functions.api.documentation import answers
from functions.api.idempotency import idempotent
from functions.api.preferences import WaitSeconds, wait_applied
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import workflow_examples as examples
from promptpilot.domain.execution import Execution
from promptpilot.platform import current
from promptpilot.services.executions import reading as executions
from promptpilot.services.executions.start import ExecuteRequest, execute

router = Routes()
AS_IT_IS = ExecuteRequest()


@router.post(
    "/workflows/<id>/execute",
    summary="Execute a workflow",
    description="Start an execution: of the version named, or of the one a label points to. Every "
    "label in it, of prompts and of workflows that steps run, is pinned to the version it means "
    "now. Where the workspace limits how many run at once, it may stay queued until others end. "
    "With `Prefer: wait=N` the answer waits for the end, or for N seconds, and is 200 where it "
    "came.",
    operation_id="execute_workflow",
    tags=["workflows"],
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
            examples.ARCHIVE,
            examples.UNPUBLISHED,
            examples.SUSPENDED,
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
    execution = execute(principal, id, asked, table=ports.table, orchestrator=ports.orchestrator)
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
