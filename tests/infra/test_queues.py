"""No message is lost without a trace, and none is handled by two at once."""

import json
from collections.abc import Iterator
from typing import Any

from functions.execution_events.handler import EVENT_TYPES
from promptpilot.bus_event import SOURCE
from promptpilot.services.outbox import OUTBOX
from tests.infra.templates import Deployment, Resource, listed, references

ENDS = {"steps-parked", "execution-events-dead", "live-dead", "machine-collector-dead"}
ENDS_OF_STREAMS = {"outbox-unpublished"}


def test_every_queue_is_encrypted_and_takes_tls_alone(deployment: Deployment) -> None:
    refused = {
        queue["Ref"]
        for policy in deployment.all("AWS::SQS::QueuePolicy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Action"] == "sqs:*"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for queue in policy.properties["Queues"]
    }
    for queue in deployment.all("AWS::SQS::Queue"):
        assert queue.id in refused, queue
        assert queue.properties["SqsManagedSseEnabled"] is True, queue


def test_a_queue_has_dead_letters_or_is_where_they_end(deployment: Deployment) -> None:
    queues = deployment.all("AWS::SQS::Queue")
    names = {
        each.properties["QueueName"].removeprefix(f"promptpilot-{deployment.stage}-"): each
        for each in queues
    }
    without = {name for name, each in names.items() if "RedrivePolicy" not in each.properties}

    assert without == ENDS | ENDS_OF_STREAMS
    for name in without:
        assert names[name].properties["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_job_is_tried_three_times_then_told_as_abandoned_then_parked(
    deployment: Deployment,
) -> None:
    prefix = f"promptpilot-{deployment.stage}-steps"
    queues = {each.properties["QueueName"]: each for each in deployment.all("AWS::SQS::Queue")}
    steps, abandoned, parked = (queues[f"{prefix}{rest}"] for rest in ("", "-abandoned", "-parked"))

    assert steps.properties["RedrivePolicy"]["maxReceiveCount"] == 3
    assert list(references(steps.properties["RedrivePolicy"])) == [abandoned.id]
    assert list(references(abandoned.properties["RedrivePolicy"])) == [parked.id]


def test_a_message_is_hidden_for_six_time_limits_of_its_function(deployment: Deployment) -> None:
    for mapping, queue, function in _consumers(deployment):
        visible_again = queue.properties["VisibilityTimeout"]
        assert visible_again >= 6 * function.properties["Timeout"], mapping


def test_batches_fail_by_message(deployment: Deployment) -> None:
    for mapping in deployment.all("AWS::Lambda::EventSourceMapping"):
        types = mapping.properties["FunctionResponseTypes"]
        assert types == ["ReportBatchItemFailures"], mapping


def test_the_worker_takes_batches_of_ten_and_so_many_at_once(deployment: Deployment) -> None:
    worker = deployment.function("step_worker")
    (mapping,) = (each for each, _, of in _consumers(deployment) if of.id == worker.id)

    assert mapping.properties["BatchSize"] == 10
    assert mapping.properties["ScalingConfig"] == {"MaximumConcurrency": 50}
    reserved = worker.properties.get("ReservedConcurrentExecutions", 50)
    assert reserved >= 50  # or batches would be refused, and their jobs' tries used up


def test_every_rules_target_has_dead_letters(deployment: Deployment) -> None:
    for rule in deployment.all("AWS::Events::Rule"):
        for target in rule.properties["Targets"]:
            assert "DeadLetterConfig" in target, rule


def test_a_function_that_is_invoked_without_an_answer_has_dead_letters(
    deployment: Deployment,
) -> None:
    invoked = {
        (rule.stack, name)
        for rule in deployment.all("AWS::Events::Rule")
        for target in rule.properties["Targets"]
        for name in references(target["Arn"])
    }
    functions = [
        each for each in deployment.all("AWS::Lambda::Function") if (each.stack, each.id) in invoked
    ]

    assert len(functions) == 2  # live, and the collector
    assert all("DeadLetterConfig" in each.properties for each in functions)


def test_the_stream_hands_on_new_outbox_items_alone(deployment: Deployment) -> None:
    properties = _stream(deployment)

    (only,) = properties["FilterCriteria"]["Filters"]
    assert only["Pattern"] == (
        '{"eventName":["INSERT"],"dynamodb":{"NewImage":{"kind":{"S":["outbox"]}}}}'
    )


def test_a_bad_record_of_the_stream_is_set_aside(deployment: Deployment) -> None:
    properties = _stream(deployment)

    assert properties["BisectBatchOnFunctionError"] is True
    assert properties["MaximumRetryAttempts"] == 100
    assert properties["MaximumRecordAgeInSeconds"] < 24 * 3600  # a stream remembers no longer
    (queue,) = references(properties["DestinationConfig"]["OnFailure"])
    assert deployment.templates["events"]["Resources"][queue]["Type"] == "AWS::SQS::Queue"


def test_executions_that_end_come_back_however_they_end(deployment: Deployment) -> None:
    patterns = [
        each.properties.get("EventPattern", {}) for each in deployment.all("AWS::Events::Rule")
    ]
    ends = [each for each in patterns if each.get("source") == ["aws.states"]]

    statuses = [status for each in ends for status in each["detail"]["status"]]
    assert sorted(statuses) == ["ABORTED", "FAILED", "RUNNING", "SUCCEEDED", "TIMED_OUT"]
    for each in ends:
        assert each["detail-type"] == ["Step Functions Execution Status Change"]
        assert "prefix" in each["detail"]["stateMachineArn"][0]


def test_rules_and_filters_speak_the_products_words(deployment: Deployment) -> None:
    patterns = {
        each.properties["Name"].rpartition("-")[2]: each.properties["EventPattern"]
        for each in deployment.all("AWS::Events::Rule")
        if "EventBusName" in each.properties
    }

    assert patterns == {
        "queued": {"source": [SOURCE], "detail-type": [*EVENT_TYPES]},
        "live": {"source": [SOURCE]},
    }
    (only,) = _stream(deployment)["FilterCriteria"]["Filters"]
    assert json.loads(only["Pattern"])["dynamodb"]["NewImage"]["kind"] == {"S": [OUTBOX]}


def _stream(deployment: Deployment) -> Any:
    return deployment.one("AWS::Lambda::EventSourceMapping", "events").properties


def _consumers(deployment: Deployment) -> Iterator[tuple[Resource, Resource, Resource]]:
    """Every mapping of a queue, the queue, and the function."""
    for mapping in deployment.all("AWS::Lambda::EventSourceMapping"):
        resources = deployment.templates[mapping.stack]["Resources"]
        sources = [*references(mapping.properties["EventSourceArn"])]
        queues = [each for each in sources if resources[each]["Type"] == "AWS::SQS::Queue"]
        for queue in queues:
            (function,) = references(listed(mapping.properties["FunctionName"]))
            yield (
                mapping,
                Resource(mapping.stack, queue, resources[queue]),
                Resource(mapping.stack, function, resources[function]),
            )
