"""Action steps are held against the actions that there are when a workflow is saved."""

from typing import Any

import pytest

from promptpilot.compiler.draft import read_draft
from promptpilot.services.workflows.action_checks import action_problems
from tests.unit.workflow_samples import workflow


def told(action: str = "http.request", **given: Any) -> list[tuple[str, str]]:
    """Places and codes of what is wrong with a step of that action."""
    step = {"id": "a", "kind": "action", "action": action, "with": given}
    return [(each.at, each.code) for each in action_problems(read_draft(workflow(step)))]


def test_an_action_that_takes_what_it_is_given_is_fine() -> None:
    assert told(url="{% $input.url %}", method="POST", body={"a": "{% $input.b %}"}) == []


def test_an_action_that_there_is_not_is_named_with_the_one_that_was_meant() -> None:
    step = {"id": "a", "kind": "action", "action": "http.reqest"}
    [problem] = action_problems(read_draft(workflow(step)))
    assert (problem.at, problem.code) == ("/steps/0/action", "action_unknown")
    assert "Did you mean `http.request`?" in problem.message


@pytest.mark.parametrize(
    ("given", "at", "code"),
    [
        ({}, "/url", "action_argument_missing"),
        ({"url": "x", "metod": "GET"}, "/metod", "action_argument_unknown"),
        ({"url": "x", "method": "FETCH"}, "/method", "action_argument_wrong"),
        ({"url": 5}, "/url", "action_argument_wrong"),
    ],
)
def test_arguments_that_certainly_do_not_fit_are_told(
    given: dict[str, Any], at: str, code: str
) -> None:
    assert told(**given) == [(f"/steps/0/with{at}", code)]


def test_steps_within_others_are_looked_at_too() -> None:
    inner = {"id": "a", "kind": "action", "action": "nothing"}
    outer = {"id": "p", "kind": "parallel", "branches": {"left": [inner]}}
    [problem] = action_problems(read_draft(workflow(outer)))
    assert problem.at == "/steps/0/branches/left/0/action"
