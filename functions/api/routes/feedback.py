"""What people think of outputs."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from functions.api import requests
from functions.api.documentation import answers
from functions.api.idempotency import idempotent
from functions.api.paging import Listing, PageAsked
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import examples
from promptpilot.domain.ids import ExecutionId
from promptpilot.errors import NotFound
from promptpilot.platform import current
from promptpilot.services import feedback
from promptpilot.services.feedback import Feedback, FeedbackDraft

router = Routes()
TAGS = ["feedback"]


@router.post(
    "/feedback",
    summary="Give feedback",
    description="Rate an execution, or one of its logs: a thumb (-1, 1) or stars (1 to 5), with a "
    "comment, tags and a better output where you have one.",
    operation_id="give_feedback",
    tags=TAGS,
    status_code=201,
    middlewares=[idempotent],
    responses=answers(
        201,
        "The feedback as recorded.",
        examples.FEEDBACK,
        headers=["Location"],
        refusals=[NotFound(kind="execution", id=examples.EXECUTION_ID)],
    ),
)
def give_feedback(
    request: Request,
    draft: Annotated[FeedbackDraft, Body(openapi_examples=examples.FEEDBACK_DRAFT)],
    principal: Caller,
) -> Response[Feedback]:
    """Record an opinion."""
    given = feedback.give_feedback(principal, draft, table=current().table)
    location = requests.place(request, f"/feedback/{given.id}")
    return Response(201, body=given, headers={"Location": location})


@router.get(
    "/feedback/<id>",
    summary="Read feedback",
    description="One opinion.",
    operation_id="read_feedback",
    tags=TAGS,
    responses=answers(
        200,
        "The feedback.",
        examples.FEEDBACK,
        refusals=[NotFound(kind="feedback", id=examples.FEEDBACK_ID)],
    ),
)
def read_feedback(id: str, principal: Caller) -> Feedback:
    """One opinion."""
    return feedback.get_feedback(principal, id, table=current().table)


@router.get(
    "/feedback",
    summary="List feedback",
    description="Opinions in the workspace, or on one execution, newest first.",
    operation_id="list_feedback",
    tags=TAGS,
    responses=answers(200, "One page.", examples.page(examples.FEEDBACK)),
)
def list_feedback(
    principal: Caller,
    asked: PageAsked,
    execution_id: Annotated[
        ExecutionId | None, Query(description="Only of this execution.")
    ] = None,
) -> Listing[Feedback]:
    """Opinions, newest first."""
    found = feedback.list_feedback(
        principal,
        execution_id=execution_id,
        limit=asked.limit,
        after=asked.after,
        table=current().table,
    )
    return asked.page(found.items, found.next)
