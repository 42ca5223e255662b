"""A restart in good order: everything goes on where it was."""

import threading

import pytest

from embedded.engine.engine import Engine
from tests.engine.asl import machine, pass_, task
from tests.engine.conftest import MakeEngine
from tests.engine.patience import until
from tests.engine.scripted_worker import Job, ScriptedWorker, hold, silence
from tests.engine.statuses import Statuses

CHAIN = machine(
    {
        "a": task("a", "b", Assign={"a": "{% $states.result %}", "u": "{% $uuid() %}"}),
        "b": task(
            "b",
            "c",
            job={
                "a": "{% $a.output %}",
                "now": "{% $now() %}",
                "uuid": "{% $uuid() %}",
                "random": "{% $random() %}",
                "entered": "{% $states.context.State.EnteredTime %}",
            },
        ),
        "c": pass_(Output=["{% $a.output %}", "{% $states.input.output %}", "{% $length($u) %}"]),
    }
)


def test_an_execution_goes_on_at_the_task_it_waited_for(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("b", silence)
    engine = make_engine()
    engine.start_up()
    engine.start(CHAIN, "one", {})
    before = worker.wait_for_job("b")
    engine.shut_down(0)
    engine = make_engine()
    engine.start_up()
    assert statuses.output_of("one") == ["a", "b", 36]
    assert len(worker.jobs_of("a")) == 1
    after = worker.wait_for_job("b", 2)
    assert engine.succeed_task(before["token"], {}) is False
    assert before["token"] != after["token"]
    assert before | {"token": ""} == after | {"token": ""}


def test_the_history_is_counted_across_restarts(
    make_engine: MakeEngine, worker: ScriptedWorker
) -> None:
    worker.script("b", silence)
    worker.script("c", silence)
    chain = machine({"a": task("a", "b"), "b": task("b", "c"), "c": task("c")})
    counted = []
    for step in ("b", "c"):
        engine = make_engine()
        engine.start_up()
        engine.start(chain, "one", {})
        worker.wait_for_job(step)
        engine.shut_down(0)
        counted += engine.database.rows("SELECT events FROM engine_frame")
    assert counted == [(7,), (13,)]


def test_an_execution_that_was_not_reached_begins_after_the_restart(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    engine = make_engine()
    engine.start(CHAIN, "one", {})
    engine.shut_down(0)
    engine = make_engine()
    engine.start_up()
    assert statuses.output_of("one") == ["a", "b", 36]


def test_a_wait_ends_when_it_would_have(make_engine: MakeEngine, statuses: Statuses) -> None:
    waits = {"a": pass_("w"), "w": {"Type": "Wait", "Seconds": 1, "End": True}}
    engine = make_engine()
    engine.start_up()
    engine.start(machine(waits), "one", {})
    rows = until(lambda: engine.database.rows("SELECT wake_ms FROM engine_frame"))
    engine.shut_down(0)
    engine = make_engine()
    engine.start_up()
    statuses.output_of("one")
    end = statuses.end_of("one")
    assert end["startDate"] + 1_000 <= rows[0][0] <= end["stopDate"] <= rows[0][0] + 900


def test_the_retries_so_far_are_kept(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    retrier = {"ErrorEquals": ["E"], "MaxAttempts": 1, "MaxDelaySeconds": 1}
    worker.script("a", worker.fail("E"), worker.fail("E", "second"))
    engine = make_engine()
    engine.start_up()
    engine.start(machine({"a": task("a", Retry=[retrier])}), "one", {})
    until(lambda: engine.database.rows("SELECT 1 FROM engine_frame WHERE retries <> '{}'"))
    engine.shut_down(0)
    engine = make_engine()
    engine.start_up()
    assert statuses.error_of("one") == ("E", "second")
    assert [job["attempt"] for job in worker.jobs] == [0, 1]


def test_the_machines_timeout_counts_from_the_start(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", silence, silence)
    engine = make_engine()
    engine.start_up()
    engine.start(machine({"a": task("a")}, TimeoutSeconds=1), "one", {})
    worker.wait_for_job("a")
    engine.shut_down(0)
    engine = make_engine()
    engine.start_up()
    end = statuses.end_of("one")
    assert end["status"] == "TIMED_OUT"
    assert end["stopDate"] - end["startDate"] < 1_900


def test_a_name_stays_taken_after_a_restart(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    engine = make_engine()
    engine.start_up()
    engine.start(CHAIN, "one", {})
    statuses.end_of("one")
    engine.shut_down(1)
    engine = make_engine()
    engine.start_up()
    engine.start(CHAIN, "one", {})
    engine.start(CHAIN, "two", {})
    statuses.end_of("two")
    assert len(worker.jobs) == 4


def test_a_machine_that_cannot_be_run_any_more_fails_its_executions(
    make_engine: MakeEngine, statuses: Statuses
) -> None:
    engine = make_engine()
    engine.start(CHAIN, "one", {})
    engine.database.write(lambda connection: connection.execute("DELETE FROM engine_machine"))
    engine.shut_down(0)
    engine = make_engine()
    engine.start_up()
    error, cause = statuses.error_of("one")
    assert (error, "state machine" in cause) == ("States.Runtime", True)


def test_a_stop_lets_running_calls_finish_and_journals_them(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    release = threading.Event()

    async def slow(job: Job) -> None:
        await hold(release)(job)
        worker.succeed()(job)

    worker.script("a", slow)
    engine = make_engine()
    engine.start_up()
    engine.start(CHAIN, "one", {})
    worker.wait_for_job("a")
    stopping = threading.Thread(target=engine.shut_down, args=(10,))
    stopping.start()
    release.set()
    stopping.join()
    assert worker.jobs_of("b") == []
    assert engine.database.rows("SELECT state FROM engine_frame") == [("b",)]
    make_engine().start_up()
    assert statuses.output_of("one") == ["a", "b", 36]
    assert len(worker.jobs_of("a")) == 1


def test_a_stop_cancels_what_does_not_finish_within_the_grace(
    make_engine: MakeEngine, worker: ScriptedWorker, statuses: Statuses
) -> None:
    never = threading.Event()
    worker.script("a", hold(never))
    engine = make_engine()
    engine.start_up()
    engine.start(CHAIN, "one", {})
    worker.wait_for_job("a")
    engine.shut_down(0)
    never.set()
    make_engine().start_up()
    assert statuses.output_of("one") == ["a", "b", 36]
    assert len(worker.jobs_of("a")) == 2


@pytest.mark.parametrize("started", [True, False])
def test_an_engine_is_shut_down_once_and_again(make_engine: MakeEngine, started: bool) -> None:
    engine: Engine = make_engine()
    if started:
        engine.start_up()
    engine.shut_down(0)
    engine.shut_down(0)
    assert engine.succeed_task("x", {}) is False


def test_a_long_loop_is_recovered_at_once(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    steps = 400
    loop = {
        "begin": pass_("a", Assign={"n": 0}),
        "a": task("a", "more", Assign={"n": "{% $n + 1 %}"}),
        "more": {
            "Type": "Choice",
            "Choices": [{"Condition": f"{{% $n < {steps} %}}", "Next": "a"}],
            "Default": "last",
        },
        "last": task("last", Output="{% $n %}"),
    }
    worker.script("last", silence)
    engine = make_engine()
    engine.start_up()
    engine.start(machine(loop), "one", {})
    worker.wait_for_job("last")
    engine.shut_down(0)
    assert engine.database.rows("SELECT count(*) FROM engine_variable") == [(1,)]
    assert engine.database.rows("SELECT count(*) FROM engine_frame") == [(1,)]
    make_engine().start_up()
    assert statuses.output_of("one") == steps
    assert len(worker.jobs_of("a")) == steps
