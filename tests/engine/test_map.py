"""Map: the same states for every item."""

import threading
from typing import Any

import pytest

from embedded.engine.engine import Engine
from tests.engine.asl import machine, map_, parallel, pass_, task
from tests.engine.conftest import Run
from tests.engine.patience import PATIENCE
from tests.engine.scripted_worker import Job, ScriptedWorker, silence
from tests.engine.statuses import Statuses

ITEM = {"item": "{% $states.input %}"}
FAIL = {"Type": "Fail", "Error": "Broken"}


def test_the_results_have_the_order_of_the_items(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("it", *[silence] * 3)
    name = run(machine({"each": map_({"it": task("it", job=ITEM)}, Items=[1, "{% 1 + 1 %}", 3])}))
    worker.wait_for_job("it", 3)
    assert worker.engine is not None
    for job in reversed(worker.jobs):
        worker.engine.succeed_task(job["token"], {"n": job["item"]})
    assert statuses.output_of(name) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_no_items_give_no_results(run: Run, statuses: Statuses) -> None:
    assert statuses.output_of(run(machine({"each": map_({"it": FAIL}, Items=[])}))) == []


def test_without_items_the_input_is_gone_through(run: Run, statuses: Statuses) -> None:
    states = {"list": pass_("each", Output=[3, 4]), "each": map_({"it": pass_()})}
    assert statuses.output_of(run(machine(states))) == [3, 4]


@pytest.mark.parametrize("items", ["{% {'a': 1} %}", "{% 'text' %}", "{% null %}", "{% $no %}"])
def test_what_is_no_array_fails_the_state(run: Run, statuses: Statuses, items: str) -> None:
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "caught"}]
    states = {
        "each": map_({"it": pass_()}, Items=items, Catch=catch),
        "caught": pass_(Output="caught"),
    }
    assert statuses.output_of(run(machine(states))) == "caught"


@pytest.mark.parametrize("limit", ["{% -1 %}", "{% 'x' %}", "{% 1.5 %}"])
def test_a_limit_that_is_none_fails_the_state(run: Run, statuses: Statuses, limit: str) -> None:
    name = run(machine({"each": map_({"it": pass_()}, Items=[1], MaxConcurrency=limit)}))
    assert statuses.error_of(name)[0] == "States.QueryEvaluationError"


def test_a_selector_shapes_each_input(run: Run, statuses: Statuses) -> None:
    each = map_(
        {"it": pass_()},
        Items="{% $states.input.list %}",
        ItemSelector={
            "value": "{% $states.context.Map.Item.Value %}",
            "index": "{% $states.context.Map.Item.Index %}",
            "all": "{% $count($states.input.list) %}",
            "x": "{% $x %}",
        },
    )
    states = {"begin": pass_("each", Assign={"x": "outer"}), "each": each}
    assert statuses.output_of(run(machine(states), {"list": ["a", "b"]})) == [
        {"value": "a", "index": 0, "all": 2, "x": "outer"},
        {"value": "b", "index": 1, "all": 2, "x": "outer"},
    ]


def test_a_selector_that_fails_fails_the_state(run: Run, statuses: Statuses) -> None:
    each = map_({"it": pass_()}, Items=[1, 2], ItemSelector="{% $no %}")
    assert statuses.error_of(run(machine({"each": each})))[0] == "States.QueryEvaluationError"


def test_an_iteration_knows_its_item_and_those_around_it(run: Run, statuses: Statuses) -> None:
    item = "{% $states.context.Map.Item %}"
    inner = map_({"in": pass_(Output=item)}, Items=["c"])
    each = map_(
        {
            "set": pass_("inner", Assign={"outer": item}),
            "inner": inner | {"End": True, "Output": ["{% $outer %}", "{% $states.result %}"]},
        },
        Items=["a", "b"],
        ItemSelector={},
    )
    deep = [{"Index": 0, "Value": "c"}]
    assert statuses.output_of(run(machine({"each": each}))) == [
        [{"Index": 0, "Value": "a"}, deep],
        [{"Index": 1, "Value": "b"}, deep],
    ]


def test_a_branch_within_an_iteration_knows_the_item(run: Run, statuses: Statuses) -> None:
    fan = parallel([{"a": pass_(Output="{% $states.context.Map.Item.Index %}")}])
    name = run(machine({"each": map_({"fan": fan}, Items=["x", "y"])}))
    assert statuses.output_of(name) == [[0], [1]]


@pytest.mark.parametrize(("limit", "most"), [(1, 1), ("{% 1 + 2 %}", 3), (0, 12)])
def test_so_many_iterations_run_at_once(
    run: Run, statuses: Statuses, worker: ScriptedWorker, limit: Any, most: int
) -> None:
    running, seen, enough = set[str](), [0], threading.Event()

    def take(job: Job) -> None:
        running.add(job["token"])
        seen.append(len(running))
        if len(running) == most:
            enough.set()

    worker.script("it", *[take] * 12)
    each = map_({"it": task("it")}, Items=list(range(12)), MaxConcurrency=limit)
    name = run(machine({"each": each}))
    assert enough.wait(PATIENCE)
    assert worker.engine is not None
    done = 0
    while done < 12:
        job = worker.wait_for_job("it", done + 1)
        running.discard(job["token"])
        worker.engine.succeed_task(job["token"], {})
        done += 1
    assert statuses.output_of(name) == [{}] * 12
    assert max(seen) == most


def test_a_failing_iteration_ends_the_others(
    run: Run, engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("it", silence, worker.fail("E"))
    name = run(machine({"each": map_({"it": task("it")}, Items=[0, 1, 2], MaxConcurrency=2)}))
    assert statuses.error_of(name) == ("E", "because")
    assert len(worker.jobs) == 2
    assert engine.succeed_task(worker.jobs[0]["token"], {}) is False


def test_a_retry_runs_all_iterations_again(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("it", worker.succeed(), worker.fail("E"))
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 1}]
    each = map_({"it": task("it", job=ITEM)}, Items=[0, 1], MaxConcurrency=1, Retry=retry)
    assert statuses.output_of(run(machine({"each": each}))) == [{"output": "it"}] * 2
    assert [job["item"] for job in worker.jobs] == [0, 1, 0, 1]


def test_every_iteration_has_variables_of_its_own(run: Run, statuses: Statuses) -> None:
    states = {
        "count": pass_("more", Assign={"n": "{% $exists($n) ? $n + 1 : 1 %}"}),
        "more": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $n < $states.input %}", "Next": "count"}],
            "Default": "end",
        },
        "end": pass_(Output="{% $n %}"),
    }
    assert statuses.output_of(run(machine({"each": map_(states, Items=[3, 1, 2])}))) == [3, 1, 2]


def test_events_are_counted_as_step_functions_counts_them(
    run: Run, statuses: Statuses, engine: Engine, worker: ScriptedWorker
) -> None:
    worker.script("last", silence)
    each = map_({"it": task("it")}, "last", Items=[1, 2, 3])
    run(machine({"each": each, "last": task("last")}))
    worker.wait_for_job("last")
    started, map_events, iteration = 1, 4, 2 + 2 + 4
    [(counted,)] = engine.database.rows("SELECT events FROM engine_frame WHERE path = ''")
    assert counted == started + map_events + 3 * iteration
