"""Runs of a prompt that can be followed and cancelled: beginning, finding, cancelling them."""

from collections.abc import Mapping, Sequence
from typing import Any

from promptpilot import keys
from promptpilot.clock import epoch_ms, now
from promptpilot.domain.execution import check_input_size, log_id
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.progress import progress_subject
from promptpilot.domain.prompt import PromptRef, PromptVersion
from promptpilot.domain.run import Comparison, Run, RunLog
from promptpilot.domain.step_job import PromptRunJob, StepPlace
from promptpilot.errors import ConditionFailed, NotFound, StoreUnavailable
from promptpilot.ports.step_queue import StepQueue
from promptpilot.ports.table import Create, Item, Replace, Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.asking.question import model_request
from promptpilot.services.prompts.versions import resolve_ref
from promptpilot.telemetry import traceparent

KIND = "run"
KEPT_SECONDS = 7 * 24 * 3600
"""How long a run can be followed; its logs stay."""
TIMEOUT_SECONDS = 60.0
_RACES = 5


def compare(
    principal: Principal, comparison: Comparison, *, table: Table, step_queue: StepQueue
) -> Run:
    """Begin a run on several models at the same time.

    Wrong variables are refused before anything is queued. Raises `NotFound`, `TooLarge`,
    `VariablesInvalid`, `RenderFailed`.
    """
    principal.require(Action.PROMPT_RUN)
    ref = PromptRef(id=comparison.prompt_id, version=comparison.version, label=comparison.label)
    prompt = resolve_ref(principal.workspace, ref, table=table)
    return begin(
        principal,
        prompt,
        comparison.variables,
        comparison.models,
        table=table,
        step_queue=step_queue,
    )


def begin(
    principal: Principal,
    prompt: PromptVersion,
    variables: Mapping[str, Any],
    models: Sequence[str | None],
    *,
    table: Table,
    step_queue: StepQueue,
) -> Run:
    """Begin a run of a prompt version; None among `models` is the version's own. Raises as
    `compare`, and `StepInvalid` where no model is named.
    """
    check_input_size("The variables", variables)
    names = [
        model_request(prompt, variables, model=model, timeout=TIMEOUT_SECONDS, table=table).model
        for model in models
    ]
    run = _new_run(principal, prompt, names)
    expires_at = epoch_ms() // 1000 + KEPT_SECONDS
    key = keys.run(run.workspace, run.id)
    table.write([Create(Item(key, KIND, run.model_dump_json(), expires_at=expires_at))])
    for each in run.logs:
        job = PromptRunJob(
            workspace=run.workspace,
            log=each.log,
            prompt=prompt.prompt_id,
            version=prompt.version,
            variables=variables,
            model=each.model,
            run=run.id,
            traceparent=traceparent.here(),
        )
        step_queue.send(job.model_dump_json())
    return run


def get_run(principal: Principal, id: str, *, table: Table) -> Run:
    """A run of the workspace. Raises `NotFound`."""
    principal.require(Action.EXECUTION_READ)
    return load_run(principal.workspace, id, table=table)[0]


def load_run(workspace: str, id: str, *, table: Table) -> tuple[Run, Item]:
    """A run with its item, for callers that have checked already. Raises `NotFound`."""
    item = table.get(keys.run(workspace, id))
    if item is None:
        raise NotFound(kind="run", id=id)
    return Run.model_validate_json(item.body), item


def cancel_run(principal: Principal, id: str, *, table: Table, waiter: Waiter) -> Run:
    """End the calls of a run that are under way, and start none that is not; what has ended stays.
    Again is fine. Raises `NotFound`.
    """
    principal.require(Action.PROMPT_RUN)
    for _ in range(_RACES):
        run, item = load_run(principal.workspace, id, table=table)
        if run.cancelled_by is not None:
            return run
        cancelled = run.model_copy(update={"cancelled_by": principal.user})
        try:
            table.write([Replace(item.next(cancelled.model_dump_json()))])
        except ConditionFailed:
            continue
        waiter.announce(progress_subject(id))
        return cancelled
    raise StoreUnavailable(reason="The run is contended.")


def is_cancelled(workspace: str, id: str, *, table: Table) -> bool:
    """Whether somebody has cancelled the run."""
    item = table.get(keys.run(workspace, id))
    return item is not None and Run.model_validate_json(item.body).cancelled_by is not None


def _new_run(principal: Principal, prompt: PromptVersion, models: Sequence[str]) -> Run:
    run_id = new_id("run")
    logs = tuple(
        RunLog(model=model, log=log_id(run_id, StepPlace(step="run", path="run", ordinal=place)))
        for place, model in enumerate(models, start=1)
    )
    return Run(
        id=run_id,
        workspace=principal.workspace,
        prompt_id=prompt.prompt_id,
        version=prompt.version,
        logs=logs,
        created_by=principal.user,
        created_at=now(),
    )
