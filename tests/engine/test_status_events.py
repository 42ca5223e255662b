"""What is told of executions, and that no end is lost."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from embedded.engine.status_events import SHORT_EVENTS
from tests.engine.asl import machine, map_, pass_, task
from tests.engine.conftest import MakeEngine
from tests.engine.scripted_worker import ScriptedWorker, silence
from tests.engine.statuses import Statuses

WAITS = machine({"a": task("a")})


def test_an_event_is_shaped_as_eventbridge_would_shape_it(
    make_engine: MakeEngine, statuses: Statuses
) -> None:
    engine = make_engine()
    engine.start_up()
    engine.start(machine({"p": pass_()}), "one", {"n": 1})
    statuses.end_of("one")
    (event,) = statuses.events
    assert event["source"] == "aws.states"
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["resources"] == [event["detail"]["executionArn"]]
    assert event["detail"]["name"] == "one"
    assert set(event["detail"]) == {
        *("executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate"),
        *("input", "output", "error", "cause", "redriveCount"),
    }


def test_an_execution_that_takes_a_while_is_told_to_run(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", silence)
    engine = make_engine(running_delay=0.001)
    engine.start_up()
    engine.start(WAITS, "one", {})
    running = statuses.wait_for("RUNNING", "one")
    assert (running["stopDate"], running["output"]) == (None, None)
    engine.succeed_task(worker.wait_for_job("a")["token"], {})
    statuses.end_of("one")
    assert [detail["status"] for detail in statuses.details] == ["RUNNING", "SUCCEEDED"]


def test_an_end_is_told_until_it_is_taken(make_engine: MakeEngine, worker: ScriptedWorker) -> None:
    statuses = Statuses(refusals=2)
    engine = make_engine(on_status=statuses)
    engine.start_up()
    engine.start(machine({"p": pass_()}), "one", {})
    assert statuses.end_of("one")["status"] == "SUCCEEDED"
    assert statuses.refused == 2


def test_an_end_that_is_not_taken_does_not_hold_up_others(make_engine: MakeEngine) -> None:
    told: list[str] = []
    statuses = Statuses()

    def on_status(event: dict[str, dict[str, str]]) -> None:
        told.append(event["detail"]["name"])
        if event["detail"]["name"] == "poison":
            raise ValueError("never")
        statuses(event)

    engine = make_engine(on_status=on_status)
    engine.start_up()
    engine.start(machine({"p": pass_()}), "poison", {})
    engine.start(machine({"p": pass_()}), "fine", {})
    statuses.end_of("fine")
    assert "poison" in told


def test_an_end_is_told_again_after_a_restart_until_it_was_taken(make_engine: MakeEngine) -> None:
    refusing = Statuses(refusals=1_000_000)
    engine = make_engine(on_status=refusing)
    engine.start_up()
    engine.start(machine({"p": pass_(Output="o")}), "one", {"n": 1})
    refusing.wait_for_refusals(1)
    engine.shut_down(0)
    taking = Statuses()
    engine = make_engine(on_status=taking)
    engine.start_up()
    end = taking.end_of("one")
    assert (end["status"], end["input"], end["output"]) == ("SUCCEEDED", '{"n":1}', '"o"')
    engine.shut_down(0)
    third = Statuses()
    engine = make_engine(on_status=third)
    engine.start_up()
    engine.start(machine({"p": pass_()}), "two", {})
    third.end_of("two")
    assert third.ends_of("one") == []


@pytest.mark.parametrize("kept", [True, False])
def test_only_what_failed_is_kept_for_who_resumes_it(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker, kept: bool
) -> None:
    worker.script("b", worker.fail("E") if kept else worker.succeed())
    engine = make_engine()
    engine.start_up()
    states = {"a": task("a", "b", Assign={"x": 1}), "b": task("b")}
    engine.start(machine(states), "one", {"n": 1})
    statuses.end_of("one")
    engine.shut_down(0)
    rows = engine.database.rows("SELECT open, input FROM engine_execution")
    assert rows == [(0, '{"n":1}' if kept else None)]
    frames = engine.database.rows("SELECT state FROM engine_frame")
    variables = engine.database.rows("SELECT name, value FROM engine_variable")
    assert (frames, variables) == (([("b",)], [("x", "1")]) if kept else ([], []))


async def _in_place(call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return call(*args, **kwargs)


def test_a_short_execution_is_told_in_place_and_a_long_one_in_a_thread(
    make_engine: MakeEngine,
) -> None:
    threads: dict[str, str] = {}
    statuses = Statuses()

    def on_status(event: dict[str, Any]) -> None:
        threads[event["detail"]["name"]] = threading.current_thread().name
        statuses(event)

    engine = make_engine(on_status=on_status, offload=_in_place)
    engine.start_up()
    engine.start(machine({"p": pass_()}), "short", {})
    engine.start(machine({"m": map_({"p": pass_()}, Items=[0] * SHORT_EVENTS)}), "long", {})
    statuses.end_of("short")
    statuses.end_of("long")
    assert threads["short"] == "engine"
    assert threads["long"].startswith("status")


def test_what_is_not_taken_in_place_is_told_again(make_engine: MakeEngine) -> None:
    statuses = Statuses(refusals=1)
    engine = make_engine(on_status=statuses, offload=_in_place)
    engine.start_up()
    engine.start(machine({"p": pass_()}), "one", {})
    assert statuses.end_of("one")["status"] == "SUCCEEDED"
    assert statuses.refused == 1
