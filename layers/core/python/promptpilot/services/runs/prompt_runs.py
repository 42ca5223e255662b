"""Running one prompt version on one model, outside any workflow."""

from collections.abc import Mapping
from typing import Annotated, Any

from promptpilot.domain.base import OMITTED, Model
from promptpilot.domain.execution import ExecutionLog, LogStatus, check_input_size, log_id
from promptpilot.domain.ids import new_id
from promptpilot.domain.model import ModelName
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import PromptRef
from promptpilot.domain.run import Run
from promptpilot.domain.step_job import PromptRunJob, StepPlace
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.step_queue import StepQueue
from promptpilot.ports.table import Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.asking.question import model_request
from promptpilot.services.logs import load_log
from promptpilot.services.playground.runs import TIMEOUT_SECONDS, begin
from promptpilot.services.prompts.versions import resolve_ref
from promptpilot.services.steps.logs import read_claim
from promptpilot.step_errors import StepTimedOut, step_error
from promptpilot.telemetry import traceparent

WAIT_SECONDS = 25.0
"""How long the caller is kept waiting: API Gateway gives up after 30 s."""


class RunRequest(Model):
    """What to run: variables, and optionally another model and which version. With `stream` the
    answer is not waited for, and can be followed instead.
    """

    variables: Mapping[str, Any] = {}
    model: ModelName | None = None
    version: str | None = None
    label: str | None = None
    stream: bool = False


class PromptRun(Model):
    """The answer, and the log that says what it took; or the run that can be followed."""

    output: Any = None
    log: Annotated[ExecutionLog | None, OMITTED] = None
    run: Annotated[Run | None, OMITTED] = None


def stream_prompt(
    principal: Principal, id: str, request: RunRequest, *, table: Table, step_queue: StepQueue
) -> PromptRun:
    """Begin a run that can be followed. Wrong variables are refused before anything is queued.
    Raises `NotFound`, `TooLarge`, `VariablesInvalid`, `RenderFailed`, `StepInvalid`.
    """
    principal.require(Action.PROMPT_RUN)
    ref = PromptRef(id=id, version=request.version, label=request.label)
    prompt = resolve_ref(principal.workspace, ref, table=table)
    run = begin(
        principal,
        prompt,
        request.variables,
        [request.model],
        table=table,
        step_queue=step_queue,
    )
    return PromptRun(run=run)


def run_prompt(
    principal: Principal,
    id: str,
    request: RunRequest,
    *,
    table: Table,
    blobs: Blobs,
    step_queue: StepQueue,
    waiter: Waiter,
) -> PromptRun:
    """Run a prompt as a job of a worker, as every model call is, and wait for its log.

    Wrong variables are refused before anything is queued. Raises `NotFound`, `TooLarge`,
    `VariablesInvalid`, `RenderFailed`, `StepInvalid` where no model is named; the recorded
    `StepError` of a run that failed; `StepTimedOut` with the log's id for one that takes longer
    than `WAIT_SECONDS`.
    """
    principal.require(Action.PROMPT_RUN)
    workspace = principal.workspace
    check_input_size("The variables", request.variables)
    ref = PromptRef(id=id, version=request.version, label=request.label)
    prompt = resolve_ref(workspace, ref, table=table)
    model_request(
        prompt, request.variables, model=request.model, timeout=TIMEOUT_SECONDS, table=table
    )
    log = log_id(new_id("run"), StepPlace(step="run", path="run"))
    job = PromptRunJob(
        workspace=workspace,
        log=log,
        prompt=prompt.prompt_id,
        version=prompt.version,
        variables=request.variables,
        model=request.model,
        traceparent=traceparent.here(),
    )

    def ended() -> bool:
        found = read_claim(workspace, log, table=table)
        return found is not None and found.log.status is not LogStatus.RUNNING

    step_queue.send(job.model_dump_json())
    if not waiter.wait(log, ended, WAIT_SECONDS):
        reason = f"No answer within {WAIT_SECONDS:.0f} s; the run goes on and its log will tell."
        raise StepTimedOut(reason=reason, log=log)
    done = load_log(workspace, log, table=table, blobs=blobs)
    if done.error is not None:
        raise step_error(done.error.name, done.error.message, log)
    return PromptRun(output=done.output, log=done)
