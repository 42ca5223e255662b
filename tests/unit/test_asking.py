"""Asking models: limits, patience, repairs, settings that a model does not take, the account."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from promptpilot.domain.message import Message
from promptpilot.domain.model import Completion, ModelRequest, Settings, Usage
from promptpilot.domain.model_alias import ModelAliases
from promptpilot.domain.model_limits import ModelLimit
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.permissions import Role
from promptpilot.domain.prompt_document import VersionDraft
from promptpilot.domain.workspace_limits import WorkspaceLimits
from promptpilot.errors import Forbidden
from promptpilot.ports.rate_limiter import Take
from promptpilot.services.asking import calls
from promptpilot.services.asking.calls import Caller, Calls
from promptpilot.services.asking.limits_of import limits_of
from promptpilot.services.asking.patience import LEAST_SECONDS, RUN, STEP, Patience
from promptpilot.services.budgets.spending import Spender
from promptpilot.services.model_aliases import put_aliases
from promptpilot.services.prompts.versions import create_version
from promptpilot.services.runs.step_runs import run_workflow_step
from promptpilot.services.workspace_limits import put_limits
from promptpilot.step_errors import (
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRejectedRequest,
    ModelTimeout,
    ModelUnavailable,
    StepTimedOut,
)
from tests.fakes import MODELS, ScriptedLimiter, ScriptedModel
from tests.unit.prompt_steps import PRICE, asking, first
from tests.unit.world import World

SCHEMA = {"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]}
USAGE = Usage(input_tokens=100, output_tokens=10)


def said(text: str, **fields: Any) -> Completion:
    return Completion(text=text, model="fake/echo", usage=USAGE, **fields)


async def answered(world: World) -> Any:
    """The log of the first step of a workflow with that world's prompt."""
    execution = world.execute({"text": "x"})
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    [log] = world.logs(execution)
    return log


class TestRepair:
    async def test_an_answer_that_does_not_fit_is_shown_to_the_model_once(self) -> None:
        model = ScriptedModel([said("Good!"), said('{"mood": "good"}')], price=PRICE)
        log = await answered(World(model, output_schema=SCHEMA))
        assert log.output == {"mood": "good"}
        assert [each.purpose for each in log.calls] == ["answer", "repair"]
        roles = [(each.role, each.content) for each in model.requests[1].messages]
        assert roles[:2] == [("user", "Say: x"), ("assistant", "Good!")]
        assert "is not JSON" in roles[2][1]
        assert '"mood"' in roles[2][1]
        assert model.requests[1].timeout < model.requests[0].timeout

    async def test_both_calls_are_paid_for(self) -> None:
        model = ScriptedModel([said("Good!"), said('{"mood": "good"}')], price=PRICE)
        log = await answered(World(model, output_schema=SCHEMA))
        assert log.usage == USAGE + USAGE
        assert log.cost_micro_usd == 240 == sum(each.cost_micro_usd for each in log.calls)

    async def test_an_answer_that_fits_no_better_fails_and_both_are_paid_for(self) -> None:
        model = ScriptedModel([said("Good!"), said('{"mood": 1}')], price=PRICE)
        log = await answered(World(model, output_schema=SCHEMA))
        assert log.error.name == "OutputInvalid"
        assert "/mood" in log.error.message
        assert (log.usage, log.cost_micro_usd) == (USAGE + USAGE, 240)

    async def test_an_answer_that_was_cut_off_is_not_repaired(self) -> None:
        model = ScriptedModel([said('{"mood": "go', finish_reason="length")])
        log = await answered(World(model, output_schema=SCHEMA))
        assert log.error.name == "OutputInvalid"
        assert len(model.requests) == 1


