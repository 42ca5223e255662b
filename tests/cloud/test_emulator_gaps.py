"""Templates on their way to the emulator lose what it refuses, and nothing else."""

from typing import Any

import pytest

from cloud.emulator_gaps import PLAIN_HTTP, within_emulator, without_gaps

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {}}
BUDGET = {"Type": "AWS::Budgets::Budget", "Properties": {}}
TLS_ONLY = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": PLAIN_HTTP}
SEND = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn"}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"Type": "AWS::SQS::QueuePolicy", "Properties": {"PolicyDocument": document}}


def emulated(**resources: dict[str, Any]) -> dict[str, Any]:
    return without_gaps({"Resources": resources})["Resources"]


def statements(resource: dict[str, Any]) -> list[dict[str, Any]]:
    return resource["Properties"]["PolicyDocument"]["Statement"]


def test_what_it_knows_stays_as_it_is() -> None:
    assert emulated(Queue=QUEUE, Policy=policy(SEND)) == {"Queue": QUEUE, "Policy": policy(SEND)}


def test_what_it_does_not_know_goes_and_nobody_waits_for_it() -> None:
    assert emulated(Budget=BUDGET, Queue={**QUEUE, "DependsOn": ["Budget"]}) == {"Queue": QUEUE}


def test_outputs_of_what_goes_go_with_it() -> None:
    outputs = {"Gone": {"Value": {"Ref": "Budget"}}, "Kept": {"Value": {"Ref": "Queue"}}}
    template = {"Resources": {"Budget": BUDGET, "Queue": QUEUE}, "Outputs": outputs}
    assert without_gaps(template)["Outputs"].keys() == {"Kept"}


def test_what_stays_must_not_need_what_goes() -> None:
    needing = {**QUEUE, "Properties": {"QueueName": {"Fn::GetAtt": ["Budget", "Name"]}}}
    with pytest.raises(ValueError, match="Queue needs Budget"):
        emulated(Budget=BUDGET, Queue=needing)


def test_only_an_alarm_with_metric_math_goes() -> None:
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}}
    math = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": []}}
    assert emulated(Plain=alarm, Math=math).keys() == {"Plain"}


def test_a_statement_against_plain_http_goes_and_the_others_stay() -> None:
    kept = emulated(Policy=policy(TLS_ONLY, SEND), Empty=policy(TLS_ONLY))
    assert kept.keys() == {"Policy"}
    assert statements(kept["Policy"]) == [SEND]


def test_answers_by_token_are_allowed_beside_what_the_template_allows() -> None:
    answer = {"Effect": "Allow", "Action": ["states:SendTaskSuccess", "sqs:Get"], "Resource": "arn"}
    [own, added] = statements(emulated(Policy=policy(answer))["Policy"])
    assert own == answer
    assert added == {"Effect": "Allow", "Action": ["states:SendTaskSuccess"], "Resource": "*"}


def test_an_api_is_found_below_the_emulators_own_address() -> None:
    on_aws = "https://abc.execute-api.us-east-1.amazonaws.com/live"
    assert within_emulator("http://127.0.0.1:1", on_aws) == (
        "http://127.0.0.1:1/_aws/execute-api/abc/live"
    )
