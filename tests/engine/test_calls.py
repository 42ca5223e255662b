"""The orchestrator's calls, from threads of the API and from the loop itself."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from embedded.engine.engine import Engine
from promptpilot.errors import Invalid, TooLarge
from tests.engine.asl import machine, pass_, task
from tests.engine.conftest import MakeEngine, Run
from tests.engine.scripted_worker import Job, ScriptedWorker, hold, silence
from tests.engine.statuses import Statuses

ONE_TASK = machine({"a": task("a", "b"), "b": task("b")})


def test_a_task_is_completed_from_another_thread(
    run: Run, engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", silence)
    name = run(ONE_TASK)
    assert engine.succeed_task(worker.wait_for_job("a")["token"], {"output": 1}) is True
    assert statuses.output_of(name) == {"output": "b"}


def test_a_completed_task_is_durable_when_the_call_returns(
    run: Run, engine: Engine, worker: ScriptedWorker
) -> None:
    worker.script("a", silence)
    worker.script("b", silence)
    run(ONE_TASK)
    engine.succeed_task(worker.wait_for_job("a")["token"], {"output": 1})
    assert engine.database.rows("SELECT state, input FROM engine_frame") == [("b", '{"output":1}')]


def test_a_token_is_good_once(
    run: Run, engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", silence)
    worker.script("b", silence)
    run(ONE_TASK)
    token = worker.wait_for_job("a")["token"]
    assert engine.heartbeat_task(token) is True
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: engine.succeed_task(token, {"n": n}), range(8)))
    assert answers.count(True) == 1
    assert engine.fail_task(token, "E", "late") is False
    assert engine.heartbeat_task(token) is False


def test_an_unknown_token_is_nobodys(engine: Engine) -> None:
    assert engine.succeed_task("1-abc-1", {}) is False
    assert engine.fail_task("", "E", "") is False
    assert engine.heartbeat_task("x") is False


@pytest.mark.parametrize("wrong", [{"x": float("nan")}, {"x": object()}, {"x": "\ud800"}])
def test_what_is_no_json_is_refused(
    run: Run, engine: Engine, worker: ScriptedWorker, wrong: dict[str, Any]
) -> None:
    worker.script("a", silence)
    run(ONE_TASK)
    token = worker.wait_for_job("a")["token"]
    with pytest.raises(Invalid):
        engine.succeed_task(token, wrong)
    with pytest.raises(Invalid):
        engine.start(ONE_TASK, "wrong", wrong)
    assert engine.succeed_task(token, {}) is True


def test_what_is_too_large_is_refused(run: Run, engine: Engine, worker: ScriptedWorker) -> None:
    worker.script("a", silence)
    run(ONE_TASK)
    token = worker.wait_for_job("a")["token"]
    large = {"x": "ü" * 140_000}
    with pytest.raises(TooLarge):
        engine.succeed_task(token, large)
    with pytest.raises(TooLarge):
        engine.start(ONE_TASK, "large", large)
    assert engine.succeed_task(token, {}) is True


def test_what_a_worker_hands_over_is_copied(
    run: Run, statuses: Statuses, engine: Engine, worker: ScriptedWorker
) -> None:
    output: dict[str, Any] = {"l": [1], "t": (1, 2)}

    def act(job: Job) -> None:
        engine.succeed_task(job["token"], output)
        output["l"].append(2)

    worker.script("a", act)
    assert statuses.output_of(run(machine({"a": task("a")}))) == {"l": [1], "t": [1, 2]}


def test_a_name_starts_one_execution(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: engine.start(ONE_TASK, "same", {"n": n}), range(8)))
    statuses.end_of("same")
    engine.start(ONE_TASK, "same", {"n": 9})
    engine.start(ONE_TASK, "other", {})
    statuses.end_of("other")
    assert len(worker.jobs) == 4
    assert len(statuses.ends_of("same")) == 1


def test_an_execution_is_stopped(
    run: Run, engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", silence)
    name = run(ONE_TASK)
    token = worker.wait_for_job("a")["token"]
    engine.stop(ONE_TASK, name, error="Cancelled", cause="by a person")
    assert engine.succeed_task(token, {}) is False
    end = statuses.end_of(name)
    assert (end["status"], end["error"], end["cause"]) == ("ABORTED", "Cancelled", "by a person")
    rows = engine.database.rows("SELECT status FROM engine_execution")
    assert rows == [("ABORTED",)]


def test_no_state_is_entered_after_a_stop(
    run: Run, engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    release = threading.Event()
    worker.script("a", hold(release))
    name = run(ONE_TASK)
    token = worker.wait_for_job("a")["token"]
    engine.stop(ONE_TASK, name, error="Cancelled", cause="")
    release.set()
    assert engine.succeed_task(token, {"output": "late"}) is False
    statuses.output_of(run(machine({"c": task("c")})))
    assert worker.jobs_of("b") == []


def test_a_stop_right_after_the_start_is_kept(engine: Engine, statuses: Statuses) -> None:
    for n in range(20):
        engine.start(ONE_TASK, f"short-{n}", {})
        engine.stop(ONE_TASK, f"short-{n}", error="Cancelled", cause="")
    for n in range(20):
        assert statuses.end_of(f"short-{n}")["status"] in {"ABORTED", "SUCCEEDED"}


def test_what_has_ended_is_not_stopped(run: Run, engine: Engine, statuses: Statuses) -> None:
    passing = machine({"p": pass_()})
    name = run(passing)
    statuses.end_of(name)
    engine.stop(passing, name, error="Cancelled", cause="")
    engine.stop(passing, "unknown", error="Cancelled", cause="")
    assert [end["status"] for end in statuses.ends_of(name)] == ["SUCCEEDED"]


def test_every_call_works_on_the_loop_itself(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    answers: list[bool] = []

    def act(job: Job) -> None:
        engine.publish(machine({"p": pass_()}))
        engine.start(machine({"c": task("child")}), "child", {})
        waits = machine({"w": task("waits")})
        engine.start(waits, "stopped", {})
        engine.stop(waits, "stopped", error="Cancelled", cause="")
        answers.append(engine.heartbeat_task(job["token"]))
        answers.append(engine.succeed_task(job["token"], {"output": 1}))
        answers.append(engine.succeed_task(job["token"], {"output": 2}))
        answers.append(engine.heartbeat_task(job["token"]))

    worker.script("a", act)
    engine.start(machine({"a": task("a")}), "parent", {})
    assert statuses.output_of("parent") == {"output": 1}
    assert statuses.output_of("child") == {"output": "child"}
    assert statuses.end_of("stopped")["status"] == "ABORTED"
    assert answers == [True, True, False, False]
    assert worker.jobs_of("waits") == []


def test_many_executions_keep_to_themselves(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    def act(job: Job) -> None:
        engine.succeed_task(job["token"], {"output": job["n"]})

    both = machine(
        {
            "a": task(
                "a", "b", job={"n": "{% $states.input.n %}"}, Assign={"a": "{% $states.result %}"}
            ),
            "b": task("b", job={"n": "{% $a.output %}"}),
        }
    )
    worker.script("a", *[act] * 200)
    worker.script("b", *[act] * 200)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: engine.start(both, f"many-{n}", {"n": n}), range(200)))
    for n in range(200):
        assert statuses.output_of(f"many-{n}") == {"output": n}


def test_before_its_start_an_engine_keeps_what_it_is_told(
    make_engine: MakeEngine, statuses: Statuses
) -> None:
    engine = make_engine()
    one = machine({"a": task("a")})
    engine.start(one, "early", {"n": 1})
    engine.start(one, "stopped", {})
    engine.stop(one, "stopped", error="Cancelled", cause="")
    assert engine.succeed_task("x", {}) is False
    assert engine.heartbeat_task("x") is False
    engine.start_up()
    assert statuses.output_of("early") == {"output": "a"}
    assert statuses.end_of("stopped")["status"] == "ABORTED"


def test_an_event_is_shaped_as_sqs_would_shape_it(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    statuses.output_of(run(machine({"a": task("a")})))
    (event,) = worker.events
    (record,) = event["Records"]
    assert record["eventSource"] == "aws:sqs"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert json.loads(record["body"])["step"] == "a"
    assert set(record) >= {"messageId", "receiptHandle", "eventSourceARN", "awsRegion"}
