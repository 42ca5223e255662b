"""An answer that does not fit is shown to the model once more."""

from tests.fakes import ScriptedModel
from tests.unit.asking_world import SCHEMA, USAGE, answered, said
from tests.unit.prompt_steps import PRICE
from tests.unit.world import World


async def test_an_answer_that_does_not_fit_is_shown_to_the_model_once() -> None:
    model = ScriptedModel([said("Good!"), said('{"mood": "good"}')], price=PRICE)
    log = await answered(World(model, output_schema=SCHEMA))
    assert log.output == {"mood": "good"}
    assert [each.purpose for each in log.calls] == ["answer", "repair"]
    roles = [(each.role, each.content) for each in model.requests[1].messages]
    assert roles[:2] == [("user", "Say: x"), ("assistant", "Good!")]
    assert "is not JSON" in roles[2][1]
    assert '"mood"' in roles[2][1]
    assert model.requests[1].timeout < model.requests[0].timeout


async def test_both_calls_are_paid_for() -> None:
    model = ScriptedModel([said("Good!"), said('{"mood": "good"}')], price=PRICE)
    log = await answered(World(model, output_schema=SCHEMA))
    assert log.usage == USAGE + USAGE
    assert log.cost_micro_usd == 240 == sum(each.cost_micro_usd for each in log.calls)


async def test_an_answer_that_fits_no_better_fails_and_both_are_paid_for() -> None:
    model = ScriptedModel([said("Good!"), said('{"mood": 1}')], price=PRICE)
    log = await answered(World(model, output_schema=SCHEMA))
    assert log.error.name == "OutputInvalid"
    assert "/mood" in log.error.message
    assert (log.usage, log.cost_micro_usd) == (USAGE + USAGE, 240)


async def test_an_answer_that_was_cut_off_is_not_repaired() -> None:
    model = ScriptedModel([said('{"mood": "go', finish_reason="length")])
    log = await answered(World(model, output_schema=SCHEMA))
    assert log.error.name == "OutputInvalid"
    assert len(model.requests) == 1
