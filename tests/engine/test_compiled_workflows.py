"""Compiled workflows on the engine: what an execution answers is what the document says."""

from collections.abc import Mapping
from typing import Any

import pytest

from promptpilot.ports.orchestrator import Machine
from tests.engine.conftest import Run
from tests.engine.scripted_worker import ScriptedWorker
from tests.engine.statuses import Statuses
from tests.unit.workflow_samples import compiled, fail, prompt_step, transform, workflow

ANSWER: Mapping[str, Any] = {
    "output": {"title": "Plan", "tags": ["a", "b"], "none": None},
    "text": "…",
    "model": "fake/echo",
    "usage": {"input_tokens": 1},
    "cost": None,
    "log": "log_1",
}

ONCE = {"attempts": 1}


def machine(document: Any) -> Machine:
    found = compiled(document)
    return Machine("ws_1", "wf_1", "1.0.0", found.digest, found.asl)


def envelope(input: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "workspace": "ws_1",
        "execution": "execution_1",
        "workflow": "workflow_1",
        "version": "1.0.0",
        "input": input,
    }


def answer(document: Any, run: Run, statuses: Statuses, **input: Any) -> Any:
    return statuses.output_of(run(machine(document), envelope(input)))


def test_a_chain_hands_results_on_and_answers_the_output(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("one", worker.succeed(ANSWER))
    worker.script("two", worker.succeed({**ANSWER, "output": "done"}))
    document = workflow(
        prompt_step("one", with_={"notes": "{% $input.notes %}"}),
        transform("shaped", {"title": "{% $one.output.title %}", "of": "{% $input.notes %}"}),
        prompt_step("two", with_={"all": "{% $shaped %}", "lines": "a\nb"}),
        output={"said": "{% $two.output %}", "about": "{% $shaped.of %}", "empty": ""},
    )
    assert answer(document, run, statuses, notes="n") == {
        "said": "done",
        "about": "n",
        "empty": "",
    }
    assert worker.jobs_of("one")[0]["variables"] == {"notes": "n"}
    assert worker.jobs_of("two")[0]["variables"] == {
        "all": {"title": "Plan", "of": "n"},
        "lines": "a\nb",
    }


def test_without_an_output_the_last_result_is_the_answer(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("one", worker.succeed(ANSWER))
    assert answer(workflow(prompt_step("one")), run, statuses) == ANSWER


@pytest.mark.parametrize(
    "value",
    [
        [[1, [2, []]], {}, "", "a\nb", None, True, -1.5e-7, "🙂\u2028"],
        [[]],
        [1],
        {"a": [["{% $input.list %}", [], "{% $input.list %}"]], "b": ["{% $input.list[0] %}"]},
        ["{% $input.one %}"],
        "{% $input.one %}",
        "{% $input.list %}",
        "text",
        None,
        {},
    ],
)
def test_a_value_is_the_same_as_a_variable_an_answer_and_within_the_output(
    value: Any, run: Run, statuses: Statuses
) -> None:
    given: Mapping[str, Any] = {"list": [1, 2], "one": [7]}
    as_variable = workflow(transform("a", value), transform("b", "{% {'it': $a} %}"))
    as_answer = workflow(transform("a", value))
    in_output = workflow(transform("a", value), output={"it": "{% $a %}"})
    found = answer(as_answer, run, statuses, **given)
    assert answer(as_variable, run, statuses, **given) == {"it": found}
    assert answer(in_output, run, statuses, **given) == {"it": found}


@pytest.mark.parametrize(
    ("select", "output"),
    [
        ("{% $output.title %}", "Plan"),
        ("{% $output.tags %}", ["a", "b"]),
        ("{% $output.none %}", None),
        ("{% $output.title & $input.mark %}", "Plan!"),
        ("{% { 'tag': $output.tags[0], 'from': $before } %}", {"tag": "a", "from": 1}),
    ],
)
def test_select_takes_the_place_of_the_output_and_leaves_the_rest(
    select: str, output: Any, run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("one", *(worker.succeed(ANSWER),) * 3)
    before, step = transform("before", 1), prompt_step("one", select=select)
    expected = {**ANSWER, "output": output}
    assert answer(workflow(before, step), run, statuses, mark="!") == expected
    later = workflow(before, step, transform("two", "{% $one %}"))
    assert answer(later, run, statuses, mark="!") == expected
    in_output = workflow(before, step, output={"it": "{% $one %}"})
    assert answer(in_output, run, statuses, mark="!") == {"it": expected}


def test_a_select_that_gives_nothing_fails_the_step(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("one", worker.succeed(ANSWER))
    document = workflow(prompt_step("one", select="{% $output.nothing %}"), transform("b", 1))
    error, cause = statuses.error_of(run(machine(document), envelope({})))
    assert error == "States.QueryEvaluationError"
    assert "select of step one" in cause


def test_a_caught_failure_gives_its_value_with_the_error_in_it(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    value = {"output": "{% $error.name & ': ' & $error.message & ' in ' & $error.step %}"}
    step = prompt_step("one", retry=ONCE, on_error={"value": value})
    document = workflow(step, transform("two", "{% $one.output %}"))
    worker.script("one", worker.fail("ModelRefused", "no"), worker.fail("ModelRefused", "no"))
    assert answer(document, run, statuses) == "ModelRefused: no in one"
    last = workflow(step, output={"it": "{% $one.output %}"})
    assert answer(last, run, statuses) == {"it": "ModelRefused: no in one"}


def test_the_value_of_a_caught_failure_is_not_used_by_a_step_that_succeeds(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("one", worker.succeed(ANSWER))
    step = prompt_step("one", on_error={"value": {"output": "caught"}})
    assert answer(workflow(step, output="{% $one.output.title %}"), run, statuses) == "Plan"


def test_a_failure_that_is_not_caught_is_the_executions(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("one", worker.fail("OutputInvalid", "no JSON"))
    document = workflow(prompt_step("one"), transform("two", 1))
    name = run(machine(document), envelope({}))
    assert statuses.error_of(name) == ("OutputInvalid", "no JSON")


def test_what_may_go_away_is_tried_again(
    run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("one", worker.fail("ModelOverloaded"), worker.succeed(ANSWER))
    document = workflow(prompt_step("one", retry={"attempts": 2}), output="{% $one.output.title %}")
    assert answer(document, run, statuses) == "Plan"
    assert [job["attempt"] for job in worker.jobs_of("one")] == [0, 1]


def test_a_fail_step_ends_with_its_error(run: Run, statuses: Statuses) -> None:
    stop = fail("stop", error="NoNotes", message="{% 'nothing in ' & $input.name %}")
    name = run(machine(workflow(stop)), envelope({"name": "n"}))
    assert statuses.error_of(name) == ("NoNotes", "nothing in n")


def test_a_last_transform_that_fails_does_so_though_the_output_does_not_use_it(
    run: Run, statuses: Statuses
) -> None:
    document = workflow(transform("a", "{% $input.nothing %}"), output="done")
    error, _ = statuses.error_of(run(machine(document), envelope({})))
    assert error == "States.QueryEvaluationError"
