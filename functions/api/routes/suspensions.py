"""The emergency stop of a workflow."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api.documentation import answers
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import control_examples as examples
from promptpilot.platform import current
from promptpilot.services.executions import suspensions
from promptpilot.services.executions.suspensions import SuspendRequest, SuspensionState

router = Routes()
TAGS = ["workflows"]
JUST_STOP = SuspendRequest()


@router.post(
    "/workflows/<id>/suspend",
    summary="Suspend a workflow",
    description="Let nothing of the workflow start. Executions that are queued wait until it goes "
    "on; steps of other workflows that would run it fail. With `cancel_running` what runs is "
    "cancelled too, within seconds to minutes by how much that is.",
    operation_id="suspend_workflow",
    tags=TAGS,
    responses=answers(
        200,
        "Who suspended it, when and why.",
        examples.SUSPENDED,
        refusals=[examples.WORKFLOW_UNKNOWN, examples.NO_SUSPENDER],
    ),
)
def suspend_workflow(
    id: str,
    principal: Caller,
    asked: Annotated[SuspendRequest, Body(openapi_examples=examples.SUSPEND)] = JUST_STOP,
) -> SuspensionState:
    """Stop a workflow."""
    return suspensions.suspend(principal, id, asked, table=current().table)


@router.post(
    "/workflows/<id>/unsuspend",
    summary="Let a workflow go on",
    description="End its suspension: executions that are queued start, and new ones may.",
    operation_id="unsuspend_workflow",
    tags=TAGS,
    responses=answers(
        200,
        "It is not suspended.",
        examples.UNSUSPENDED,
        refusals=[examples.WORKFLOW_UNKNOWN, examples.NO_SUSPENDER],
    ),
)
def unsuspend_workflow(id: str, principal: Caller) -> SuspensionState:
    """Let a workflow go on."""
    return suspensions.unsuspend(principal, id, table=current().table)
