"""What happens in an execution, for a client that keeps asking."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.documentation import answers
from functions.api.preferences import WaitSeconds, wait_applied
from functions.api.principal import Caller
from functions.api.progress_ports import progress_ports
from functions.api.router import Routes
from functions.api.routes import examples, progress_examples
from promptpilot.domain.cursor import MAX_CURSOR_LENGTH
from promptpilot.domain.progress import Progress
from promptpilot.errors import CursorInvalid, NotFound
from promptpilot.platform import current
from promptpilot.services.progress import following as execution_progress

router = Routes()

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000


@router.get(
    "/executions/<id>/events",
    summary="Follow an execution",
    description="What has happened after the cursor, oldest first: steps that are entered and "
    "left and, where the execution was started with `stream`, what models say. Nothing is left "
    "out and nothing comes twice, whatever happened to the connection. With `Prefer: wait=N` the "
    "answer waits until there is something new, the execution has ended, or N seconds have passed.",
    operation_id="follow_execution",
    tags=["executions"],
    responses=answers(
        200,
        "What happened, how the execution stands, and the cursor to go on with.",
        progress_examples.PROGRESS,
        headers=["Cache-Control", "Preference-Applied"],
        refusals=[NotFound(kind="execution", id=examples.EXECUTION_ID), CursorInvalid()],
    ),
)
def follow_execution(
    id: str,
    principal: Caller,
    wait: WaitSeconds,
    cursor: Annotated[
        str | None,
        Query(
            max_length=MAX_CURSOR_LENGTH,
            description="`next_cursor` of the answer before; without one, from the beginning.",
        ),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")
    ] = DEFAULT_LIMIT,
) -> Response[Progress]:
    """What happened in one execution."""
    ports = progress_ports(current())
    cursor = cursor or None
    headers = {"Cache-Control": "no-store"}
    if wait:
        progress = execution_progress.await_progress(
            principal, id, wait, cursor=cursor, limit=limit, ports=ports
        )
        return Response(200, body=progress, headers=headers | wait_applied(wait))
    progress = execution_progress.get_progress(
        principal, id, cursor=cursor, limit=limit, ports=ports
    )
    return Response(200, body=progress, headers=headers)
