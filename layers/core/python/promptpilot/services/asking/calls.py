"""Calls of models, each held back by limits, guarded by a circuit breaker, and accounted for."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from promptpilot.domain.model import Completion, ModelRequest, Usage
from promptpilot.domain.model_call import ModelCall, Purpose
from promptpilot.domain.model_fit import fitted
from promptpilot.domain.pricing import cost_micro_usd
from promptpilot.ports.models import Attachments, Models, OnText
from promptpilot.ports.offload import Offload
from promptpilot.ports.rate_limiter import RateLimiter
from promptpilot.ports.table import Table
from promptpilot.services.asking.breaker import Breakers
from promptpilot.services.asking.limits import Owned, Taken, settle_turn, take_turn
from promptpilot.services.asking.patience import LEAST_SECONDS
from promptpilot.services.budgets.spending import Budgeted, Spend, Spender
from promptpilot.step_errors import StepCancelled, StepTimedOut
from promptpilot.telemetry import names
from promptpilot.telemetry.model_spans import answered, asked
from promptpilot.telemetry.spans import span

MARGIN_SECONDS = 1.0
"""How much longer than its own time limit a model's client may take."""
MOMENT_SECONDS = 0.01
NOTHING_USED = Usage()

EVERYBODY = "everybody"
"""Whose the limits of shared keys are."""


@dataclass(slots=True)
class Calls:
    """The calls that one question has led to so far, in order."""

    made: list[ModelCall] = field(default_factory=list)

    @property
    def usage(self) -> Usage | None:
        """Of all calls together; None where none has told any."""
        told = [each.usage for each in self.made if each.usage is not None]
        return sum(told[1:], told[0]) if told else None

    @property
    def cost_micro_usd(self) -> int | None:
        """Of all calls together; None where that of an answered one is unknown, and where none
        was answered.
        """
        answered = [each.cost_micro_usd for each in self.made if each.error is None]
        costs = [each for each in answered if each is not None]
        return sum(costs) if costs and len(costs) == len(answered) else None

    @property
    def latency_ms(self) -> float:
        """Of all calls together."""
        return round(sum(each.latency_ms for each in self.made), 3)


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls models for one try of a step, or one run. `limits` are those that bind its calls."""

    spender: Spender
    limits: Sequence[Owned]
    models: Models
    rate_limiter: RateLimiter
    breakers: Breakers
    table: Table
    offload: Offload
    calls: Calls = field(default_factory=Calls)

    def fitted(self, request: ModelRequest) -> tuple[ModelRequest, tuple[str, ...]]:
        """The request without the settings that its model does not take, and the names of those.
        Raises `ModelRejectedRequest` where they may not be left out.
        """
        return fitted(request, self.models.profile(request.model))

    async def call(
        self,
        request: ModelRequest,
        *,
        purpose: Purpose = "answer",
        on_text: OnText | None = None,
        attachments: Attachments,
    ) -> Completion:
        """One call, within `request.timeout` seconds, waiting for its turn, and for the budget,
        included.

        Raises a `ModelError` (`ModelTimeout` at the end of that time), `BudgetExceeded` in place of
        a call, or `StepTimedOut` where the client itself does not keep to its time.
        """
        began = time.perf_counter()
        budget = Budgeted(
            request,
            self.spender,
            len(self.calls.made) + 1,
            models=self.models,
            table=self.table,
            offload=self.offload,
            attachments=attachments,
        )
        # Before anything is set aside or waited for: an open circuit costs nothing.
        with self.breakers.guard(request.model, request.timeout):
            async with budget as spend:
                return await self._in_turn(request, purpose, on_text, attachments, spend, began)

    async def _in_turn(
        self,
        request: ModelRequest,
        purpose: Purpose,
        on_text: OnText | None,
        attachments: Attachments,
        spend: Spend,
        began: float,
    ) -> Completion:
        """The call once the limits let it through; `began` is when its time did."""
        limits = await self._limits(request.model)
        taken = await take_turn(request, limits, rate_limiter=self.rate_limiter)
        request = _after(time.perf_counter() - began, request)
        used: Usage | None = NOTHING_USED
        try:
            completion = await self._accounted(request, purpose, on_text, attachments, spend, taken)
            used = completion.usage
            return completion
        finally:
            # Outside of the account: what a limit takes is not the model's time.
            if taken.tokens and used is not None:
                await settle_turn(taken, used, rate_limiter=self.rate_limiter)

    async def _limits(self, model: str) -> Sequence[Owned]:
        """The workspace's own, and those of a key that it shares."""
        shared = await self.models.shared_limits(model, self.spender.workspace)
        return (*self.limits, Owned(EVERYBODY, shared)) if shared else self.limits

    async def _accounted(
        self,
        request: ModelRequest,
        purpose: Purpose,
        on_text: OnText | None,
        attachments: Attachments,
        spend: Spend,
        taken: Taken,
    ) -> Completion:
        """The call: what it took goes into `calls`, what it cost out of the budget."""
        started = time.perf_counter()
        usage: Usage | None = None
        error: str | None = None
        try:
            completion = await self._traced(request, on_text, attachments)
            usage = completion.usage
            return completion
        except asyncio.CancelledError:
            error = StepCancelled.__name__
            raise
        except BaseException as failure:
            error = type(failure).__name__
            raise
        finally:
            cost = cost_micro_usd(usage, self.models.price(request.model))
            if error is None:
                spend.settle(cost)
            call = ModelCall(
                model=request.model,
                purpose=purpose,
                usage=usage,
                cost_micro_usd=cost,
                latency_ms=round((time.perf_counter() - started) * 1000, 3),
                waited_ms=round(taken.waited * 1000, 3),
                error=error,
            )
            self.calls.made.append(call)

    async def _traced(
        self, request: ModelRequest, on_text: OnText | None, attachments: Attachments
    ) -> Completion:
        client = self.models.client(request.model, self.spender.workspace)
        name = f"{names.CHAT} {request.model.partition('/')[2]}"
        with span(name, "client") as told:
            if told.recording:
                told.set(asked(request, streamed=on_text is not None))
            try:
                async with asyncio.timeout(request.timeout + MARGIN_SECONDS):
                    completion = await client.complete(
                        request, on_text=on_text, attachments=attachments
                    )
            except TimeoutError as error:
                raise StepTimedOut from error
            if told.recording:
                told.set(answered(completion))
            return completion


def _after(seconds: float, request: ModelRequest) -> ModelRequest:
    """The request with what is left of its time; a moment does not count."""
    if seconds < MOMENT_SECONDS:
        return request
    left = max(request.timeout - seconds, LEAST_SECONDS)
    return request.model_copy(update={"timeout": left})
