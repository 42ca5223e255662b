"""A restart in the middle of branches and iterations: what has ended is kept, the rest goes on."""

from collections.abc import Callable
from typing import Any

from embedded.engine.engine import Engine
from tests.engine.asl import machine, map_, parallel, pass_, task
from tests.engine.conftest import MakeEngine
from tests.engine.patience import until
from tests.engine.scripted_worker import Job, ScriptedWorker, silence
from tests.engine.statuses import Statuses

ITEM = {"item": "{% $states.input %}"}


def paths(engine: Engine) -> list[tuple[str, str]]:
    return engine.database.rows("SELECT path, state FROM engine_frame ORDER BY path")


def restarted(make_engine: MakeEngine, engine: Engine) -> Engine:
    engine.shut_down(0)
    fresh = make_engine()
    fresh.start_up()
    return fresh


def unless(items: set[int], worker: ScriptedWorker) -> Callable[[Job], Any]:
    """A worker that is silent on some items."""

    def act(job: Job) -> None:
        if job["item"] not in items:
            worker.succeed({"n": job["item"]})(job)

    return act


def test_ended_branches_are_kept_and_the_others_go_on(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    branches = [
        {"a": task("a")},
        {
            "b": task("b", "c", Assign={"own": "{% $states.result.output %}"}),
            "c": task("c"),
        },
        {"inner": parallel([{"d": task("d")}, {"e": task("e")}])},
    ]
    branches[1]["c"] |= {"Output": "{% $own & $x %}"}
    worker.script("c", silence)
    worker.script("e", silence)
    states = {"begin": pass_("fan", Assign={"x": "!"}), "fan": parallel(branches)}
    engine = make_engine()
    engine.start_up()
    engine.start(machine(states), "one", {})
    worker.wait_for_job("c")
    worker.wait_for_job("e")
    rows = [("", "fan"), ("fan#0", ""), ("fan#1", "c"), ("fan#2", "inner"), ("fan#2/inner#0", "")]
    until(lambda: paths(engine) == [*rows, ("fan#2/inner#1", "e")])
    restarted(make_engine, engine)
    assert statuses.output_of("one") == [
        {"output": "a"},
        "b!",
        [{"output": "d"}, {"output": "e"}],
    ]
    assert [len(worker.jobs_of(step)) for step in "abcde"] == [1, 1, 2, 1, 2]


def test_a_map_of_a_thousand_loses_no_iteration_that_has_ended(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    waiting = {n for n in range(1000) if n % 7 == 0}
    worker.script("it", *[unless(waiting, worker)] * 1000)
    each = map_(
        {"it": task("it", job=ITEM)},
        Items="{% [0..999] %}",
        MaxConcurrency=100,
        Output="{% $sum($states.result.n) %}",
    )
    engine = make_engine()
    engine.start_up()
    engine.start(machine({"each": each}), "one", {})
    until(lambda: _stands_still(worker))
    before = {job["item"] for job in worker.jobs}
    worker.jobs.clear()
    worker._scripts["it"].clear()
    worker.script("it", *[unless(set(), worker)] * 1000)
    restarted(make_engine, engine)
    assert statuses.output_of("one") == sum(range(1000))
    again = {job["item"] for job in worker.jobs} & before
    assert again == waiting & before
    assert len(worker.jobs) == 1000 - len(before - waiting)


def _stands_still(worker: ScriptedWorker) -> bool:
    return len([job for job in worker.jobs if job["item"] % 7 == 0]) == 100


def test_items_that_were_drawn_by_lot_are_the_same_after_a_restart(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("it", worker.succeed(), silence)
    each = map_(
        {"it": task("it", job={"item": "{% $states.context.Map.Item.Value %}"})},
        Items=["{% $uuid() %}", "{% $uuid() %}", "{% $millis() %}"],
        ItemSelector="{% $uuid() %}",
    )
    engine = make_engine()
    engine.start_up()
    engine.start(machine({"begin": task("begin", "each"), "each": each}), "one", {})
    worker.wait_for_job("it", 3)
    before = {job["item"] for job in worker.jobs_of("it")}
    restarted(make_engine, engine)
    statuses.output_of("one")
    assert len(before) == 3
    assert worker.jobs_of("it")[3]["item"] in before
    assert len(worker.jobs_of("it")) == 4


def test_a_retry_of_the_whole_state_goes_on_after_a_restart(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", worker.fail("E"), silence, worker.fail("E", "last"))
    retry = [{"ErrorEquals": ["E"], "MaxAttempts": 1}]
    engine = make_engine()
    engine.start_up()
    fan = parallel([{"a": task("a")}, {"b": task("b")}], Retry=retry)
    engine.start(machine({"fan": fan}), "one", {})
    until(lambda: engine.database.rows("SELECT 1 FROM engine_frame WHERE retries <> '{}'"))
    assert [path for path, _ in paths(engine)] == [""]
    engine = restarted(make_engine, engine)
    worker.wait_for_job("a", 2)
    restarted(make_engine, engine)
    assert statuses.error_of("one") == ("E", "last")


def test_names_with_the_signs_of_a_path_are_kept_apart(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("y", silence)
    inner = map_({"y": task("y")}, Items=[1])
    each = map_({"x": inner}, "x#0/y", Items=[1])
    states = {"a#0/b%": each, "x#0/y": pass_()}
    engine = make_engine()
    engine.start_up()
    engine.start(machine(states), "one", {})
    worker.wait_for_job("y")
    deep = "a%230%2Fb%25#0"
    assert [path for path, _ in paths(engine)] == [deep, f"{deep}/x#0"]
    restarted(make_engine, engine)
    assert statuses.output_of("one") == [[{"output": "y"}]]


def test_the_history_of_events_counts_once_across_restarts(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("it", worker.succeed(), silence, silence, worker.succeed())
    worker.script("last", silence)
    each = map_({"it": task("it")}, "last", Items=[1, 2])
    engine = make_engine()
    engine.start_up()
    engine.start(machine({"each": each, "last": task("last")}), "one", {})
    worker.wait_for_job("it", 2)
    engine = restarted(make_engine, engine)
    worker.wait_for_job("it", 3)
    engine = restarted(make_engine, engine)
    worker.wait_for_job("last")
    counted = "SELECT events FROM engine_frame WHERE path = ''"
    assert engine.database.rows(counted) == [(1 + 4 + 2 * 8,)]


def test_results_that_come_together_are_one_commit(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("it", *[silence] * 200)
    engine = make_engine()
    engine.start_up()
    each = map_({"it": task("it")}, Items="{% [1..200] %}", Output="{% $count($states.result) %}")
    engine.start(machine({"each": each}), "one", {})
    worker.wait_for_job("it", 200)
    statements: list[str] = []
    engine.database._writer.set_trace_callback(statements.append)

    def settle() -> None:
        for job in worker.jobs:
            engine.succeed_task(job["token"], {})

    engine.on_loop(settle)
    assert statuses.output_of("one") == 200
    frames = [each for each in statements if "INTO engine_frame" in each]
    histories = [each for each in statements if "INTO engine_history" in each]
    assert len(frames) <= 201
    assert len(histories) <= 3
