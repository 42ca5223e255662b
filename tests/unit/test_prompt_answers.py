"""Steps that call a model: other models in turn, and short waits."""

import asyncio

import pytest

from promptpilot.domain.model import Completion, Usage
from promptpilot.domain.price import Price
from promptpilot.step_errors import (
    ContextTooLong,
    ModelAuthFailed,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelTimeout,
)
from tests.fakes import ScriptedModel
from tests.unit.prompt_steps import PRICE, asking, first


@pytest.mark.parametrize(
    "error",
    [
        ModelOverloaded(),
        ModelTimeout(),
        ModelAuthFailed(),
        ModelRefused(),
        ContextTooLong(),
        ModelRejectedRequest(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_where_a_model_fails_the_next_one_is_asked(error: ModelError) -> None:
    world = asking(
        first(fallbacks=["fake/second", "fake/third"]),
        model=ScriptedModel([error]),
        second=ScriptedModel([ModelOverloaded()]),
        third=ScriptedModel([Completion(text="fine", model="third-2026", usage=Usage())]),
    )
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.model, log.model_served, log.text) == ("fake/third", "third-2026", "fine")
    assert [(each.model, each.error.name) for each in log.failed_models] == [
        ("fake/echo", type(error).__name__),
        ("fake/second", "ModelOverloaded"),
    ]
    assert log.input.model == "fake/third"
    assert log.error is None


async def test_the_price_is_that_of_the_model_that_answered() -> None:
    dear = Price(input_per_million=1e6, output_per_million=1e6, as_of="2026-11-24")
    answer = Completion(text="fine", model="x", usage=Usage(input_tokens=1, output_tokens=1))
    world = asking(
        first(fallbacks=["fake/second"]),
        model=ScriptedModel([ModelOverloaded()], price=PRICE),
        second=ScriptedModel([answer], price=dear),
    )
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert log.cost_micro_usd == 2_000_000


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([ModelOverloaded(), ModelAuthFailed()], "ModelOverloaded"),
        ([ModelAuthFailed(), ModelOverloaded()], "ModelOverloaded"),
        ([ModelRefused(), ModelAuthFailed()], "ModelRefused"),
    ],
)
async def test_where_all_fail_the_error_that_a_retry_may_mend_is_told(
    errors: list[ModelError], told: str
) -> None:
    world = asking(
        first(fallbacks=["fake/second"]),
        model=ScriptedModel(errors[:1]),
        second=ScriptedModel(errors[1:]),
    )
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert log.error.name == world.orchestrator.failed["token first"][0] == told
    assert [each.model for each in log.failed_models] == ["fake/echo", "fake/second"]


async def test_a_model_that_hangs_leaves_the_others_their_share_of_the_time() -> None:
    gate = asyncio.Event()
    world = asking(
        first(fallbacks=["fake/second"], timeout="1s"),
        model=ScriptedModel(gate=gate),
        second=ScriptedModel(["fine"]),
    )
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert log.text == "fine"
    assert log.failed_models[0].error.name == "ModelTimeout"
    assert world.model.requests[0].timeout == pytest.approx(0.5, abs=0.01)


async def test_a_model_alone_has_all_of_the_time() -> None:
    world = asking(first(timeout="7s"))
    await world.do(world.run(), "first")
    assert world.model.requests[0].timeout == 7.0


@pytest.mark.parametrize("error", [ModelRateLimited, ModelOverloaded])
async def test_a_short_wait_that_the_vendor_asks_for_is_waited_out(
    error: type[ModelRateLimited],
) -> None:
    world = asking(first(), model=ScriptedModel([error(retry_after=0.01), "fine"]))
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.text, log.failed_models) == ("fine", ())
    again = world.model.requests[1]
    assert again.messages == world.model.requests[0].messages
    assert again.timeout < world.model.requests[0].timeout


@pytest.mark.parametrize("wait", [None, 5.1, 3_600.0])
async def test_a_long_wait_is_left_to_the_state_machine(wait: float | None) -> None:
    world = asking(first(), model=ScriptedModel([ModelRateLimited(retry_after=wait)]))
    await world.do(world.run(), "first")
    assert world.orchestrator.failed["token first"][0] == "ModelRateLimited"


async def test_a_wait_that_leaves_no_time_is_not_begun() -> None:
    model = ScriptedModel([ModelRateLimited(retry_after=0.9)])
    world = asking(first(timeout="1s"), model=model)
    await world.do(world.run(), "first")
    assert world.orchestrator.failed["token first"][0] == "ModelRateLimited"


async def test_a_vendor_that_asks_to_wait_is_asked_three_times_in_all() -> None:
    error = ModelRateLimited(retry_after=0.0)
    world = asking(
        first(fallbacks=["fake/second"]),
        model=ScriptedModel([error] * 3),
        second=ScriptedModel(["fine"]),
    )
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert log.text == "fine"
    assert len(world.model.requests) == 3
    assert [each.error for each in log.calls] == ["ModelRateLimited"] * 3 + [None]
