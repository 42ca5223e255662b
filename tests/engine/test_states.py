"""What each state does, by what an execution gives in the end."""

import json
from typing import Any

import pytest

from tests.engine.asl import machine, pass_, task
from tests.engine.conftest import Run
from tests.engine.scripted_worker import ScriptedWorker
from tests.engine.statuses import Statuses


def test_a_pass_gives_its_input_on(run: Run, statuses: Statuses) -> None:
    name = run(machine({"a": pass_("b"), "b": pass_()}), {"x": [1, None, "ü"]})
    assert statuses.output_of(name) == {"x": [1, None, "ü"]}


def test_an_output_is_evaluated_wherever_an_expression_stands(run: Run, statuses: Statuses) -> None:
    output = {
        "n": "{% $states.input.n + 1 %}",
        "l": ["{% $states.input.n %}", "literal"],
        "z": None,
    }
    name = run(machine({"a": pass_(Output=output)}), {"n": 1})
    assert statuses.output_of(name) == {"n": 2, "l": [1, "literal"], "z": None}


def test_variables_are_visible_from_the_next_state_on(run: Run, statuses: Statuses) -> None:
    states = {
        "a": pass_("b", Assign={"x": 1, "y": 10}),
        "b": pass_("c", Assign={"x": "{% $y %}", "y": "{% $x %}"}, Output="{% $x + $y %}"),
        "c": pass_(Output=["{% $states.input %}", "{% $x %}", "{% $y %}"]),
    }
    assert statuses.output_of(run(machine(states))) == [11, 10, 1]


def test_a_variable_may_be_null(run: Run, statuses: Statuses) -> None:
    states = {
        "a": pass_("b", Assign={"x": None, "y": {"z": None}}),
        "b": pass_(Output=["{% $x %}", "{% $y.z %}", "{% $x = null %}"]),
    }
    assert statuses.output_of(run(machine(states))) == [None, None, True]


def test_a_variable_may_hide_a_function(run: Run, statuses: Statuses) -> None:
    states = {
        "a": pass_("b", Assign={"error": {"name": "E"}, "count": 5}),
        "b": pass_(Output=["{% $error.name %}", "{% $count + $sum([1]) %}"]),
    }
    assert statuses.output_of(run(machine(states))) == ["E", 6]


def choice(*rules: tuple[Any, str], default: str | None = None, **fields: Any) -> dict[str, Any]:
    choices = [{"Condition": condition, "Next": following} for condition, following in rules]
    state = {"Type": "Choice", "Choices": choices, **fields}
    return state | ({"Default": default} if default else {})


@pytest.mark.parametrize(("n", "way"), [(1, "low"), (5, "middle"), (9, "high")])
def test_a_choice_takes_the_first_rule_that_holds(
    run: Run, statuses: Statuses, n: int, way: str
) -> None:
    states = {
        "c": choice(
            ("{% $states.input.n < 3 %}", "low"),
            ("{% $states.input.n < 7 %}", "middle"),
            default="high",
        ),
        "low": pass_(Output="low"),
        "middle": pass_(Output="middle"),
        "high": pass_(Output="high"),
    }
    assert statuses.output_of(run(machine(states), {"n": n})) == way


def test_a_choice_assigns_by_rule_and_by_default(run: Run, statuses: Statuses) -> None:
    states = {
        "c": choice((False, "end"), default="d", Assign={"way": "default"}, Output={"from": "c"}),
        "d": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": "{% $way = 'default' %}",
                    "Next": "end",
                    "Assign": {"rule": "{% $states.input.from %}"},
                    "Output": {"from": "d"},
                }
            ],
        },
        "end": pass_(Output=["{% $way %}", "{% $rule %}", "{% $states.input.from %}"]),
    }
    assert statuses.output_of(run(machine(states))) == ["default", "c", "d"]


def test_a_choice_without_a_way_fails(run: Run, statuses: Statuses) -> None:
    name = run(machine({"c": choice((False, "end")), "end": pass_()}))
    assert statuses.error_of(name)[0] == "States.NoChoiceMatched"


def test_a_condition_must_be_true_or_false(run: Run, statuses: Statuses) -> None:
    name = run(machine({"c": choice(("{% 1 %}", "end")), "end": pass_()}))
    assert statuses.error_of(name)[0] == "States.QueryEvaluationError"


def test_succeed_ends_with_its_output(run: Run, statuses: Statuses) -> None:
    states = {"s": {"Type": "Succeed", "Output": {"done": "{% $states.input.n %}"}}}
    assert statuses.output_of(run(machine(states), {"n": 3})) == {"done": 3}


def test_fail_ends_with_its_error_and_cause(run: Run, statuses: Statuses) -> None:
    states = {
        "f": {
            "Type": "Fail",
            "Error": "Bad{% no expression",
            "Cause": "{% 'n is ' & $states.input.n %}",
        }
    }
    assert statuses.error_of(run(machine(states), {"n": 3})) == ("Bad{% no expression", "n is 3")


def test_a_fail_needs_no_fields(run: Run, statuses: Statuses) -> None:
    assert statuses.error_of(run(machine({"f": {"Type": "Fail"}}))) == ("", "")


