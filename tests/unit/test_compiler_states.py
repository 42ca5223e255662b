"""What the steps of a document become in the state machine."""

import json
from typing import Any

import pytest

from promptpilot.domain.base import digest_of
from promptpilot.domain.step_job import WorkflowStepJob
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.errors import DocumentInvalid
from tests.unit.workflow_samples import (
    compiled,
    fail,
    prompt_step,
    prompt_with,
    states,
    transform,
    workflow,
)
from tools.lint_machines import complaints

INPUT = "$input := $states.context.Execution.Input.input; "


def test_a_chain_has_one_state_for_each_step_named_by_its_id() -> None:
    document = workflow(*(prompt_step(f"step_{n}") for n in range(5)), output="{% $step_4.text %}")
    asl = compiled(document).asl
    assert asl["StartAt"] == "step_0"
    assert list(asl["States"]) == [f"step_{n}" for n in range(5)]
    assert [state.get("Next") for state in asl["States"].values()] == [
        *(f"step_{n}" for n in range(1, 5)),
        None,
    ]


def test_the_machine_says_its_language_its_name_and_how_long_it_may_take() -> None:
    asl = compiled(workflow(transform("a", 1), name="Minutes", timeout="2d")).asl
    assert asl["QueryLanguage"] == "JSONata"
    assert asl["Comment"] == "Minutes"
    assert asl["TimeoutSeconds"] == 172_800
    assert compiled(workflow(transform("a", 1))).asl["TimeoutSeconds"] == 3_600


def test_a_prompt_step_hands_a_job_to_the_queue_and_waits_for_its_token() -> None:
    first = states(workflow(prompt_step("a"), prompt_step("b")))["a"]
    assert first["Type"] == "Task"
    assert first["Resource"] == "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    assert first["Arguments"]["QueueUrl"] == "${StepQueueUrl}"
    assert first["Arguments"]["MessageBody"]["token"] == "{% $states.context.Task.Token %}"
    assert first["Assign"] == {"a": "{% $states.result %}"}
    assert first["Next"] == "b"


def test_the_job_is_what_the_worker_reads() -> None:
    step = prompt_step("b", with_={"text": "x"}, model="local/m")
    body = states(workflow(transform("a", 1), step))["b"]["Arguments"]["MessageBody"]
    values = {
        "{% $states.context.Execution.Input.workspace %}": "ws_" + "0" * 26,
        "{% $states.context.Execution.Input.execution %}": "execution_" + "0" * 26,
        "{% $states.context.Execution.Input.workflow %}": "workflow_" + "0" * 26,
        "{% $states.context.Execution.Input.version %}": "1.0.0",
        "{% $states.context.Task.Token %}": "token",
        "{% $states.context.State.RetryCount %}": 2,
    }
    filled = {
        name: values.get(value, value) if isinstance(value, str) else value
        for name, value in body.items()
    }
    job = WorkflowStepJob.model_validate_json(json.dumps(filled))
    assert (job.step, job.path, job.ordinal, job.attempt) == ("b", "b", 2, 2)
    assert (job.variables, job.model) == ({"text": "x"}, "local/m")


def test_a_step_without_a_model_leaves_it_to_the_prompt() -> None:
    body = states(workflow(prompt_step("a")))["a"]["Arguments"]["MessageBody"]
    assert "model" not in body


def test_the_input_is_bound_in_the_expressions_that_use_it_and_in_no_other() -> None:
    given = {"a": "{% $input.x %}", "b": "{% 1 + 1 %}", "c": ["{% $sum($input.y) %}"]}
    body = states(workflow(prompt_step("a", with_=given)))["a"]["Arguments"]["MessageBody"]
    assert body["variables"] == {
        "a": f"{{% ( {INPUT}$input.x ) %}}",
        "b": "{% 1 + 1 %}",
        "c": [f"{{% ( {INPUT}$sum($input.y) ) %}}"],
    }


def test_an_expression_that_binds_an_input_of_its_own_gets_no_other() -> None:
    value = states(workflow(transform("a", "{% ( $input := 1; $input ) %}")))["a"]["Output"]
    assert value == "{% ( $input := 1; $input ) %}"


def test_the_output_is_folded_into_the_last_state() -> None:
    last = states(workflow(prompt_step("a"), output="{% $a.output & $input.x %}"))["a"]
    assert last["Output"] == f"{{% ( $a := $states.result; {INPUT}$a.output & $input.x ) %}}"
    assert last["End"] is True
    assert "Assign" not in last


