"""What a workspace may do at the same time."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api.documentation import answers
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import control_examples as examples
from promptpilot.domain.workspace_limits import WorkspaceLimits
from promptpilot.platform import current
from promptpilot.services import workspace_limits

router = Routes()
TAGS = ["workspace"]


@router.get(
    "/workspace/limits",
    summary="Read the workspace's limits",
    description="How many executions may run at the same time; null for as many as are started.",
    operation_id="read_limits",
    tags=TAGS,
    responses=answers(200, "The limits.", examples.LIMITS),
)
def read_limits(principal: Caller) -> WorkspaceLimits:
    """The limits."""
    return workspace_limits.get_limits(principal, table=current().table)


@router.put(
    "/workspace/limits",
    summary="Set the workspace's limits",
    description="An execution over `max_running_executions` stays queued, and starts when another "
    "one ends: next is the oldest one of the workflow that has the fewest running. Executions that "
    "a step of another began run in that one's place and do not count. Those that run already when "
    "the first limit is set do not count either; a change is known everywhere within 5 seconds.",
    operation_id="set_limits",
    tags=TAGS,
    responses=answers(200, "The limits.", examples.LIMITS, refusals=[examples.NO_ADMIN]),
)
def set_limits(
    limits: Annotated[WorkspaceLimits, Body(openapi_examples=examples.LIMITS_SENT)],
    principal: Caller,
) -> WorkspaceLimits:
    """Set the limits."""
    return workspace_limits.put_limits(principal, limits, table=current().table)
