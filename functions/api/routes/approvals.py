"""What executions ask people, and their decisions."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from functions.api.documentation import answers
from functions.api.paging import Listing, PageAsked
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import approval_examples as examples
from functions.api.routes.examples import page
from promptpilot.domain.approval import Approval, ApprovalStatus, Decision
from promptpilot.platform import current
from promptpilot.services.executions import approval_lists, approvals
from promptpilot.services.executions.approval_lists import ApprovalFilters

router = Routes()
TAGS = ["approvals"]


@router.get(
    "/approvals",
    summary="List approvals",
    description="What executions of the workspace ask and have asked, newest first. A page may "
    "hold fewer than asked for and still have another one after it.",
    operation_id="list_approvals",
    tags=TAGS,
    responses=answers(200, "One page.", page(examples.PENDING)),
)
def list_approvals(
    principal: Caller,
    asked: PageAsked,
    status: Annotated[
        ApprovalStatus | None, Query(description="Only in this status: `pending`, say.")
    ] = None,
    mine: Annotated[bool, Query(description="Only what you may decide yourself.")] = False,
) -> Listing[Approval]:
    """Approvals, newest first."""
    found = approval_lists.list_approvals(
        principal,
        filters=ApprovalFilters(status=status, mine=mine),
        limit=asked.limit,
        after=asked.after,
        table=current().table,
    )
    return asked.page(found.items, found.next)


@router.get(
    "/approvals/<id>",
    summary="Read an approval",
    description="One question, and what was decided.",
    operation_id="read_approval",
    tags=TAGS,
    responses=answers(200, "The approval.", examples.PENDING, refusals=[examples.UNKNOWN]),
)
def read_approval(id: str, principal: Caller) -> Approval:
    """One approval."""
    return approvals.get_approval(principal, id, table=current().table)


@router.post(
    "/approvals/<id>/decide",
    summary="Decide an approval",
    description="Approve or reject, with a comment and the form filled in where there is one; "
    "whoever rejects may leave the form out. The execution goes on with the decision as the step's "
    "result. The same decision again by the same user changes nothing and answers the same; any "
    "other is a conflict.",
    operation_id="decide_approval",
    tags=TAGS,
    responses=answers(
        200,
        "The approval as it is decided.",
        examples.APPROVED,
        refusals=[
            examples.UNKNOWN,
            examples.NOT_ALLOWED,
            examples.NOT_PENDING,
            examples.FORM_INVALID,
        ],
    ),
)
def decide_approval(
    id: str,
    decision: Annotated[Decision, Body(openapi_examples=examples.DECISION)],
    principal: Caller,
) -> Approval:
    """Decide."""
    ports = current()
    return approvals.decide_approval(
        principal,
        id,
        decision,
        table=ports.table,
        blobs=ports.blobs,
        orchestrator=ports.orchestrator,
    )
