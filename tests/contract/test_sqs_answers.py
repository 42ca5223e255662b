"""What SQS is asked, exactly, and what its answers mean (canned)."""

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from promptpilot.adapters.aws.step_queue import SqsStepQueue
from promptpilot.errors import Unavailable
from tests.contract.aws_clients import client, cut_off_client

URL = "https://sqs.example/steps"


@pytest.mark.parametrize("error", [EndpointConnectionError, ReadTimeoutError])
def test_a_network_that_fails_makes_the_queue_out_of_reach(error: type[Exception]) -> None:
    queue = SqsStepQueue(cut_off_client("sqs", error), URL)
    with pytest.raises(Unavailable):
        queue.send("{}")
    with pytest.raises(Unavailable):
        queue.release("receipt", 1)


@pytest.mark.parametrize("code", ["AccessDenied", "RequestThrottled", "QueueDoesNotExist"])
def test_whatever_sqs_refuses_is_out_of_reach(code: str) -> None:
    sqs = client("sqs")
    with Stubber(sqs) as answers:
        answers.add_client_error("send_message", code)
        answers.add_client_error("change_message_visibility", code)
        with pytest.raises(Unavailable):
            SqsStepQueue(sqs, URL).send("{}")
        with pytest.raises(Unavailable):
            SqsStepQueue(sqs, URL).release("receipt", 1)


def test_characters_that_a_message_may_not_have_are_sent_as_json_escapes() -> None:
    sqs = client("sqs")
    with Stubber(sqs) as answers:
        body = '{"text":"a\\uffffb\\ufffec 🎈"}'
        answers.add_response("send_message", {}, {"QueueUrl": URL, "MessageBody": body})
        SqsStepQueue(sqs, URL).send('{"text":"a\uffffb\ufffec 🎈"}')
        answers.assert_no_pending_responses()


@pytest.mark.parametrize(("seconds", "asked"), [(5, 5), (-1, 0), (100_000, 43_200)])
def test_a_job_is_released_for_as_long_as_sqs_allows(seconds: int, asked: int) -> None:
    sqs = client("sqs")
    with Stubber(sqs) as answers:
        request = {"QueueUrl": URL, "ReceiptHandle": "receipt", "VisibilityTimeout": asked}
        answers.add_response("change_message_visibility", {}, request)
        SqsStepQueue(sqs, URL).release("receipt", seconds)
        answers.assert_no_pending_responses()


@pytest.mark.parametrize(
    "code", ["ReceiptHandleIsInvalid", "AWS.SimpleQueueService.MessageNotInflight"]
)
def test_a_receipt_that_is_not_good_any_more_is_left_alone(code: str) -> None:
    sqs = client("sqs")
    with Stubber(sqs) as answers:
        answers.add_client_error("change_message_visibility", code)
        SqsStepQueue(sqs, URL).release("receipt", 1)
        answers.assert_no_pending_responses()