def test_a_wait_until_a_time_that_has_passed_goes_on(run: Run, statuses: Statuses) -> None:
    states = {
        "w": {"Type": "Wait", "Timestamp": "{% $states.input.at %}", "Next": "e"},
        "e": pass_(Output="{% $states.input.at %}"),
    }
    at = "2020-02-29T00:00:00+02:00"
    assert statuses.output_of(run(machine(states), {"at": at})) == at


@pytest.mark.parametrize("at", ["soon", "2020-01-01", "2020-01-01T00:00:00", 5])
def test_a_wait_refuses_what_is_no_time(run: Run, statuses: Statuses, at: Any) -> None:
    states = {"w": {"Type": "Wait", "Timestamp": "{% $states.input.at %}", "End": True}}
    name = run(machine(states), {"at": at})
    assert statuses.error_of(name)[0] == "States.QueryEvaluationError"


def test_a_task_hands_its_arguments_to_the_worker(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    job = {"variables": {"notes": "{% ( $input := $states.context.Execution.Input; $input.n ) %}"}}
    name = run(machine({"a": task("a", job=job)}), {"n": ["x"]})
    assert statuses.output_of(name) == {"output": "a"}
    (sent,) = worker.jobs
    assert sent["variables"] == {"notes": ["x"]}
    assert (sent["step"], sent["attempt"]) == ("a", 0)


def test_a_task_assigns_and_reshapes_its_result(run: Run, statuses: Statuses) -> None:
    states = {
        "a": task("a", "b", Assign={"a": "{% $states.result %}"}, Output={"only": "this"}),
        "b": task(
            "b",
            job={"given": "{% $a.output %}", "input": "{% $states.input %}"},
            Assign={"b": "{% $states.result %}"},
            Output="{% ( $b := $states.result; [$a.output, $b.output] ) %}",
        ),
    }
    assert statuses.output_of(run(machine(states))) == ["a", "b"]


def test_a_whole_field_may_be_one_expression(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    state = task("a")
    state["Arguments"] = (
        "{% {'QueueUrl': 'q', 'MessageBody': {'step': 'a', 'token': $states.context.Task.Token}} %}"
    )
    assert statuses.output_of(run(machine({"a": state}))) == {"output": "a"}


def test_a_message_body_may_be_a_text(run: Run, statuses: Statuses, worker: ScriptedWorker) -> None:
    state = task("a")
    state["Arguments"]["MessageBody"] = (
        "{% $string({'step': 'text', 'token': $states.context.Task.Token}) %}"
    )
    assert statuses.output_of(run(machine({"a": state}))) == {"output": "text"}


def test_a_state_sees_its_context(run: Run, statuses: Statuses) -> None:
    states = {"first": pass_("second"), "second": pass_(Output="{% $states.context %}")}
    name = run(machine(states), {"n": 1})
    context = statuses.output_of(name)
    start = context["Execution"].pop("StartTime")
    assert start.endswith("Z")
    assert context["State"] == {"EnteredTime": start, "Name": "second", "RetryCount": 0}
    assert context["Execution"] == {
        "Id": f"arn:aws:states:local:000000000000:execution:wf_1:{name}",
        "Input": {"n": 1},
        "Name": name,
        "RedriveCount": 0,
        "RoleArn": "arn:aws:iam::000000000000:role/embedded",
    }
    assert context["StateMachine"]["Name"] == "wf_1"
    assert "Task" not in context


def test_a_loop_of_states_without_an_end_is_ended(run: Run, statuses: Statuses) -> None:
    states = {"a": pass_("b"), "b": choice(("{% true %}", "a"))}
    error, cause = statuses.error_of(run(machine(states)))
    assert (error, "25000" in cause) == ("States.Runtime", True)


def test_a_payload_over_256_kib_fails(run: Run, statuses: Statuses, worker: ScriptedWorker) -> None:
    states = {
        "a": pass_("b", Output={"x": "{% $states.input.x %}", "y": "{% $states.input.x %}"}),
        "b": pass_(),
    }
    name = run(machine(states), {"x": "ü" * 70_000})
    assert statuses.error_of(name)[0] == "States.DataLimitExceeded"


def test_a_job_over_256_kib_is_not_sent(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    job = {"x": "{% $states.input.x %}", "y": "{% $states.input.x %}"}
    name = run(machine({"a": task("a", job=job)}), {"x": "x" * 200_000})
    assert statuses.error_of(name)[0] == "States.DataLimitExceeded"
    assert worker.jobs == []


def test_all_variables_together_may_have_10_mib(run: Run, statuses: Statuses) -> None:
    states = {
        f"s{n}": pass_(f"s{n + 1}", Assign={f"v{n}": "{% $states.input.x %}"}) for n in range(60)
    }
    name = run(machine(states | {"s60": pass_()}), {"x": "x" * 200_000})
    error, cause = statuses.error_of(name)
    assert (error, "variables" in cause) == ("States.DataLimitExceeded", True)


def test_the_end_carries_input_output_and_times(run: Run, statuses: Statuses) -> None:
    name = run(machine({"a": pass_(Output=[1])}), {"n": 1})
    end = statuses.end_of(name)
    assert (json.loads(end["input"]), end["output"]) == ({"n": 1}, "[1]")
    assert end["startDate"] <= end["stopDate"]
    assert end["stateMachineArn"].endswith(":stateMachine:wf_1")