class TestLimits:
    @staticmethod
    def limited(model: ScriptedModel, limiter: ScriptedLimiter, **limits: ModelLimit) -> World:
        world = World(model)
        world.ports = world.ports_with(rate_limiter=limiter)
        admin = type(world.principal)(world.principal.user, world.principal.workspace, Role.ADMIN)
        put_limits(admin, WorkspaceLimits(models=limits), table=world.ports.table)
        return world

    async def test_without_limits_nothing_is_taken(self) -> None:
        world = World(ScriptedModel())
        await answered(world)
        assert world.limiter.taken == []

    async def test_a_call_takes_from_the_buckets_of_its_vendor_and_of_its_model(self) -> None:
        limits = {
            "fake": ModelLimit(requests_per_minute=60, tokens_per_minute=6_000),
            "fake/echo": ModelLimit(requests_per_minute=6),
            "fake/other": ModelLimit(requests_per_minute=1),
        }
        limiter = ScriptedLimiter()
        world = self.limited(ScriptedModel([said("fine")]), limiter, **limits)
        await answered(world)
        owner = f"workspace/{world.principal.workspace}"
        assert [(t.key.removeprefix(owner), t.capacity, t.per_second) for t in limiter.taken] == [
            ("/fake/requests", 10, 1.0),
            ("/fake/tokens", 1_000, 100.0),
            ("/fake/echo/requests", 1, 0.1),
        ]

    async def test_what_a_call_really_took_is_settled_afterwards(self) -> None:
        limiter = ScriptedLimiter()
        limit = ModelLimit(tokens_per_minute=60_000)
        world = self.limited(ScriptedModel([said("fine")]), limiter, fake=limit)
        await answered(world)
        [taken], [back] = limiter.taken, limiter.given_back
        assert back.key == taken.key
        assert taken.amount - back.amount == 110

    async def test_a_call_that_fails_gives_its_tokens_back(self) -> None:
        limiter = ScriptedLimiter()
        limit = ModelLimit(tokens_per_minute=60_000)
        world = self.limited(ScriptedModel([ModelTimeout()]), limiter, fake=limit)
        await answered(world)
        assert [each.amount for each in limiter.given_back] == [limiter.taken[0].amount]

    async def test_a_short_wait_is_waited_and_told_in_the_log(self) -> None:
        limiter = ScriptedLimiter(0.02)
        limit = ModelLimit(requests_per_minute=60)
        model = ScriptedModel([ModelRateLimited(retry_after=0), "fine"])
        log = await answered(self.limited(model, limiter, fake=limit))
        assert log.text == "fine"
        assert [each.waited_ms for each in log.calls] == [20.0, 0.0]
        assert model.requests[0].timeout < 59.99

    async def test_what_a_single_call_has_waited_is_in_the_log_too(self) -> None:
        limit = ModelLimit(requests_per_minute=60)
        model = ScriptedModel(["fine"])
        log = await answered(self.limited(model, ScriptedLimiter(0.02), fake=limit))
        assert [each.waited_ms for each in log.calls] == [20.0]

    async def test_a_call_that_does_not_tell_its_usage_keeps_what_it_has_taken(self) -> None:
        limiter = ScriptedLimiter()
        limit = ModelLimit(tokens_per_minute=60_000)
        silent = Completion(text="fine", model="fake/echo")
        await answered(self.limited(ScriptedModel([silent]), limiter, fake=limit))
        assert len(limiter.taken) == 1
        assert limiter.given_back == []

    async def test_a_worker_that_stops_while_it_settles_has_told_what_the_call_has_cost(
        self,
    ) -> None:
        class Stuck(ScriptedLimiter):
            async def give_back(self, take: Take) -> None:
                settling.set()
                await asyncio.Event().wait()

        settling = asyncio.Event()
        limit = ModelLimit(tokens_per_minute=60_000)
        world = self.limited(ScriptedModel([said("fine")], price=PRICE), Stuck(), fake=limit)
        caller, made = calling(world)
        working = asyncio.create_task(caller.call(ASKED, attachments={}))
        await settling.wait()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert [(each.error, each.cost_micro_usd) for each in made.made] == [(None, 120)]


ASKED = ModelRequest(model="fake/echo", messages=(Message(role="user", content="x"),))


def calling(world: World) -> tuple[Caller, Calls]:
    """Who makes single calls by that world's ports."""
    ports, workspace, made = world.ports, world.principal.workspace, Calls()
    caller = Caller(
        spender=Spender(workspace, "log", 1),
        limits=limits_of(workspace, table=ports.table),
        models=ports.models,
        rate_limiter=ports.rate_limiter,
        breakers=ports.breakers,
        table=ports.table,
        offload=ports.offload,
        calls=made,
    )
    return caller, made


async def test_a_call_waits_for_its_turn_no_longer_than_it_has_time() -> None:
    limiter = ScriptedLimiter()
    limits = {"fake": ModelLimit(requests_per_minute=1)}
    caller, _ = calling(TestLimits.limited(ScriptedModel(["fine"]), limiter, **limits))
    await caller.call(ASKED.model_copy(update={"timeout": 2.0}), attachments={})
    assert limiter.longest == [2.0 - LEAST_SECONDS]


async def test_a_client_that_does_not_keep_to_its_time_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calls, "MARGIN_SECONDS", 0.0)

    class Stuck(ScriptedModel):
        async def complete(self, request: ModelRequest, **_: Any) -> Completion:
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

    caller, made = calling(World(Stuck()))
    with pytest.raises(StepTimedOut):
        await caller.call(ASKED.model_copy(update={"timeout": 0.01}), attachments={})
    assert [each.error for each in made.made] == ["StepTimedOut"]


