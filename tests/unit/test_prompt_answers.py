"""Steps that call a model: other models in turn, short waits, answers that stand for a while, and
replays.
"""

import asyncio
from typing import Any

import pytest

from promptpilot.domain.execution import Execution, LogStatus, Override, Replay
from promptpilot.domain.model import Completion, Price, Usage
from promptpilot.domain.prompt_document import VersionDraft
from promptpilot.errors import (
    ContextTooLong,
    ModelAuthFailed,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelTimeout,
    StoreUnavailable,
)
from promptpilot.services.executions.records import load_execution
from promptpilot.services.executions.totals import totals
from promptpilot.services.prompts.versions import create_version
from promptpilot.services.steps import answer_cache
from promptpilot.services.steps.answer_cache import INLINE_BYTES
from tests.fakes import ScriptedModel, ScriptedModels
from tests.unit.kinds_world import KindsWorld

PRICE = Price(input_per_million=1.0, output_per_million=2.0, as_of="2026-11-24")


def asking(
    *steps: dict[str, Any], model: ScriptedModel | None = None, **others: ScriptedModel
) -> KindsWorld:
    """A world whose models are `fake/echo` and `others`."""
    own = model or ScriptedModel(price=PRICE)
    world = KindsWorld(*steps, model=own)
    models = {"fake/echo": own, **{f"fake/{name}": each for name, each in others.items()}}
    world.ports = world.ports_with(models=ScriptedModels(models))
    return world


def first(**fields: Any) -> dict[str, Any]:
    return {"id": "first", "kind": "prompt", **fields}


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


async def test_a_vendor_that_asks_to_wait_is_asked_again_only_once() -> None:
    error = ModelRateLimited(retry_after=0.0)
    world = asking(
        first(fallbacks=["fake/second"]),
        model=ScriptedModel([error, error]),
        second=ScriptedModel(["fine"]),
    )
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert log.text == "fine"
    assert len(world.model.requests) == 2


async def test_an_answer_stands_for_equal_requests_and_costs_nothing_then() -> None:
    world = asking(first(cache="1h"), model=ScriptedModel(["once"], price=PRICE))
    executions = [world.run(), world.run()]
    for at, execution in enumerate(executions):
        await world.do(execution, "first", token=f"token {at}")
    [paid], [free] = map(world.logs, executions)
    assert (paid.cached, free.cached) == (False, True)
    assert paid.cost_micro_usd > 0 == free.cost_micro_usd
    assert (free.text, free.output, free.usage) == (paid.text, paid.output, paid.usage)
    assert free.model_served == paid.model_served
    told = world.orchestrator.succeeded
    assert told["token 1"]["text"] == told["token 0"]["text"]
    sums = [totals(e.workspace, e.id, table=world.ports.table) for e in executions]
    assert sums[0].usage == paid.usage
    assert (sums[1].usage, sums[1].cost_micro_usd) == (Usage(), 0)


async def test_a_cached_answer_to_a_schema_is_the_value_that_it_spells() -> None:
    world = KindsWorld(model=ScriptedModel(['{"a": 1}']))
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    create_version(
        world.principal,
        world.prompt.id,
        VersionDraft(output_schema=schema, bump="major"),
        table=world.ports.table,
    )
    world.workflow = world.made(first(cache="1h"))
    for _ in range(2):
        await world.do(world.run(), "first")
    assert world.orchestrator.succeeded["token first"]["output"] == {"a": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"variables": {"text": "other"}},
        {"model": "fake/second"},
    ],
)
async def test_another_request_is_asked_for_itself(change: dict[str, Any]) -> None:
    second = ScriptedModel()
    world = asking(first(cache="1h"), second=second)
    await world.do(world.run(), "first")
    execution = world.run()
    await world.do(execution, "first", **change)
    [log] = world.logs(execution)
    assert not log.cached
    assert len(world.model.requests) + len(second.requests) == 2


async def test_other_settings_are_another_request() -> None:
    world = asking(first(cache="1h"))
    await world.do(world.run(), "first")
    world.workflow = world.made(first(cache="1h", settings={"temperature": 0.5}))
    await world.do(world.run(), "first")
    assert len(world.model.requests) == 2


async def test_another_time_limit_is_the_same_request() -> None:
    world = asking(first(cache="1h"))
    await world.do(world.run(), "first")
    world.workflow = world.made(first(cache="1h", timeout="5s"))
    await world.do(world.run(), "first")
    assert len(world.model.requests) == 1


async def test_an_answer_stands_as_long_as_the_step_that_asks_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = asking(first(cache="1h"))
    await world.do(world.run(), "first")
    ahead = answer_cache.epoch_ms() + 61_000
    monkeypatch.setattr(answer_cache, "epoch_ms", lambda: ahead)
    await world.do(world.run(), "first")
    assert len(world.model.requests) == 1
    world.workflow = world.made(first(cache="1m"))
    await world.do(world.run(), "first")
    assert len(world.model.requests) == 2


