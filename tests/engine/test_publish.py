"""Which machines are refused, and that each problem says where it is."""

from typing import Any

import pytest

from embedded.engine.engine import Engine
from promptpilot.errors import DocumentInvalid
from tests.engine.asl import RESOURCE, machine, map_, parallel, pass_, scope, task, then


def problems_of(engine: Engine, states: dict[str, Any], **fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(DocumentInvalid) as caught:
        engine.publish(machine(states, **fields))
    return [(problem.at, problem.code) for problem in caught.value.problems]


INNER = {"in": pass_()}
WAIT = {"Type": "Wait", "Seconds": 1, "End": True}


@pytest.mark.parametrize(
    ("state", "at", "code"),
    [
        ({"Type": "Activity", "End": True}, "/Type", "unsupported_state"),
        ({"Type": "Parallel", "End": True}, "/Branches", "missing"),
        (parallel([]), "/Branches", "missing"),
        (parallel([INNER], ResultPath="$"), "/ResultPath", "unknown_field"),
        (parallel([INNER]) | {"Branches": {}}, "/Branches", "wrong_type"),
        (parallel([{"in": pass_("s")}]), "/Branches/0/States/in/Next", "unknown_state"),
        (parallel([INNER], "in"), "/Next", "unknown_state"),
        (parallel([INNER, INNER]), "/Branches/1/States/in", "duplicate_state"),
        (parallel([{"s": pass_()}]), "/Branches/0/States/s", "duplicate_state"),
        (parallel([INNER]) | {"Branches": [{"States": INNER}]}, "/Branches/0/StartAt", "missing"),
        (
            parallel([INNER]) | {"Branches": [scope(INNER, TimeoutSeconds=1)]},
            "/Branches/0/TimeoutSeconds",
            "unknown_field",
        ),
        (
            parallel([{"in": pass_(Assign={"x": 1})}], Assign={"x": 2}),
            "/Branches/0/States/in/Assign/x",
            "variable_of_outer_scope",
        ),
        (
            parallel([{"in": map_({"it": pass_(Assign={"x": 1})}, Assign={"x": 2})}]),
            "/Branches/0/States/in/ItemProcessor/States/it/Assign/x",
            "variable_of_outer_scope",
        ),
        ({"Type": "Map", "End": True}, "/ItemProcessor", "wrong_type"),
        (map_(INNER, Items=5), "/Items", "wrong_value"),
        (map_(INNER, Items={"a": 1}), "/Items", "wrong_value"),
        (map_(INNER, MaxConcurrency=-1), "/MaxConcurrency", "wrong_value"),
        (map_(INNER, ToleratedFailureCount=1), "/ToleratedFailureCount", "unknown_field"),
        (map_(INNER, ToleratedFailurePercentage=1), "/ToleratedFailurePercentage", "unknown_field"),
        (map_(INNER, Retry=[{}]), "/Retry/0/ErrorEquals", "wrong_type"),
        (map_(INNER, "in"), "/Next", "unknown_state"),
        (
            map_(INNER) | {"ItemProcessor": scope(INNER, ProcessorConfig={"Mode": "DISTRIBUTED"})},
            "/ItemProcessor/ProcessorConfig/Mode",
            "unsupported",
        ),
        ({"End": True}, "/Type", "unsupported_state"),
        (pass_(InputPath="$"), "/InputPath", "unknown_field"),
        (pass_(QueryLanguage="JSONPath"), "/QueryLanguage", "unsupported"),
        (pass_("nowhere"), "/Next", "unknown_state"),
        (pass_(Next="s"), "", "wrong_value"),
        ({"Type": "Pass"}, "", "wrong_value"),
        (pass_() | {"End": False}, "/End", "wrong_value"),
        (pass_(Output="{% $x + %}"), "/Output", "expression_invalid"),
        (pass_(Output={"a": ["{% ) %}"]}), "/Output/a/0", "expression_invalid"),
        (pass_(Output="{% $x"), "/Output", "expression_invalid"),
        (pass_(Output="{%}"), "/Output", "expression_invalid"),
        (pass_(Output="{% $eval('1') %}"), "/Output", "expression_invalid"),
        (pass_(Output="{% 1" + " + 1" * 20_000 + "%}"), "/Output", "expression_invalid"),
        (pass_(Assign={"states": 1}), "/Assign/states", "wrong_value"),
        (pass_(Assign={"a-b": 1}), "/Assign/a-b", "wrong_value"),
        (pass_(Assign="{% {'a': 1} %}"), "/Assign", "wrong_type"),
        ({"Type": "Choice", "Choices": []}, "/Choices", "missing"),
        ({"Type": "Choice", "Choices": [{"Next": "s"}]}, "/Choices/0/Condition", "missing"),
        (
            {"Type": "Choice", "Choices": [{"Condition": "yes", "Next": "s"}]},
            "/Choices/0/Condition",
            "wrong_value",
        ),
        (
            {"Type": "Choice", "Choices": [{"Condition": True, "Next": "x"}]},
            "/Choices/0/Next",
            "unknown_state",
        ),
        (WAIT | {"Timestamp": "2020-01-01T00:00:00Z"}, "", "wrong_value"),
        (WAIT | {"Seconds": -1}, "/Seconds", "wrong_value"),
        ({"Type": "Wait", "Timestamp": "soon", "End": True}, "/Timestamp", "wrong_value"),
        ({"Type": "Succeed", "End": True}, "/End", "unknown_field"),
        ({"Type": "Fail", "Error": 5}, "/Error", "wrong_value"),
        (task("a") | {"Resource": "arn:aws:lambda:x"}, "/Resource", "unsupported"),
        (task("a") | {"Arguments": {}}, "/Arguments", "wrong_value"),
        ({"Type": "Task", "Resource": RESOURCE, **then(None)}, "/Arguments", "missing"),
        (
            task("a") | {"Arguments": {"MessageBody": "b", "DelaySeconds": 5}},
            "/Arguments/DelaySeconds",
            "unknown_field",
        ),
        (task("a", TimeoutSeconds=0), "/TimeoutSeconds", "wrong_value"),
        (task("a", TimeoutSeconds=5, HeartbeatSeconds=5), "/HeartbeatSeconds", "wrong_value"),
        (task("a", Retry={}), "/Retry", "wrong_type"),
        (task("a", Retry=[{}]), "/Retry/0/ErrorEquals", "wrong_type"),
        (
            task("a", Retry=[{"ErrorEquals": ["E"], "MaxAttempts": -1}]),
            "/Retry/0/MaxAttempts",
            "wrong_value",
        ),
        (
            task("a", Retry=[{"ErrorEquals": ["E"], "BackoffRate": 0.5}]),
            "/Retry/0/BackoffRate",
            "wrong_value",
        ),
        (
            task("a", Retry=[{"ErrorEquals": ["E"], "JitterStrategy": "HALF"}]),
            "/Retry/0/JitterStrategy",
            "wrong_value",
        ),
        (
            task("a", Retry=[{"ErrorEquals": ["States.ALL", "E"]}]),
            "/Retry/0/ErrorEquals",
            "wrong_value",
        ),
        (
            task("a", Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]),
            "/Retry/0/ErrorEquals",
            "wrong_value",
        ),
        (
            task("a", Catch=[{"ErrorEquals": ["E"], "Next": "x"}]),
            "/Catch/0/Next",
            "unknown_state",
        ),
        (
            task("a", Catch=[{"ErrorEquals": ["E"], "Next": "s", "ResultPath": "$"}]),
            "/Catch/0/ResultPath",
            "unknown_field",
        ),
        (5, "", "wrong_type"),
    ],
)
def test_a_wrong_state_is_refused(engine: Engine, state: Any, at: str, code: str) -> None:
    assert (f"/States/s{at}", code) in problems_of(engine, {"s": state})


