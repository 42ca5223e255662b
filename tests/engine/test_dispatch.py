"""Jobs wait in line, and so many run at a time."""

import threading

from embedded.engine.queue import EngineQueue
from tests.engine.asl import machine, task
from tests.engine.conftest import MakeEngine
from tests.engine.scripted_worker import Job, ScriptedWorker, break_down, hold, silence
from tests.engine.statuses import Statuses

ONE = machine({"a": task("", job={"step": "{% $states.input.step %}"})})


def test_so_many_jobs_run_at_a_time_and_the_others_follow_in_order(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    release = threading.Event()
    engine = make_engine(max_concurrency=2)
    engine.start_up()
    steps = [f"s{n}" for n in range(6)]
    for step in steps:
        worker.script(step, hold(release))
        engine.start(ONE, step, {"step": step})
    worker.wait_for_job("s1")
    for step in steps[:2]:  # a settled task frees its worker only when that returns
        assert engine.succeed_task(worker.jobs_of(step)[0]["token"], {})
    assert [job["step"] for job in worker.jobs] == ["s0", "s1"]
    release.set()
    for step in steps[2:]:
        token = worker.wait_for_job(step)["token"]
        engine.succeed_task(token, {})
    for step in steps:
        statuses.output_of(step)
    assert [job["step"] for job in worker.jobs] == steps


def test_the_job_of_a_stopped_execution_leaves_the_line(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    release = threading.Event()
    engine = make_engine(max_concurrency=1)
    engine.start_up()
    worker.script("first", hold(release))
    for step in ("first", "second", "third"):
        engine.start(ONE, step, {"step": step})
    worker.wait_for_job("first")
    engine.stop(ONE, "second", error="Cancelled", cause="")
    release.set()
    statuses.output_of("third")
    assert worker.jobs_of("second") == []


def test_a_job_of_the_queue_is_delivered(make_engine: MakeEngine, worker: ScriptedWorker) -> None:
    engine = make_engine()
    queue = EngineQueue(engine)
    queue.send('{"step": "early"}')
    engine.start_up()
    queue.send('{"step": "late"}')
    worker.wait_for_job("early")
    worker.wait_for_job("late")
    engine.shut_down(1)
    assert engine.database.rows("SELECT * FROM engine_job") == []
    assert queue.dead_letters() == ()


def test_a_job_of_the_queue_may_come_from_the_loop_itself(
    make_engine: MakeEngine, worker: ScriptedWorker
) -> None:
    engine = make_engine()
    queue = EngineQueue(engine)
    worker.script("first", lambda job: queue.send('{"step": "second"}'))
    engine.start_up()
    queue.send('{"step": "first"}')
    worker.wait_for_job("second")


def test_a_job_that_fails_three_times_becomes_a_dead_letter(
    make_engine: MakeEngine, worker: ScriptedWorker
) -> None:
    def broken(job: Job) -> None:
        raise KeyError(job["step"])

    worker.script("bad", broken, broken, broken)
    worker.script("again", broken)
    engine = make_engine()
    queue = EngineQueue(engine)
    engine.start_up()
    queue.send('{"step": "bad"}')
    queue.send('{"step": "again"}')
    worker.wait_for_job("bad", 3)
    worker.wait_for_job("again", 2)
    engine.shut_down(1)
    (dead,) = queue.dead_letters()
    assert dead.body == '{"step": "bad"}'
    assert "KeyError" in dead.reason
    assert engine.database.rows("SELECT * FROM engine_job") == []


def test_a_job_of_the_queue_outlives_a_restart_but_not_three_deaths(
    make_engine: MakeEngine, worker: ScriptedWorker
) -> None:
    worker.script("kills", *[hold(threading.Event())] * 3)
    for receive in (1, 2, 3):
        engine = make_engine()
        queue = EngineQueue(engine)
        engine.start_up()
        if receive == 1:
            queue.send('{"step": "kills"}')
        worker.wait_for_job("kills", receive)
        engine.shut_down(0)
    engine = make_engine()
    queue = EngineQueue(engine)
    engine.start_up()
    engine.shut_down(1)
    receives = [e["Records"][0]["attributes"]["ApproximateReceiveCount"] for e in worker.events]
    assert receives == ["1", "2", "3"]
    assert [dead.body for dead in queue.dead_letters()] == ['{"step": "kills"}']


def test_whoever_takes_dead_letters_gets_the_jobs_that_were_given_up(
    make_engine: MakeEngine, worker: ScriptedWorker, statuses: Statuses
) -> None:
    given_up: list[str] = []
    engine = make_engine(
        on_abandoned=lambda event: given_up.append(event["Records"][0]["body"]),
    )
    queue = EngineQueue(engine)
    engine.start_up()
    for step in ("queued", "waited-for"):
        worker.script(step, break_down, break_down, break_down)
    queue.send('{"step": "queued"}')
    engine.start(ONE, "run", {"step": "waited-for"})
    assert statuses.end_of("run")["error"] == "StepAbandoned"
    worker.wait_for_job("queued", 3)
    engine.shut_down(1)
    assert len(given_up) == 2
    assert '{"step": "queued"}' in given_up


def test_a_silent_job_of_the_queue_is_done(make_engine: MakeEngine, worker: ScriptedWorker) -> None:
    worker.script("quiet", silence)
    engine = make_engine()
    queue = EngineQueue(engine)
    engine.start_up()
    queue.send('{"step": "quiet"}')
    worker.wait_for_job("quiet")
    engine.shut_down(1)
    assert engine.database.rows("SELECT * FROM engine_job") == []
