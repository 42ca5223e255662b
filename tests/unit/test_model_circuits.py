"""Models whose circuit is open are asked nothing."""

from promptpilot.domain.model_limits import ModelLimit
from promptpilot.step_errors import ModelUnavailable
from tests.fakes import ScriptedModel
from tests.unit.prompt_steps import asking, first


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
