"""Asking models for one answer: the one that is meant, and others in turn where it fails."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from promptpilot.domain.execution import FailedModel, LogError
from promptpilot.domain.model import ModelRequest
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.models import Models
from promptpilot.ports.offload import Offload
from promptpilot.ports.table import Table
from promptpilot.services.steps.answer_cache import Caching, find_answer, keep_answer
from promptpilot.services.steps.model_calls import Answer, call_model
from promptpilot.services.steps.streamed_texts import Hear
from promptpilot.step_errors import (
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelTimeout,
    ModelUnavailable,
    OutputInvalid,
    StepError,
    StepTimedOut,
)

SHORT_WAIT_SECONDS = 5.0
"""What a vendor asks us to wait is waited out up to here; more is left to the state machine, which
does not hold a worker meanwhile.
"""
LEAST_SECONDS = 0.2
"""With less time left no model is asked."""

_FAILURES = (ModelError, OutputInvalid, StepTimedOut)
"""Where another model might do better. Also of a request that one vendor calls wrong or finds too
long: what models take differs.
"""
_PASSING = (ModelRateLimited, ModelOverloaded, ModelTimeout, ModelUnavailable, StepTimedOut)
"""Failures that the same call may not meet later."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: an answer to `request`, or the error that stands for all of them.

    `failed` are the models that were asked before the one that answered.
    """

    request: ModelRequest
    answer: Answer | None = None
    error: StepError | None = None
    failed: tuple[FailedModel, ...] = ()
    cached: bool = False


@dataclass(slots=True)
class _Failures:
    errors: list[StepError] = field(default_factory=list)
    models: list[FailedModel] = field(default_factory=list)

    def add(self, model: str, error: StepError) -> None:
        self.errors.append(error)
        told = LogError(name=type(error).__name__, message=str(error))
        self.models.append(FailedModel(model=model, error=told))

    @property
    def error(self) -> StepError:
        """The first that a retry may mend, or else the first: a retry is decided by its name."""
        passing = (error for error in self.errors if isinstance(error, _PASSING))
        return next(passing, self.errors[0])


async def ask_models(
    request: ModelRequest,
    fallbacks: Sequence[str],
    workspace: str,
    *,
    models: Models,
    caching: Caching | None = None,
    hear: Hear | None = None,
    table: Table,
    blobs: Blobs,
    offload: Offload,
) -> Asked:
    """Ask the model of `request`, then each of `fallbacks` until one answers.

    All of it takes `request.timeout` seconds at most: every model has an equal share of what is
    left, so that one that hangs leaves time for the next. An answer that is kept for a request is
    taken instead of asking. What a model says goes to `hear` while it says it. `workspace` is whose
    keys are used.
    """
    failures = _Failures()
    for each in _shares(request, fallbacks):
        if caching is not None:
            kept = await offload(find_answer, caching, each, table=table, blobs=blobs)
            if kept is not None:
                return Asked(each, kept, failed=tuple(failures.models), cached=True)
        try:
            answer = await _ask_patiently(each, workspace, models, hear)
        except _FAILURES as error:
            failures.add(each.model, error)
            continue
        if caching is not None:
            await offload(keep_answer, caching, each, answer, table=table, blobs=blobs)
        return Asked(each, answer, failed=tuple(failures.models))
    tried = tuple(failures.models) if fallbacks else ()
    return Asked(request, error=failures.error, failed=tried)


def _shares(request: ModelRequest, fallbacks: Sequence[str]) -> Iterator[ModelRequest]:
    """The request to each model, with its share of the time as it is when it is asked."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + request.timeout
    names = [request.model, *(name for name in fallbacks if name != request.model)]
    if len(names) == 1:
        yield request
        return
    for place, name in enumerate(names):
        left = deadline - clock()
        if place and left < LEAST_SECONDS:
            return
        share = left / (len(names) - place)
        yield request.model_copy(update={"model": name, "timeout": share})


async def _ask_patiently(
    request: ModelRequest, workspace: str, models: Models, hear: Hear | None
) -> Answer:
    """Ask once more where the vendor asks for a short wait that leaves time for it."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + request.timeout
    try:
        return await call_model(request, workspace, models=models, on_text=hear and hear())
    except (ModelRateLimited, ModelOverloaded) as error:
        wait = error.retry_after
        left = deadline - clock()
        if wait is None or wait > SHORT_WAIT_SECONDS or wait + LEAST_SECONDS > left:
            raise
        await asyncio.sleep(wait)
    again = request.model_copy(update={"timeout": deadline - clock()})
    return await call_model(again, workspace, models=models, on_text=hear and hear())
