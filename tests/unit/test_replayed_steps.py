"""Steps of a replay: answered from the record, or run as it says."""

from typing import Any

from promptpilot.domain.execution import Execution, LogStatus, Override, Replay
from promptpilot.domain.message import ToolCall
from promptpilot.domain.model import Completion
from promptpilot.domain.prompt_document import VersionDraft
from promptpilot.services.executions.records import load_execution
from promptpilot.services.prompts.versions import create_version
from promptpilot.step_errors import ModelOverloaded
from tests.fakes import MODELS, ScriptedModel
from tests.unit.kinds_world import KindsWorld
from tests.unit.prompt_steps import asking, first


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


async def test_the_tools_that_a_model_asked_for_are_asked_for_in_a_replay_too() -> None:
    call = ToolCall(id="call 1", name="look", arguments={"a": 1})
    asks = Completion(text="", model="fake/echo", tool_calls=(call,))
    world = asking(*TWO, model=ScriptedModel([asks]))
    original = world.run()
    await world.do(original, "first", token="run")
    replay = replaying(world, original, "second")
    await world.do(replay, "first", token="replayed")
    told = world.orchestrator.succeeded
    assert told["replayed"]["tool_calls"] == told["run"]["tool_calls"] != []


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
        models=MODELS,
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
