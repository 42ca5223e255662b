"""Asking models for one answer: the one that is meant, and others in turn where it fails."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from promptpilot.domain.execution import FailedModel, LogError
from promptpilot.domain.model import ModelRequest
from promptpilot.ports.cache import Cache
from promptpilot.ports.models import Attachments
from promptpilot.services.asking.answer import Answer
from promptpilot.services.asking.calls import Caller
from promptpilot.services.asking.hearing import Hear
from promptpilot.services.asking.kept_answers import Ask, kept_or_asked
from promptpilot.services.asking.one_model import ask_model
from promptpilot.services.asking.patience import LEAST_SECONDS
from promptpilot.services.asking.question import Question
from promptpilot.step_errors import (
    BudgetExceeded,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelTimeout,
    ModelUnavailable,
    OutputInvalid,
    StepError,
    StepTimedOut,
)

_FAILURES = (ModelError, OutputInvalid, StepTimedOut)
"""Where another model might do better. Also of a request that one vendor calls wrong or finds too
long: what models take differs.
"""
_PASSING = (ModelRateLimited, ModelOverloaded, ModelTimeout, ModelUnavailable, StepTimedOut)
"""Failures that the same call may not meet later."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: an answer to `request`, or the error that stands for all of them.

    `failed` are the models that were asked before the one that answered; `dropped` the settings
    that this one does not take.
    """

    request: ModelRequest
    answer: Answer | None = None
    error: StepError | None = None
    failed: tuple[FailedModel, ...] = ()
    dropped: tuple[str, ...] = ()
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
    question: Question,
    caller: Caller,
    *,
    cache: Cache,
    attachments: Attachments,
    hear: Hear | None = None,
) -> Asked:
    """Ask the model of the question's request, then each of its fallbacks until one answers.

    All of it takes `request.timeout` seconds at most: every model has an equal share of what is
    left, so that one that hangs leaves time for the next. An answer that is kept for a request is
    taken instead of asking. What a model says goes to `hear` while it says it; the question's
    tools are used for it. What the calls took is in `caller.calls`, also where all have failed.
    """

    async def ask(request: ModelRequest) -> Answer:
        return await ask_model(request, question, caller, attachments, hear)

    failures = _Failures()
    for each in _shares(question.request, question.fallbacks):
        try:
            fitted, dropped = caller.fitted(each)
            answer, cached = await _answered(question, fitted, ask, cache)
        except _FAILURES as error:
            failures.add(each.model, error)
            continue
        except BudgetExceeded as error:
            # The next model may be cheaper; but whoever set the budget wants to be asked.
            return Asked(each, error=error, failed=tuple(failures.models))
        return Asked(fitted, answer, failed=tuple(failures.models), dropped=dropped, cached=cached)
    tried = tuple(failures.models) if question.fallbacks else ()
    return Asked(question.request, error=failures.error, failed=tried)


async def _answered(
    question: Question, request: ModelRequest, ask: Ask, cache: Cache
) -> tuple[Answer, bool]:
    """The answer, and whether it is one of before."""
    if question.caching is None:
        return await ask(request), False
    return await kept_or_asked(question.caching, request, ask, cache=cache)


def _shares(request: ModelRequest, fallbacks: Sequence[str]) -> Iterator[ModelRequest]:
    """The request to each model, with its share of the time as it is when it is asked."""
    others = [name for name in fallbacks if name != request.model]
    if not others:
        yield request
        return
    clock = asyncio.get_running_loop().time
    deadline = clock() + request.timeout
    names = [request.model, *others]
    for place, name in enumerate(names):
        left = deadline - clock()
        if place and left < LEAST_SECONDS:
            return
        share = left / (len(names) - place)
        yield request.model_copy(update={"model": name, "timeout": share})