@pytest.mark.parametrize(
    ("fields", "at", "code"),
    [
        ({"StartAt": "x"}, "/StartAt", "unknown_state"),
        ({"States": {}}, "/StartAt", "unknown_state"),
        ({"QueryLanguage": "JSONPath"}, "/QueryLanguage", "unsupported"),
        ({"TimeoutSeconds": 0}, "/TimeoutSeconds", "wrong_value"),
        ({"TimeoutSeconds": "1"}, "/TimeoutSeconds", "wrong_value"),
        ({"Loop": 1}, "/Loop", "unknown_field"),
    ],
)
def test_a_wrong_machine_is_refused(
    engine: Engine, fields: dict[str, Any], at: str, code: str
) -> None:
    assert (at, code) in problems_of(engine, {"s": pass_()}, **fields)


def test_every_problem_is_reported_at_once(engine: Engine) -> None:
    states = {"s": pass_("x", Output="{% ( %}"), "a/b~c": {"Type": "Mop"}}
    assert problems_of(engine, states) == [
        ("/States/s/Output", "expression_invalid"),
        ("/States/a~1b~0c/Type", "unsupported_state"),
        ("/States/s/Next", "unknown_state"),
    ]


def test_a_refused_state_is_named_with_its_type(engine: Engine) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        engine.publish(machine({"fan": {"Type": "Mop", "End": True}}))
    assert "'fan'" in caught.value.problems[0].message
    assert "'Mop'" in caught.value.problems[0].message


def test_a_value_that_nests_too_deep_is_refused(engine: Engine) -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    codes = [code for _, code in problems_of(engine, {"s": pass_(Output=deep)})]
    assert codes == ["too_deep"]


def test_publishing_again_is_fine(engine: Engine) -> None:
    same = machine({"s": pass_(Comment="c")}, Comment="c", Version="1.0", TimeoutSeconds=5)
    engine.publish(same)
    engine.publish(same)


def test_sibling_scopes_may_assign_the_same_name(engine: Engine) -> None:
    same = pass_(Assign={"x": 1})
    engine.publish(machine({"fan": parallel([{"a": same}, {"b": same}, {"c": map_({"d": same})}])}))
