"""What becomes of an error: who catches it, who tries again."""

import pytest

from embedded.engine.failures import matches
from embedded.engine.retries import Retrier
from tests.engine.asl import machine, pass_, task
from tests.engine.conftest import Run
from tests.engine.scripted_worker import ScriptedWorker, break_down
from tests.engine.statuses import Statuses

CAUGHT = pass_(Output="{% $states.input %}")


@pytest.mark.parametrize(
    ("names", "error", "taken"),
    [
        (["E"], "E", True),
        (["E"], "F", False),
        (["E", "F"], "F", True),
        (["States.ALL"], "E", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.QueryEvaluationError", True),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.ALL"], "States.Runtime", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.Runtime"], "States.Runtime", False),
        (["States.TaskFailed"], "E", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.HeartbeatTimeout", True),
        (["States.TaskFailed"], "States.DataLimitExceeded", False),
        (["States.Timeout"], "States.Timeout", True),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.Timeout", False),
    ],
)
def test_names_take_errors(names: list[str], error: str, taken: bool) -> None:
    assert matches(frozenset(names), error) is taken


def retrier(**fields: float) -> Retrier:
    return Retrier(
        **(
            {
                "errors": frozenset({"E"}),
                "interval_seconds": 2,
                "max_attempts": 9,
                "backoff_rate": 2.0,
                "max_delay_seconds": 60,
                "jitter": False,
            }
            | fields
        )
    )


def test_a_delay_grows_up_to_its_limit() -> None:
    delays = [retrier().delay_seconds(retries) for retries in (0, 1, 2, 4, 5, 5_000)]
    assert delays == [2, 4, 8, 32, 60, 60]


def test_jitter_shortens_the_delay() -> None:
    delays = {retrier(jitter=True).delay_seconds(3) for _ in range(50)}
    assert len(delays) > 40
    assert all(0 <= delay <= 16 for delay in delays)


def test_an_uncaught_error_fails_the_execution(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", worker.fail("ModelRefused", "no"))
    assert statuses.error_of(run(machine({"a": task("a")}))) == ("ModelRefused", "no")


def test_a_catcher_gets_the_error(run: Run, statuses: Statuses, worker: ScriptedWorker) -> None:
    worker.script("a", worker.fail("E", "why"))
    catchers = [
        {"ErrorEquals": ["F"], "Next": "wrong"},
        {
            "ErrorEquals": ["E"],
            "Next": "caught",
            "Assign": {"error": "{% $states.errorOutput %}"},
        },
        {"ErrorEquals": ["States.ALL"], "Next": "wrong"},
    ]
    states = {
        "a": task("a", Catch=catchers),
        "caught": pass_(Output=["{% $states.input %}", "{% $error.Error %}"]),
        "wrong": pass_(),
    }
    assert statuses.output_of(run(machine(states))) == [{"Error": "E", "Cause": "why"}, "E"]


def test_a_catcher_reshapes_by_the_states_input(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", worker.fail("E", "why"))
    output = ["{% $states.input.n %}", "{% $states.errorOutput.Cause %}"]
    catcher = {"ErrorEquals": ["States.TaskFailed"], "Next": "caught", "Output": output}
    states = {"a": task("a", Catch=[catcher]), "caught": CAUGHT}
    assert statuses.output_of(run(machine(states), {"n": 1})) == [1, "why"]


def test_an_expression_that_fails_is_caught_like_any_error(run: Run, statuses: Statuses) -> None:
    for broken in ("Arguments", "Output", "Assign", "TimeoutSeconds"):
        state = task("a", Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "c"}])
        wrong = "{% $nothing %}"
        state[broken] = {"MessageBody": wrong} if broken == "Arguments" else wrong
        if broken == "Assign":
            state[broken] = {"x": wrong}
        output = statuses.output_of(run(machine({"a": state, "c": CAUGHT})))
        assert output["Error"] == "States.QueryEvaluationError"


def test_nothing_is_assigned_by_a_state_whose_output_fails(run: Run, statuses: Statuses) -> None:
    catchers = [{"ErrorEquals": ["States.ALL"], "Next": "c"}]
    failing = task("a", Assign={"x": "new"}, Output="{% $nothing %}", Catch=catchers)
    states = {"p": pass_("a", Assign={"x": "old"}), "a": failing, "c": pass_(Output="{% $x %}")}
    assert statuses.output_of(run(machine(states))) == "old"


def test_a_result_that_is_too_large_passes_the_wildcards(run: Run, statuses: Statuses) -> None:
    output = {"x": "{% $states.input.x %}", "y": "{% $states.input.x %}"}
    wildcard = [{"ErrorEquals": ["States.ALL"], "Next": "c"}]
    named = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "c"}]
    large = {"x": "x" * 150_000}
    for catchers, status in ((wildcard, "FAILED"), (named, "SUCCEEDED")):
        states = {"a": task("a", Output=output, Catch=catchers), "c": pass_(Output="caught")}
        assert statuses.end_of(run(machine(states), large))["status"] == status


def test_a_retrier_without_attempts_passes_the_error_on(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", worker.fail("E"))
    retriers = [
        {"ErrorEquals": ["E"], "MaxAttempts": 0},
        {"ErrorEquals": ["States.ALL"], "MaxAttempts": 5},
    ]
    assert statuses.error_of(run(machine({"a": task("a", Retry=retriers)})))[0] == "E"
    assert len(worker.jobs) == 1


def test_a_job_its_worker_breaks_on_is_delivered_again(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", break_down, break_down)
    assert statuses.output_of(run(machine({"a": task("a")}))) == {"output": "a"}
    records = [event["Records"][0] for event in worker.events]
    receives = [record["attributes"]["ApproximateReceiveCount"] for record in records]
    assert receives == ["1", "2", "3"]
    assert len({record["messageId"] for record in records}) == 1
    assert len({record["body"] for record in records}) == 1


def test_a_job_that_is_reported_failed_is_delivered_again(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    def report(job: dict[str, str]) -> dict[str, object]:
        message = worker.events[-1]["Records"][0]["messageId"]
        return {"batchItemFailures": [{"itemIdentifier": message}]}

    worker.script("a", report)
    assert statuses.output_of(run(machine({"a": task("a")}))) == {"output": "a"}
    assert len(worker.jobs) == 2


def test_a_job_is_abandoned_after_three_deliveries(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", break_down, break_down, break_down)
    error, cause = statuses.error_of(run(machine({"a": task("a")})))
    assert error == "StepAbandoned"
    assert "3 times" in cause
    assert "WorkerBroke" in cause
    assert len(worker.jobs) == 3
