"""Parallel: branches side by side, what they give, and what becomes of them when one fails."""

from typing import Any

import pytest

from embedded.engine.engine import Engine
from tests.engine.asl import machine, parallel, pass_, task
from tests.engine.conftest import MakeEngine, Run
from tests.engine.patience import until
from tests.engine.scripted_worker import ScriptedWorker, silence
from tests.engine.statuses import Statuses

FAIL = {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}
CAUGHT = pass_(Output=["caught", "{% $states.input %}"])
FAILURE = {"Error": "Broken", "Cause": "on purpose"}


def catch(error: str = "Broken", **fields: Any) -> list[dict[str, Any]]:
    return [{"ErrorEquals": [error], "Next": "caught", **fields}]


def test_the_result_has_the_branches_outputs_in_their_order(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    branches = [{"a": task("a")}, {"b": pass_("c"), "c": pass_(Output="c")}, {"d": task("d")}]
    name = run(machine({"fan": parallel(branches)}))
    assert statuses.output_of(name) == [{"output": "a"}, "c", {"output": "d"}]


def test_each_branch_begins_with_the_input_or_the_arguments(run: Run, statuses: Statuses) -> None:
    give = [{"a": pass_()}, {"b": {"Type": "Succeed", "Output": "{% $states.input.n %}"}}]
    assert statuses.output_of(run(machine({"fan": parallel(give)}), {"n": 1})) == [{"n": 1}, 1]
    arguments = {"n": "{% $states.input.n + 1 %}"}
    name = run(machine({"fan": parallel(give, Arguments=arguments)}), {"n": 1})
    assert statuses.output_of(name) == [{"n": 2}, 2]


def test_the_state_assigns_and_reshapes_its_result(run: Run, statuses: Statuses) -> None:
    fan = parallel(
        [{"a": pass_(Output=1)}, {"b": pass_(Output=2)}],
        "end",
        Assign={"all": "{% $states.result %}"},
        Output={"sum": "{% $sum($states.result) %}", "given": "{% $states.input.n %}"},
    )
    states = {"fan": fan, "end": pass_(Output=["{% $all %}", "{% $states.input %}"])}
    name = run(machine(states), {"n": 9})
    assert statuses.output_of(name) == [[1, 2], {"sum": 3, "given": 9}]


def test_branches_see_outer_variables_and_keep_their_own(run: Run, statuses: Statuses) -> None:
    branches = [
        {
            f"set_{n}": pass_(f"get_{n}", Assign={"own": n}),
            f"get_{n}": pass_(Output=["{% $x %}", "{% $own %}"]),
        }
        for n in (1, 2)
    ]
    states = {
        "begin": pass_("fan", Assign={"x": "outer"}),
        "fan": parallel(branches, "end"),
        "end": pass_(Output=["{% $states.input %}", "{% $exists($own) %}"]),
    }
    assert statuses.output_of(run(machine(states))) == [[["outer", 1], ["outer", 2]], False]


def test_a_failing_branch_fails_the_execution(run: Run, statuses: Statuses) -> None:
    name = run(machine({"fan": parallel([{"a": pass_()}, {"b": FAIL}])}))
    assert statuses.error_of(name) == ("Broken", "on purpose")


def test_a_failing_branch_ends_its_siblings_and_their_tokens(
    run: Run, engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("slow", silence)
    worker.script("deep", silence)
    inner = parallel([{"deep": task("deep")}])
    branches = [{"slow": task("slow")}, {"inner": inner}, {"bad": task("bad", Output="{% $no %}")}]
    worker.script("bad", silence)
    name = run(machine({"fan": parallel(branches, Catch=catch("States.ALL")), "caught": CAUGHT}))
    tokens = [worker.wait_for_job(step)["token"] for step in ("slow", "deep")]
    engine.succeed_task(worker.wait_for_job("bad")["token"], {})
    assert statuses.output_of(name)[1]["Error"] == "States.QueryEvaluationError"
    assert [engine.succeed_task(token, {}) for token in tokens] == [False, False]
    assert engine.heartbeat_task(tokens[0]) is False


def test_a_job_that_has_not_begun_is_dropped_with_its_branch(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    engine = make_engine(max_concurrency=1)
    worker.script("first", worker.fail("E"))
    engine.start_up()
    fan = parallel([{"first": task("first")}, {"second": task("second")}], Catch=catch("E"))
    engine.start(machine({"fan": fan, "caught": task("after")}), "one", {})
    statuses.output_of("one")
    assert [job["step"] for job in worker.jobs] == ["first", "after"]


def test_a_failure_is_caught_with_assign_and_output(run: Run, statuses: Statuses) -> None:
    caught = catch(Assign={"e": "{% $states.errorOutput %}"}, Output="{% $states.input.n %}")
    fan = parallel([{"a": pass_()}, {"b": FAIL}], Catch=caught)
    states = {"fan": fan, "caught": pass_(Output=["{% $e %}", "{% $states.input %}"])}
    assert statuses.output_of(run(machine(states), {"n": 1})) == [FAILURE, 1]


def test_a_retry_runs_all_branches_again(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("b", worker.fail("E"), worker.succeed())
    branches = [{"a": task("a", "own", Assign={"v": 1}), "own": pass_()}, {"b": task("b")}]
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    fan = parallel(branches, Retry=retry, Output="{% $states.context.State.RetryCount %}")
    assert statuses.output_of(run(machine({"fan": fan}))) == 1
    assert [len(worker.jobs_of(step)) for step in "ab"] == [2, 2]


def test_a_parallel_within_a_parallel(run: Run, statuses: Statuses, worker: ScriptedWorker) -> None:
    inner = parallel([{"a": task("a")}, {"b": FAIL}], Catch=catch())
    outer = parallel([{"inner": inner, "caught": CAUGHT}, {"c": pass_(Output="c")}])
    assert statuses.output_of(run(machine({"outer": outer}))) == [["caught", FAILURE], "c"]


def test_a_result_over_256_kib_fails_the_state(run: Run, statuses: Statuses) -> None:
    big = pass_(Output="{% $states.input.x %}")
    name = run(machine({"fan": parallel([{"a": big}, {"b": big}])}), {"x": "x" * 200_000})
    assert statuses.error_of(name)[0] == "States.DataLimitExceeded"


def test_variables_of_branches_count_only_while_they_live(run: Run, statuses: Statuses) -> None:
    again = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $n < 60 %}", "Next": "fan"}],
        "Default": "end",
    }
    states = {
        "begin": pass_("fan", Assign={"n": 0}),
        "fan": parallel(
            [{"a": pass_(Assign={"v": "{% $states.context.Execution.Input.x %}"}, Output=1)}],
            "again",
            Assign={"n": "{% $n + 1 %}"},
        ),
        "again": again,
        "end": pass_(Output="{% $n %}"),
    }
    assert statuses.output_of(run(machine(states), {"x": "x" * 200_000})) == 60


@pytest.mark.parametrize(
    "loop", [{"a": pass_("a")}, {"a": parallel([{"b": pass_()}], "a", Output=1)}]
)
def test_a_branch_that_never_ends_is_ended_by_the_histories_limit(
    run: Run, statuses: Statuses, loop: Any
) -> None:
    fan = parallel([loop, {"wait": task("silent")}], Catch=catch("States.ALL"))
    error, cause = statuses.error_of(run(machine({"fan": fan, "caught": CAUGHT})))
    assert (error, "25000" in cause) == ("States.Runtime", True)


def test_a_stop_ends_every_branch(
    run: Run, engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", silence)
    worker.script("b", silence)
    fan = machine({"fan": parallel([{"a": task("a")}, {"b": task("b")}])})
    name = run(fan)
    tokens = [worker.wait_for_job(step)["token"] for step in "ab"]
    engine.stop(fan, name, error="Cancelled", cause="")
    assert statuses.end_of(name)["status"] == "ABORTED"
    assert [engine.succeed_task(token, {}) for token in tokens] == [False, False]


def test_rows_of_branches_go_when_the_state_is_left(
    run: Run, engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("last", silence)
    branches = [{"a": task("a", "b", Assign={"v": 1}), "b": task("b")}, {"c": task("c")}]
    run(machine({"fan": parallel(branches, "last"), "last": task("last")}))
    worker.wait_for_job("last")
    until(lambda: engine.database.rows("SELECT path FROM engine_frame") == [("",)])
    assert engine.database.rows("SELECT path FROM engine_variable") == []
