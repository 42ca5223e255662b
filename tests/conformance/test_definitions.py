"""Definitions that Step Functions refuses are refused here, each where it is wrong.

Sources: the States Language's specification; of scopes, the Guide on variables.
"""

import json
from typing import Any

import pytest

from embedded.engine.state_machine import compile_machine
from promptpilot.errors import DocumentInvalid
from tests.conformance.states import catch, each, parallel, wait, work
from tests.engine.asl import pass_

REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no such state": ({"a": pass_("b")}, "/States/a/Next", "unknown_state"),
    "out of a branch": (
        {"p": parallel({"a": pass_("b")}, following="b"), "b": pass_()},
        "/States/p/Branches/0/States/a/Next",
        "unknown_state",
    ),
    "into a branch": (
        {"p": parallel({"a": pass_()}, following="a")},
        "/States/p/Next",
        "unknown_state",
    ),
    "from branch to branch": (
        {"p": parallel({"a": pass_("b")}, {"b": pass_()})},
        "/States/p/Branches/0/States/a/Next",
        "unknown_state",
    ),
    "caught out of an iteration": (
        {"m": each([1], {"t": work("t", Catch=[catch("E", to="e")])}, "e"), "e": pass_()},
        "/States/m/ItemProcessor/States/t/Catch/0/Next",
        "unknown_state",
    ),
    "two states of one name": (
        {"p": parallel({"a": pass_()}, {"a": pass_()})},
        "/States/p/Branches/1/States/a",
        "duplicate_state",
    ),
    "an outer variable assigned within": (
        {"a": pass_("p", Assign={"x": 1}), "p": parallel({"b": pass_(Assign={"x": 2})})},
        "/States/p/Branches/0/States/b/Assign/x",
        "variable_of_outer_scope",
    ),
    "a variable of the state's own assigned within": (
        {"m": each([1], {"b": pass_(Assign={"x": 2})}, Assign={"x": 1})},
        "/States/m/ItemProcessor/States/b/Assign/x",
        "variable_of_outer_scope",
    ),
    "a variable of two scopes around": (
        {
            "a": pass_("m", Assign={"x": 1}),
            "m": each([1], {"p": parallel({"b": pass_(Assign={"x": 2})})}),
        },
        "/States/m/ItemProcessor/States/p/Branches/0/States/b/Assign/x",
        "variable_of_outer_scope",
    ),
    "a variable named states": (
        {"a": pass_(Assign={"states": 1})},
        "/States/a/Assign/states",
        "wrong_value",
    ),
    "next and end": ({"a": {**pass_("b"), "End": True}, "b": pass_()}, "/States/a", "wrong_value"),
    "neither next nor end": ({"a": {"Type": "Pass"}}, "/States/a", "wrong_value"),
    "seconds and a time": (
        {"w": wait(Seconds=1, Timestamp="2020-01-01T00:00:00Z")},
        "/States/w",
        "wrong_value",
    ),
    "States.ALL among others": (
        {"t": work("t", Catch=[catch("E", "States.ALL", to="c")]), "c": pass_()},
        "/States/t/Catch/0/ErrorEquals",
        "wrong_value",
    ),
    "States.ALL before others": (
        {"t": work("t", Catch=[catch("States.ALL", to="c"), catch("E", to="c")]), "c": pass_()},
        "/States/t/Catch/0/ErrorEquals",
        "wrong_value",
    ),
    "a heartbeat longer than the task": (
        {"t": work("t", TimeoutSeconds=5, HeartbeatSeconds=5)},
        "/States/t/HeartbeatSeconds",
        "wrong_value",
    ),
    "items that are no array": (
        {"m": each({"a": 1}, {"x": pass_()})},
        "/States/m/Items",
        "wrong_value",
    ),
    "no branches": ({"p": parallel()}, "/States/p/Branches", "missing"),
    "half an expression": (
        {"a": pass_(Output="{% 1 + 1")},
        "/States/a/Output",
        "expression_invalid",
    ),
    "$eval": ({"a": pass_(Output="{% $eval('1') %}")}, "/States/a/Output", "expression_invalid"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_definition_is_refused_where_it_is_wrong(name: str) -> None:
    states, at, code = REFUSED[name]
    asl = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    with pytest.raises(DocumentInvalid) as refused:
        compile_machine("key", "workflow", json.dumps(asl))
    assert (at, code) in [(problem.at, problem.code) for problem in refused.value.problems]
