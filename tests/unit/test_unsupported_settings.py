"""Settings that a model does not take."""

from typing import Any

from promptpilot.domain.model import Settings
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.prompt_document import VersionDraft
from promptpilot.services.prompts.versions import create_version
from tests.fakes import MODELS, ScriptedModel
from tests.unit.asking_world import SCHEMA, said
from tests.unit.prompt_steps import PRICE, asking, first

STRICT = ModelProfile(settings=("max_tokens",))


async def test_a_setting_that_the_model_does_not_take_fails_the_call() -> None:
    world = asking(first(settings={"seed": 1}), model=ScriptedModel(profile=STRICT))
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.error.name, log.error.message) == (
        "ModelRejectedRequest",
        "fake/echo takes no seed.",
    )


async def test_it_is_left_out_and_logged_where_the_author_allows_it() -> None:
    settings = {"seed": 1, "max_tokens": 5, "drop_unsupported": True}
    world = asking(first(settings=settings), model=ScriptedModel(profile=STRICT))
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert log.dropped_settings == ("seed",)
    assert world.model.requests[0].settings == Settings(max_tokens=5, drop_unsupported=True)


async def test_another_model_may_take_it() -> None:
    world = asking(
        first(settings={"seed": 1}, fallbacks=["fake/second"]),
        model=ScriptedModel(profile=STRICT),
        second=ScriptedModel(["fine"]),
    )
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.text, log.failed_models[0].error.name) == ("fine", "ModelRejectedRequest")
    assert second_seed(world) == 1


async def test_a_model_that_nobody_has_listed_is_given_everything() -> None:
    unlisted = ModelProfile(listed=False)
    world = asking(first(settings={"seed": 1}), model=ScriptedModel(profile=unlisted))
    await world.do(world.run(), "first")
    assert world.model.requests[0].settings.seed == 1


def second_seed(world: Any) -> int | None:
    seed: int | None = world.ports.models.models["fake/second"].requests[0].settings.seed
    return seed


async def test_a_single_answer_of_a_fallback_that_fails_is_the_fallbacks() -> None:
    cut_off = said("{", finish_reason="length")
    world = asking(
        model=ScriptedModel(profile=STRICT),
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
