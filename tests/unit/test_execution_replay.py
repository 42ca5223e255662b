"""Replaying: the same input and pins, but for what is asked to be otherwise."""

from typing import Any

import pytest

from promptpilot.domain.execution import Execution, ExecutionStatus, Override, Replay
from promptpilot.domain.prompt_document import VersionDraft
from promptpilot.errors import DocumentInvalid, ExecutionNotEnded
from promptpilot.services.prompts.labels import move_label
from promptpilot.services.prompts.versions import create_version
from tests.fakes import MODELS, ScriptedModel
from tests.unit.control import name_of, replayed, use
from tests.unit.world import World


@pytest.fixture
def world() -> World:
    return World(ScriptedModel())


@pytest.fixture
def first(world: World) -> Execution:
    return done(world)


def done(world: World) -> Execution:
    execution = world.execute({"text": "x"})
    world.change(execution, "SUCCEEDED", stopDate=5_000, output="null")
    return world.read(execution)


def newer_version(world: World) -> str:
    draft = VersionDraft(content="Shout: {{text}}")
    return create_version(
        world.principal, world.prompt.id, draft, table=world.ports.table, models=MODELS
    ).version


def problems(world: World, execution: Execution, **asked: Any) -> list[tuple[str, str]]:
    with pytest.raises(DocumentInvalid) as refused:
        replayed(world, execution, **asked)
    return [(problem.at, problem.code) for problem in refused.value.problems]


def test_a_replay_is_a_new_execution_on_the_same_input_and_pins(
    world: World, first: Execution
) -> None:
    newer_version(world)
    again = replayed(world, first, from_step="second")
    assert again.id != first.id
    assert again.replay_of == Replay(execution_id=first.id, from_step="second")
    assert (again.input, again.version, again.pins) == (first.input, first.version, first.pins)
    assert (again.status, again.trigger) == (ExecutionStatus.QUEUED, "replay")
    assert world.orchestrator.started[name_of(again)]["input"] == {"text": "x"}


def test_without_a_step_all_of_it_runs_anew(world: World, first: Execution) -> None:
    again = replayed(world, first)
    assert again.replay_of == Replay(execution_id=first.id, from_step="first")


def test_a_step_may_have_another_model_and_another_version_of_its_prompt(
    world: World, first: Execution
) -> None:
    newer = newer_version(world)
    overrides = {
        "first": {"model": "fake/other"},
        "second": {"model": "fake/other", "prompt_version": newer},
    }
    again = replayed(world, first, overrides=overrides)
    assert again.overrides == {
        "first": Override(model="fake/other"),
        "second": Override(model="fake/other", prompt_version=newer),
    }
    assert again.pins["first"] == first.pins["first"]
    assert again.pins["second"].version == newer
    assert again.pins["second"].digest != first.pins["second"].digest


def test_a_label_is_pinned_to_what_it_means_now(world: World, first: Execution) -> None:
    newer = newer_version(world)
    move_label(
        world.principal,
        world.prompt.id,
        "staging",
        newer,
        protected=None,
        if_revision=None,
        table=world.ports.table,
    )
    again = replayed(world, first, overrides={"second": {"prompt_label": "staging"}})
    assert again.pins["second"].version == newer
    assert again.overrides["second"].prompt_version == newer


def test_everything_that_does_not_fit_is_told_with_its_place(
    world: World, first: Execution
) -> None:
    overrides = {
        "third": {"model": "fake/other"},
        "first": {"prompt_version": "9.9.9"},
        "second": {"prompt_version": "1.0.0", "prompt_label": "production"},
    }
    assert problems(world, first, overrides=overrides) == [
        ("/overrides/third", "step_unknown"),
        ("/overrides/first/prompt_version", "version_unknown"),
        ("/overrides/second/prompt_version", "version_invalid"),
    ]
    assert problems(world, first, from_step="nowhere") == [("/from_step", "step_unknown")]


def test_an_override_that_could_have_no_effect_is_refused(world: World, first: Execution) -> None:
    asked = {"from_step": "second", "overrides": {"first": {"model": "fake/other"}}}
    assert problems(world, first, **asked) == [("/overrides/first", "step_not_run")]


def test_only_steps_that_call_a_model_can_be_overridden(world: World) -> None:
    use(world, {"id": "one", "kind": "transform", "value": 1})
    execution = done(world)
    asked = {"overrides": {"one": {"model": "fake/other"}}}
    assert problems(world, execution, **asked) == [("/overrides/one", "no_prompt_step")]


def test_a_step_within_another_can_be_the_first_to_run(world: World) -> None:
    call = {"kind": "prompt", "prompt": {"id": world.prompt.id}, "with": {"text": "x"}}
    inner = [{"id": "one", **call}, {"id": "two", **call}]
    use(world, {"id": "loop_all", "kind": "map", "items": [1, 2], "steps": inner})
    execution = done(world)
    newer = newer_version(world)
    override = {"two": {"prompt_version": newer}}
    again = replayed(world, execution, from_step="two", overrides=override)
    assert again.replay_of == Replay(execution_id=execution.id, from_step="two")
    assert again.pins["loop_all/two"].version == newer
    assert again.pins["loop_all/one"] == execution.pins["loop_all/one"]


def test_what_goes_on_still_cannot_be_replayed(world: World) -> None:
    with pytest.raises(ExecutionNotEnded):
        replayed(world, world.execute({"text": "x"}))
