"""Cancelling, resuming and replaying executions."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api import requests
from functions.api.documentation import answers
from functions.api.idempotency import idempotent
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import control_examples as examples
from promptpilot.domain.execution import Execution
from promptpilot.platform import current
from promptpilot.services.executions import cancel as execution_cancel
from promptpilot.services.executions import replay as execution_replay
from promptpilot.services.executions import resume as execution_resume
from promptpilot.services.executions.cancel import CancelRequest
from promptpilot.services.executions.replay import ReplayRequest

router = Routes()
TAGS = ["executions"]
FOR_NO_REASON = CancelRequest()
AS_IT_WAS = ReplayRequest()


@router.post(
    "/executions/<id>/cancel",
    summary="Cancel an execution",
    description="End an execution and what its steps have begun. From now on no step of it starts; "
    "what a step that is under way still brings stays in its log. One that has not begun has ended "
    "with the answer, one that runs in a moment. To cancel what is cancelled already is fine.",
    operation_id="cancel_execution",
    tags=TAGS,
    status_code=202,
    responses=answers(
        202,
        "The execution, which is about to end.",
        examples.CANCELLING,
        also={200: "The execution, which is cancelled."},
        refusals=[examples.UNKNOWN, examples.NOT_ALLOWED, examples.ENDED],
    ),
)
def cancel_execution(
    id: str,
    principal: Caller,
    asked: Annotated[CancelRequest, Body(openapi_examples=examples.CANCEL)] = FOR_NO_REASON,
) -> Response[Execution]:
    """Ask for an execution's end."""
    ports = current()
    execution = execution_cancel.cancel(
        principal,
        id,
        asked,
        table=ports.table,
        blobs=ports.blobs,
        orchestrator=ports.orchestrator,
        waiter=ports.waiter,
    )
    return Response(200 if execution.status.final else 202, body=execution)


@router.post(
    "/executions/<id>/resume",
    summary="Resume an execution",
    description="Go on with an execution that failed, timed out or was cancelled within the last "
    "14 days, from where it ended: what succeeded is kept and not paid for again, the steps that "
    "did not are tried anew with all of their tries. A step that runs another workflow lets that "
    "execution go on too. To do otherwise than before, replay it.",
    operation_id="resume_execution",
    tags=TAGS,
    status_code=202,
    middlewares=[idempotent],
    responses=answers(
        202,
        "The execution, which goes on.",
        examples.RESUMED,
        refusals=[
            examples.UNKNOWN,
            examples.NOT_ALLOWED,
            examples.NOT_ENDED,
            examples.NOT_RESUMABLE,
            examples.IS_CHILD,
            examples.LIMIT_REACHED,
            examples.WORKFLOW_SUSPENDED,
        ],
    ),
)
def resume_execution(id: str, principal: Caller) -> Response[Execution]:
    """Go on with an execution."""
    ports = current()
    execution = execution_resume.resume(
        principal, id, table=ports.table, orchestrator=ports.orchestrator
    )
    return Response(202, body=execution)


@router.post(
    "/executions/<id>/replay",
    summary="Replay an execution",
    description="Start a new execution on the same input, with the same versions of the workflow, "
    "of prompts and of other workflows. Steps that stand before `from_step` are answered from what "
    "is recorded, and cost nothing; without it all run anew. `overrides` gives steps another model "
    "or another version of their prompt, by step id, so that two versions can be compared on a "
    "real input. In a map or a loop the steps before `from_step` are answered in each iteration.",
    operation_id="replay_execution",
    tags=TAGS,
    status_code=202,
    middlewares=[idempotent],
    responses=answers(
        202,
        "The new execution.",
        examples.REPLAYED,
        headers=["Location"],
        refusals=[
            examples.UNKNOWN,
            examples.NOT_ALLOWED,
            examples.NOT_ENDED,
            examples.WORKFLOW_SUSPENDED,
            examples.ARCHIVED,
            examples.REPLAY_INVALID,
        ],
    ),
)
def replay_execution(
    request: Request,
    id: str,
    principal: Caller,
    asked: Annotated[ReplayRequest, Body(openapi_examples=examples.REPLAY)] = AS_IT_WAS,
) -> Response[Execution]:
    """Start an execution again, otherwise."""
    ports = current()
    execution = execution_replay.replay(
        principal, id, asked, table=ports.table, orchestrator=ports.orchestrator
    )
    location = requests.place(request, f"/executions/{execution.id}")
    return Response(202, body=execution, headers={"Location": location})