async def test_a_large_answer_is_kept_too() -> None:
    text = "x" * (INLINE_BYTES + 1)
    world = asking(first(cache="1h"), model=ScriptedModel([text]))
    for _ in range(2):
        execution = world.run()
        await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.cached, log.text) == (True, text)


async def test_the_keys_of_kept_answers_show_nothing_of_them() -> None:
    world = asking(first(cache="1h"))
    await world.do(world.run(), "first", variables={"text": "somebody@example.com"})
    [item] = world.ports.table.of_kind("answer")
    assert "somebody" not in f"{item.key}"
    assert item.expires_at is not None


async def test_an_answer_that_cannot_be_kept_is_an_answer_all_the_same() -> None:
    world = asking(first(cache="1h"))
    execution = world.run()

    async def losing(call, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        return call(*args, **kwargs)

    class Losing(type(world.ports.table)):  # type: ignore[misc]
        def write(self, operations: Any, *, durable: bool = True) -> None:
            if any(getattr(o, "item", None) and o.item.kind == "answer" for o in operations):
                raise StoreUnavailable
            super().write(operations, durable=durable)

    world.ports.table.__class__ = Losing
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert log.status is LogStatus.SUCCEEDED


async def test_a_failure_is_not_kept() -> None:
    world = asking(first(cache="1h"), model=ScriptedModel([ModelOverloaded(), "fine"]))
    for _ in range(2):
        execution = world.run()
        await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.text, log.cached) == ("fine", False)


def replaying(world: KindsWorld, of: Execution, from_step: str, **overrides: Any) -> Execution:
    """A new execution of the same workflow that replays another one."""
    execution = world.run()
    found = load_execution(execution.workspace, execution.id, table=world.ports.table)
    changed = found.changed(
        replay_of=Replay(execution_id=of.id, from_step=from_step),
        overrides={name: Override(**fields) for name, fields in overrides.items()},
    )
    world.ports.table.write([changed.replace])
    return changed.execution


TWO = (first(), {"id": "second", "kind": "prompt"}, {"id": "third", "kind": "prompt"})


async def test_a_replay_answers_the_steps_before_from_the_record_at_no_cost() -> None:
    world = asking(*TWO)
    original = world.run()
    for step in ("first", "second"):
        await world.do(original, step, variables={"text": step})
    asked = len(world.model.requests)
    replay = replaying(world, original, "second")
    await world.do(replay, "first", token="replayed", variables={"text": "not rendered"})
    [recorded, *_] = world.logs(original)
    [log] = world.logs(replay)
    assert len(world.model.requests) == asked
    assert (log.replayed, log.status, log.text) == (True, LogStatus.SUCCEEDED, recorded.text)
    assert (log.cost_micro_usd, log.usage) == (0, None)
    assert log.input == recorded.input
    result = world.orchestrator.succeeded["replayed"]
    assert (result["output"], result["log"]) == (recorded.output, log.id)

    await world.do(replay, "second", token="run")
    again = world.logs(replay)[1]
    assert again.replayed is False
    assert len(world.model.requests) == asked + 1


async def test_what_did_not_succeed_is_run_in_a_replay() -> None:
    world = asking(*TWO, model=ScriptedModel([ModelOverloaded(), "fine", "more"]))
    original = world.run()
    await world.do(original, "first")
    replay = replaying(world, original, "third")
    await world.do(replay, "first")
    await world.do(replay, "second")
    assert [log.text for log in world.logs(replay)] == ["fine", "more"]


async def test_another_step_at_the_same_place_is_not_taken_for_it() -> None:
    world = asking(*TWO)
    original = world.run()
    await world.do(original, "first")
    world.workflow = world.made({"id": "other", "kind": "prompt"}, *TWO[1:])
    replay = replaying(world, original, "third")
    await world.do(replay, "other")
    [log] = world.logs(replay)
    assert log.replayed is False


async def test_a_replay_may_ask_another_model_with_another_version_of_the_prompt() -> None:
    second = ScriptedModel()
    world = asking(*TWO, second=second)
    create_version(
        world.principal,
        world.prompt.id,
        VersionDraft(content="Shout: {{text}}"),
        table=world.ports.table,
    )
    original = world.run()
    await world.do(original, "first")
    new = world.logs(original)[0].prompt_version
    assert new != "1.0.0"
    replay = replaying(
        world, original, "first", first={"model": "fake/second", "prompt_version": "1.0.0"}
    )
    await world.do(replay, "first", model="fake/echo")
    [log] = world.logs(replay)
    assert (log.model, log.prompt_version) == ("fake/second", "1.0.0")
    assert second.requests[0].messages[-1].content == "Say: x"