def test_an_output_may_be_a_structure_with_expressions_and_literals_in_it() -> None:
    output = {"text": "{% $b.text %}", "first": "{% $a %}", "kind": "note", "n": 1}
    last = states(workflow(transform("a", 1), prompt_step("b"), output=output))["b"]
    assert last["Output"] == {
        "text": "{% ( $b := $states.result; $b.text ) %}",
        "first": "{% $a %}",
        "kind": "note",
        "n": 1,
    }


def test_an_output_of_null_is_an_output() -> None:
    assert states(workflow(prompt_step("a"), output=None))["a"]["Output"] == "{% null %}"
    assert "Output" not in states(workflow(prompt_step("a")))["a"]


def test_a_transform_assigns_and_the_last_one_answers() -> None:
    found = states(workflow(transform("a", {"x": "{% $input.x %}"}), transform("b", "{% $a %}")))
    assert found == {
        "a": {
            "Type": "Pass",
            "Assign": {"a": {"x": f"{{% ( {INPUT}$input.x ) %}}"}},
            "Next": "b",
        },
        "b": {"Type": "Pass", "Output": "{% $a %}", "End": True},
    }


def test_a_last_transform_is_evaluated_though_the_output_does_not_use_it() -> None:
    last = states(workflow(transform("a", "{% $input.x %}"), output="done"))["a"]
    assert last["Assign"] == {"a": f"{{% ( {INPUT}$input.x ) %}}"}
    assert last["Output"] == '{% "done" %}'


def test_a_fail_ends_with_its_error_and_its_message() -> None:
    stop = fail("stop", error="NoNotes", message="{% 'Nothing in ' & $input.name %}")
    assert states(workflow(stop)) == {
        "stop": {
            "Type": "Fail",
            "Error": "NoNotes",
            "Cause": f"{{% ( {INPUT}'Nothing in ' & $input.name ) %}}",
        }
    }
    assert states(workflow(fail("a")))["a"] == {"Type": "Fail", "Error": "WorkflowFailed"}


def test_the_state_waits_longer_than_a_job_can_take_that_waited_for_its_worker() -> None:
    found = states(workflow(prompt_step("a"), prompt_step("b", timeout="1s")))
    assert [found[name]["TimeoutSeconds"] for name in ("a", "b")] == [390, 331]
    assert [found[name]["HeartbeatSeconds"] for name in ("a", "b")] == [300, 300]


def test_by_default_a_step_is_tried_three_times_upon_what_may_go_away() -> None:
    [retrier] = states(workflow(prompt_step("a")))["a"]["Retry"]
    assert retrier == {
        "ErrorEquals": [
            "ModelRateLimited",
            "ModelOverloaded",
            "ModelTimeout",
            "ModelUnavailable",
            "ActionUnavailable",
            "ActionRateLimited",
            "StepTimedOut",
            "States.HeartbeatTimeout",
            "States.Timeout",
        ],
        "IntervalSeconds": 1,
        "MaxAttempts": 2,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": 30,
        "JitterStrategy": "FULL",
    }


def test_a_step_can_be_retried_otherwise_or_not_at_all() -> None:
    retry = {
        "attempts": 5,
        "interval": "1m",
        "backoff": 1.5,
        "max_interval": "1h",
        "jitter": "none",
        "on": ["OutputInvalid", "States.Timeout", "OutputInvalid"],
    }
    found = states(workflow(prompt_step("a", retry=retry), prompt_step("b", retry={"attempts": 1})))
    assert found["a"]["Retry"] == [
        {
            "ErrorEquals": ["OutputInvalid", "States.Timeout"],
            "IntervalSeconds": 60,
            "MaxAttempts": 4,
            "BackoffRate": 1.5,
            "MaxDelaySeconds": 3_600,
            "JitterStrategy": "NONE",
        }
    ]
    assert "Retry" not in found["b"]


def test_an_interval_at_its_longest_does_not_grow() -> None:
    [retrier] = states(workflow(prompt_step("a", retry={"interval": "1m"})))["a"]["Retry"]
    assert retrier["IntervalSeconds"] == 60
    assert retrier["BackoffRate"] == 1.0
    assert "MaxDelaySeconds" not in retrier


def test_a_class_of_errors_stands_for_all_that_derive_from_it() -> None:
    [retrier] = states(workflow(prompt_step("a", retry={"on": ["ModelError"]})))["a"]["Retry"]
    assert {"ModelError", "ModelRateLimited", "ContextTooLong"} <= set(retrier["ErrorEquals"])
    assert "OutputInvalid" not in retrier["ErrorEquals"]