async def test_a_call_that_ends_by_a_defect_is_no_answer() -> None:
    def defect(_: ModelRequest) -> Any:
        raise LookupError("a defect")

    caller, made = calling(World(ScriptedModel(defect, price=PRICE)))
    with pytest.raises(LookupError):
        await caller.call(ASKED, attachments={})
    assert [(each.error, each.cost_micro_usd) for each in made.made] == [("LookupError", None)]


async def test_a_single_answer_of_a_fallback_that_fails_is_the_fallbacks() -> None:
    cut_off = said("{", finish_reason="length")
    world = asking(
        model=ScriptedModel(profile=TestSettings.STRICT),
        second=ScriptedModel([cut_off], price=PRICE),
    )
    create_version(
        world.principal,
        world.prompt.id,
        VersionDraft(output_schema=SCHEMA, bump="major"),
        table=world.ports.table,
        models=MODELS,
    )
    world.workflow = world.made(first(settings={"seed": 1}, fallbacks=["fake/second"]))
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert log.error.name == "ModelRejectedRequest"
    assert [(each.model, each.cost_micro_usd) for each in log.calls] == [("fake/second", 120)]

    async def test_a_long_wait_fails_as_if_the_vendor_had_refused(self) -> None:
        limiter = ScriptedLimiter(-30.0)
        limit = ModelLimit(requests_per_minute=1)
        model = ScriptedModel([])
        log = await answered(self.limited(model, limiter, fake=limit))
        assert log.error.name == "ModelRateLimited"
        assert model.requests == []
        assert limiter.longest == [5.0]

    async def test_a_key_that_workspaces_share_has_limits_of_its_own(self) -> None:
        world = World(ScriptedModel([said("fine")]))
        world.ports.models.limits = {"fake": ModelLimit(requests_per_minute=60)}
        await answered(world)
        assert [take.key for take in world.limiter.taken] == ["everybody/fake/requests"]


class TestSettings:
    STRICT = ModelProfile(settings=("max_tokens",))

    async def test_a_setting_that_the_model_does_not_take_fails_the_call(self) -> None:
        world = asking(first(settings={"seed": 1}), model=ScriptedModel(profile=self.STRICT))
        execution = world.run()
        await world.do(execution, "first")
        [log] = world.logs(execution)
        assert (log.error.name, log.error.message) == (
            "ModelRejectedRequest",
            "fake/echo takes no seed.",
        )

    async def test_it_is_left_out_and_logged_where_the_author_allows_it(self) -> None:
        settings = {"seed": 1, "max_tokens": 5, "drop_unsupported": True}
        world = asking(first(settings=settings), model=ScriptedModel(profile=self.STRICT))
        execution = world.run()
        await world.do(execution, "first")
        [log] = world.logs(execution)
        assert log.dropped_settings == ("seed",)
        assert world.model.requests[0].settings == Settings(max_tokens=5, drop_unsupported=True)

    async def test_another_model_may_take_it(self) -> None:
        world = asking(
            first(settings={"seed": 1}, fallbacks=["fake/second"]),
            model=ScriptedModel(profile=self.STRICT),
            second=ScriptedModel(["fine"]),
        )
        execution = world.run()
        await world.do(execution, "first")
        [log] = world.logs(execution)
        assert (log.text, log.failed_models[0].error.name) == ("fine", "ModelRejectedRequest")
        assert second_seed(world) == 1

    async def test_a_model_that_nobody_has_listed_is_given_everything(self) -> None:
        unlisted = ModelProfile(listed=False)
        world = asking(first(settings={"seed": 1}), model=ScriptedModel(profile=unlisted))
        await world.do(world.run(), "first")
        assert world.model.requests[0].settings.seed == 1


def second_seed(world: Any) -> int | None:
    seed: int | None = world.ports.models.models["fake/second"].requests[0].settings.seed
    return seed


