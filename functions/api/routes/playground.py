"""The playground: models side by side, followed while they answer."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from functions.api import requests
from functions.api.documentation import answers
from functions.api.idempotency import idempotent
from functions.api.preferences import WaitSeconds, wait_applied
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import playground_examples as examples
from functions.api.routes import prompt_examples
from promptpilot.domain.cursor import MAX_CURSOR_LENGTH
from promptpilot.domain.run import Comparison, Run, RunProgress
from promptpilot.errors import CursorInvalid
from promptpilot.platform import current
from promptpilot.services.playground import following, runs

router = Routes()
TAGS = ["playground"]


@router.post(
    "/playground/compare",
    summary="Compare models",
    description="Run one prompt version with one input on up to four models at the same time. What "
    "they say can be followed while they say it; each answer has a log.",
    operation_id="compare_models",
    tags=TAGS,
    status_code=202,
    middlewares=[idempotent],
    responses=answers(
        202,
        "The run, which goes on.",
        examples.RUN,
        headers=["Location"],
        refusals=[
            prompt_examples.UNKNOWN,
            prompt_examples.BOTH_NAMED,
            prompt_examples.VARIABLES_INVALID,
            prompt_examples.RENDER_FAILED,
        ],
    ),
)
def compare_models(
    request: Request,
    principal: Caller,
    comparison: Annotated[Comparison, Body(openapi_examples=examples.COMPARISON)],
) -> Response[Run]:
    """Begin a comparison."""
    ports = current()
    run = runs.compare(principal, comparison, table=ports.table, step_queue=ports.step_queue)
    headers = {"Location": requests.place(request, f"/runs/{run.id}")}
    return Response(202, body=run, headers=headers)


@router.get(
    "/runs/<id>",
    summary="Read a run",
    description="Which models were asked, and which logs have their answers. Kept for a week; the "
    "logs stay.",
    operation_id="read_run",
    tags=TAGS,
    responses=answers(200, "The run.", examples.RUN, refusals=[examples.UNKNOWN]),
)
def read_run(id: str, principal: Caller) -> Run:
    """A run."""
    return runs.get_run(principal, id, table=current().table)


@router.get(
    "/runs/<id>/events",
    summary="Follow a run",
    description="What the models have said after the cursor. Nothing is left out and nothing comes "
    "twice, whatever happened to the connection. With `Prefer: wait=N` the answer waits until "
    "there is something new, or N seconds have passed.",
    operation_id="follow_run",
    tags=TAGS,
    responses=answers(
        200,
        "What was said, and the cursor to go on with.",
        examples.PROGRESS,
        headers=["Cache-Control", "Preference-Applied"],
        refusals=[examples.UNKNOWN, CursorInvalid()],
    ),
)
def follow_run(
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
) -> Response[RunProgress]:
    """What happened in one run."""
    here = current()
    ports = following.Ports(
        table=here.table,
        blobs=here.blobs,
        texts=here.partial_texts,
        waiter=here.waiter,
        cursor_key=here.cursor_key,
    )
    progress = following.follow_run(
        principal, id, cursor=cursor or None, seconds=wait or 0.0, ports=ports
    )
    headers = {"Cache-Control": "no-store", **(wait_applied(wait) if wait else {})}
    return Response(200, body=progress, headers=headers)


@router.post(
    "/runs/<id>/cancel",
    summary="Cancel a run",
    description="The calls that are under way end, at the vendor too; those that have not begun do "
    "not. What has been answered stays. Again is fine.",
    operation_id="cancel_run",
    tags=TAGS,
    responses=answers(200, "The run.", examples.CANCELLED, refusals=[examples.UNKNOWN]),
)
def cancel_run(id: str, principal: Caller) -> Run:
    """Cancel a run."""
    here = current()
    return runs.cancel_run(principal, id, table=here.table, waiter=here.waiter)