def test_a_caught_failure_gives_its_value_and_goes_on_like_the_step() -> None:
    value = {"output": "none", "why": "{% $error.name & $input.x %}"}
    found = states(workflow(prompt_step("a", on_error={"value": value}), prompt_step("b")))
    [catcher] = found["a"]["Catch"]
    assert catcher["ErrorEquals"] == ["States.ALL"]
    assert catcher["Next"] == "a.on_error"
    assert catcher["Assign"]["Error_a"]["step"] == "a"
    assert found["a.on_error"] == {
        "Type": "Pass",
        "Assign": {
            "a": {
                "output": "none",
                "why": f"{{% ( $error := $Error_a; {INPUT}$error.name & $input.x ) %}}",
            }
        },
        "Next": "b",
    }
    assert list(found) == ["a", "a.on_error", "b"]


def test_a_caught_failure_of_the_last_step_answers_the_output_too() -> None:
    step = prompt_step("a", on_error={"value": {"output": "none"}})
    found = states(workflow(step, output={"result": "{% $a.output %}"}))
    assert found["a.on_error"]["End"] is True
    assert found["a.on_error"]["Output"] == {
        "result": '{% ( $a := {"output": "none"}; $a.output ) %}'
    }


def test_a_step_that_fails_for_good_by_default_has_no_catcher() -> None:
    assert "Catch" not in states(workflow(prompt_step("a", on_error="fail")))["a"]


def test_what_validators_take_for_no_text_or_no_array_is_given_as_an_expression() -> None:
    value = {"empty": "", "lines": "a\n\u2028b", "matrix": [[1, ["{% $input.x %}"]], 2]}
    found = states(workflow(transform("a", value), transform("b", [1, 2])))
    assigned: Any = found["a"]["Assign"]["a"]
    assert assigned["empty"] == '{% "" %}'
    assert assigned["lines"] == '{% "a\\n\\u2028b" %}'
    assert assigned["matrix"][0].startswith('{% $each({"0": 1, "1": ')
    assert assigned["matrix"][1] == 2
    assert found["b"]["Output"] == "{% [1, 2] %}"


def test_an_expression_of_several_lines_becomes_one() -> None:
    value = "{% (\n  $x := 1; /* one\n more */\n  $x + 1\n) %}"
    output = states(workflow(transform("a", value)))["a"]["Output"]
    assert output == "{% (   $x := 1; /* one  more */   $x + 1 ) %}"


def test_the_same_document_gives_the_same_bytes_and_the_digest_is_theirs() -> None:
    document = workflow(prompt_step("a", with_={"x": 1}, select="{% $output.y %}"), output=["z"])
    one, other = compiled(document), compiled(json.loads(json.dumps(document)))
    assert json.dumps(one.asl) == json.dumps(other.asl)
    assert one.digest == other.digest == digest_of(one.asl)
    assert compiled({**document, "timeout": "2h"}).digest != one.digest


def test_a_parsed_document_compiles_to_the_same_as_its_source() -> None:
    source = workflow(prompt_step("a", with_={"notes": "{% $input.x %}"}), output="{% $a.text %}")
    document = WorkflowDocument.model_validate(source).model_dump(mode="json")
    assert compiled(document, {"a": prompt_with("notes")}) == compiled(source)
    with pytest.raises(DocumentInvalid):
        compiled(document, {"a": prompt_with("other")})


def test_bounds_count_every_retry_and_every_caught_failure() -> None:
    document = workflow(
        prompt_step("a"),
        transform("b", 1),
        prompt_step("c", retry={"attempts": 5}, on_error={"value": 1}),
    )
    found = compiled(document)
    assert found.bounds.model_calls == 3 + 5
    assert found.bounds.transitions == 3 + 1 + (5 + 1)
    assert found.bounds.history_events == 2 + (2 + 3 * 4) + 2 + (2 + 5 * 4 + 2)
    assert found.bounds.definition_bytes == len(
        json.dumps(found.asl, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    )


def test_statelint_has_nothing_to_say() -> None:
    document = workflow(
        prompt_step(
            "a",
            with_={"x": "{% $input.x %}", "y": ["", "a\nb", {"z": [[1]]}]},
            model="{% $input.model %}",
            select="{% $output[0] %}",
            on_error={"value": "{% $error %}"},
            retry={"attempts": 4, "backoff": 1},
        ),
        transform("b", ["{% $a.output %}", [2]]),
        fail("c", error="{% $input.x %}", message="a\nb"),
    )
    assert complaints(compiled(document).asl) == []