class TestPatience:
    @pytest.mark.parametrize("error", [ModelUnavailable(), ModelRateLimited(), ModelOverloaded()])
    def test_a_run_by_itself_waits_at_random_up_to_twice_as_long_each_time(
        self, error: ModelError
    ) -> None:
        firsts = [RUN.wait(error, 1) for _ in range(200)]
        seconds = [RUN.wait(error, 2) for _ in range(200)]
        assert 0.0 <= min(firsts) < 0.1 < 0.4 < max(firsts) <= 0.5
        assert 0.0 <= min(seconds) < 0.2 < 0.8 < max(seconds) <= 1.0

    def test_a_step_leaves_that_to_its_state_machine(self) -> None:
        assert STEP.wait(ModelUnavailable(), 1) is None
        assert STEP.wait(ModelRateLimited(), 1) is None

    @pytest.mark.parametrize("patience", [STEP, RUN])
    def test_what_the_vendor_asks_for_is_waited_and_up_to_a_second_more(
        self, patience: Patience
    ) -> None:
        waits = [patience.wait(ModelOverloaded(retry_after=2.0), 1) for _ in range(200)]
        assert 2.0 <= min(waits) < 2.2 < 2.8 < max(waits) <= 3.0

    @pytest.mark.parametrize("patience", [STEP, RUN])
    def test_nothing_is_tried_more_often_than_allowed(self, patience: Patience) -> None:
        assert patience.wait(ModelOverloaded(retry_after=0.0), 2) is not None
        assert patience.wait(ModelOverloaded(retry_after=0.0), 3) is None

    @pytest.mark.parametrize("error", [ModelTimeout(), ModelRejectedRequest()])
    def test_what_would_not_go_away_is_not_tried_again(self, error: ModelError) -> None:
        assert RUN.wait(error, 1) is None


async def test_a_model_whose_circuit_is_open_is_passed_over_for_the_next() -> None:
    model = ScriptedModel([ModelUnavailable()] * 5)
    world = asking(
        first(fallbacks=["fake/second"]), model=model, second=ScriptedModel(["fine"] * 6)
    )
    for at in range(6):
        execution = world.run()
        await world.do(execution, "first", token=f"token {at}")
    [log] = world.logs(execution)
    assert len(model.requests) == 5
    assert log.text == "fine"
    assert "kept failing" in log.failed_models[0].error.message


class TestAliases:
    @staticmethod
    def world(*steps: dict[str, Any], **aliases: tuple[str, ...]) -> Any:
        world = asking(
            *steps,
            model=ScriptedModel([ModelOverloaded()]),
            second=ScriptedModel(["second"] * 9),
        )
        admin = type(world.principal)(world.principal.user, world.principal.workspace, Role.ADMIN)
        put_aliases(admin, ModelAliases(aliases=aliases), table=world.ports.table)
        return world

    async def log(self, world: Any, **job: Any) -> Any:
        execution = world.run()
        await world.do(execution, "first", **job)
        [log] = world.logs(execution)
        return log

    async def test_an_alias_stands_for_a_model(self) -> None:
        world = self.world(first(), cheap=("fake/second",))
        log = await self.log(world, model="alias/cheap")
        assert (log.model, log.text, log.input.model) == ("fake/second", "second", "fake/second")

    async def test_what_stands_after_the_first_is_asked_where_it_fails(self) -> None:
        world = self.world(first(), best=("fake/echo", "fake/second"))
        log = await self.log(world, model="alias/best")
        assert (log.model, log.failed_models[0].model) == ("fake/second", "fake/echo")

    async def test_a_fallback_may_be_an_alias(self) -> None:
        world = self.world(first(fallbacks=["alias/cheap"]), cheap=("fake/second",))
        assert (await self.log(world)).model == "fake/second"

    async def test_a_moved_alias_counts_from_the_next_call_on(self) -> None:
        world = self.world(first(), cheap=("fake/echo",))
        assert (await self.log(world, model="alias/cheap")).error.name == "ModelOverloaded"
        admin = type(world.principal)(world.principal.user, world.principal.workspace, Role.ADMIN)
        moved = ModelAliases(aliases={"cheap": ("fake/second",)})
        put_aliases(admin, moved, table=world.ports.table)
        assert (await self.log(world, model="alias/cheap")).text == "second"

    async def test_an_alias_that_there_is_not_is_an_unknown_model(self) -> None:
        log = await self.log(self.world(first()), model="alias/nobody")
        assert log.error.name == "ModelUnknown"
        assert "alias/nobody" in log.error.message

    def test_an_alias_stands_for_no_alias(self) -> None:
        with pytest.raises(ValidationError, match="not for another alias"):
            ModelAliases(aliases={"a": ("alias/b",)})

    def test_only_admins_move_aliases(self) -> None:
        world = self.world(first())
        with pytest.raises(Forbidden):
            put_aliases(world.principal, ModelAliases(), table=world.ports.table)


async def test_an_open_circuit_takes_nothing_from_limits_and_is_no_call() -> None:
    world = asking(first(), model=ScriptedModel([ModelUnavailable()] * 5))
    world.ports.models.limits = {"fake": ModelLimit(requests_per_minute=60)}
    for at in range(6):
        execution = world.run()
        await world.do(execution, "first", token=f"token {at}")
    [log] = world.logs(execution)
    assert len(world.limiter.taken) == 5
    assert log.calls == ()
    assert log.error.name == "ModelUnavailable"
