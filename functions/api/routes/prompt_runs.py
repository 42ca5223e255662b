"""Trying a prompt: rendering it, and running it on a model."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api import requests
from functions.api.documentation import answers
from functions.api.idempotency import idempotent
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import prompt_examples as examples
from promptpilot import step_errors
from promptpilot.domain.prompt_document import Rendered, RenderRequest
from promptpilot.platform import current
from promptpilot.services.prompts import render as prompt_render
from promptpilot.services.runs import prompt_runs
from promptpilot.services.runs.prompt_runs import PromptRun, RunRequest

router = Routes()
TAGS = ["prompts"]
RENDERING = [
    examples.UNKNOWN,
    examples.BOTH_NAMED,
    examples.VARIABLES_INVALID,
    examples.RENDER_FAILED,
]


@router.post(
    "/prompts/<id>/render",
    summary="Render a prompt",
    description="What a model would be sent for these variables. Calls no model.",
    operation_id="render_prompt",
    tags=TAGS,
    responses=answers(200, "The rendered prompt.", examples.RENDERED, refusals=RENDERING),
)
def render_prompt(
    id: str,
    asked: Annotated[RenderRequest, Body(openapi_examples=examples.RENDER)],
    principal: Caller,
) -> Rendered:
    """The text, or the messages, with the variables in their places."""
    return prompt_render.render_prompt(principal, id, asked, table=current().table)


@router.post(
    "/prompts/<id>/run",
    summary="Run a prompt",
    description="Render a prompt and ask a model: the one named here, or the version's own. The "
    "answer waits for the model's; a run that takes longer goes on, and its log will tell. With "
    "`stream` it is 202, and the run can be followed while the model answers, and cancelled.",
    operation_id="run_prompt",
    tags=TAGS,
    middlewares=[idempotent],
    responses=answers(
        200,
        "The output, and the log of the run.",
        examples.RUN,
        also={202: "The run, which goes on."},
        refusals=[
            *RENDERING,
            step_errors.StepInvalid(reason="No model is named, neither here nor by the prompt."),
            step_errors.ModelUnknown(model="custom/none/model"),
            step_errors.BudgetExceeded(log=examples.LOG_ID),
            step_errors.ModelRateLimited(log=examples.LOG_ID, retry_after=20),
            step_errors.ModelUnavailable(log=examples.LOG_ID),
            step_errors.OutputInvalid(log=examples.LOG_ID),
            step_errors.StepTimedOut(log=examples.LOG_ID),
        ],
    ),
)
def run_prompt(
    request: Request,
    id: str,
    asked: Annotated[RunRequest, Body(openapi_examples=examples.RUN_REQUEST)],
    principal: Caller,
) -> Response[PromptRun]:
    """What a model makes of a prompt."""
    ports = current()
    if asked.stream:
        begun = prompt_runs.stream_prompt(
            principal, id, asked, table=ports.table, step_queue=ports.step_queue
        )
        assert begun.run is not None
        place = requests.place(request, f"/runs/{begun.run.id}")
        return Response(202, body=begun, headers={"Location": place})
    done = prompt_runs.run_prompt(
        principal,
        id,
        asked,
        table=ports.table,
        blobs=ports.blobs,
        step_queue=ports.step_queue,
        waiter=ports.waiter,
    )
    return Response(200, body=done)
