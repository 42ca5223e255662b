"""What calls take from limits, wait for and give back."""

from promptpilot.domain.model import Completion
from promptpilot.domain.model_limits import ModelLimit
from promptpilot.services.asking.patience import LEAST_SECONDS
from promptpilot.step_errors import ModelRateLimited, ModelTimeout
from tests.fakes import ScriptedLimiter, ScriptedModel
from tests.unit.asking_world import ASKED, answered, calling, limited, said
from tests.unit.world import World


async def test_without_limits_nothing_is_taken() -> None:
    world = World(ScriptedModel())
    await answered(world)
    assert world.limiter.taken == []


async def test_a_call_takes_from_the_buckets_of_its_vendor_and_of_its_model() -> None:
    limits = {
        "fake": ModelLimit(requests_per_minute=60, tokens_per_minute=6_000),
        "fake/echo": ModelLimit(requests_per_minute=6),
        "fake/other": ModelLimit(requests_per_minute=1),
    }
    limiter = ScriptedLimiter()
    world = limited(ScriptedModel([said("fine")]), limiter, **limits)
    await answered(world)
    owner = f"workspace/{world.principal.workspace}"
    assert [(t.key.removeprefix(owner), t.capacity, t.per_second) for t in limiter.taken] == [
        ("/fake/requests", 10, 1.0),
        ("/fake/tokens", 1_000, 100.0),
        ("/fake/echo/requests", 1, 0.1),
    ]


async def test_what_a_call_really_took_is_settled_afterwards() -> None:
    limiter = ScriptedLimiter()
    limit = ModelLimit(tokens_per_minute=60_000)
    world = limited(ScriptedModel([said("fine")]), limiter, fake=limit)
    await answered(world)
    [taken], [back] = limiter.taken, limiter.given_back
    assert back.key == taken.key
    assert taken.amount - back.amount == 110


async def test_a_call_that_fails_gives_its_tokens_back() -> None:
    limiter = ScriptedLimiter()
    limit = ModelLimit(tokens_per_minute=60_000)
    world = limited(ScriptedModel([ModelTimeout()]), limiter, fake=limit)
    await answered(world)
    assert [each.amount for each in limiter.given_back] == [limiter.taken[0].amount]


async def test_a_short_wait_is_waited_and_told_in_the_log() -> None:
    limiter = ScriptedLimiter(0.02)
    limit = ModelLimit(requests_per_minute=60)
    model = ScriptedModel([ModelRateLimited(retry_after=0), "fine"])
    log = await answered(limited(model, limiter, fake=limit))
    assert log.text == "fine"
    assert [each.waited_ms for each in log.calls] == [20.0, 0.0]
    assert model.requests[0].timeout < 59.99


async def test_what_a_single_call_has_waited_is_in_the_log_too() -> None:
    limit = ModelLimit(requests_per_minute=60)
    model = ScriptedModel(["fine"])
    log = await answered(limited(model, ScriptedLimiter(0.02), fake=limit))
    assert [each.waited_ms for each in log.calls] == [20.0]


async def test_a_call_that_does_not_tell_its_usage_keeps_what_it_has_taken() -> None:
    limiter = ScriptedLimiter()
    limit = ModelLimit(tokens_per_minute=60_000)
    silent = Completion(text="fine", model="fake/echo")
    await answered(limited(ScriptedModel([silent]), limiter, fake=limit))
    assert len(limiter.taken) == 1
    assert limiter.given_back == []


async def test_a_long_wait_fails_as_if_the_vendor_had_refused() -> None:
    limiter = ScriptedLimiter(-30.0)
    limit = ModelLimit(requests_per_minute=1)
    model = ScriptedModel([])
    log = await answered(limited(model, limiter, fake=limit))
    assert log.error.name == "ModelRateLimited"
    assert model.requests == []
    assert limiter.longest == [5.0]


async def test_a_key_that_workspaces_share_has_limits_of_its_own() -> None:
    world = World(ScriptedModel([said("fine")]))
    world.ports.models.limits = {"fake": ModelLimit(requests_per_minute=60)}
    await answered(world)
    assert [take.key for take in world.limiter.taken] == ["everybody/fake/requests"]


async def test_a_call_waits_for_its_turn_no_longer_than_it_has_time() -> None:
    limiter = ScriptedLimiter()
    limits = {"fake": ModelLimit(requests_per_minute=1)}
    caller, _ = calling(limited(ScriptedModel(["fine"]), limiter, **limits))
    await caller.call(ASKED.model_copy(update={"timeout": 2.0}), attachments={})
    assert limiter.longest == [2.0 - LEAST_SECONDS]
