"""The `StepQueue` of the AWS platform, in SQS."""

from typing import TYPE_CHECKING

from promptpilot.adapters.aws.refusals import Refused, asking

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_VISIBILITY_SECONDS = 12 * 3600

_NOT_IN_SQS = {each: f"\\u{each:04x}" for each in (0xFFFE, 0xFFFF)}
"""Characters that JSON allows and a message does not, as JSON writes them in ASCII."""

_NOT_DELIVERED = frozenset(
    {
        "AWS.SimpleQueueService.MessageNotInflight",
        "InvalidParameterValue",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)
"""Codes for a receipt of a message that is deleted, or visible again already."""


class SqsStepQueue:
    """A `StepQueue`. Every method raises `Unavailable` when SQS refuses or is out of reach."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str) -> None:
        """See `StepQueue.send`."""
        asking(
            self._client.send_message, QueueUrl=self._url, MessageBody=body.translate(_NOT_IN_SQS)
        )

    def release(self, receipt: str, seconds: int) -> None:
        """See `StepQueue.release`. A receipt that is not good any more is left alone."""
        try:
            asking(
                self._client.change_message_visibility,
                _NOT_DELIVERED,
                QueueUrl=self._url,
                ReceiptHandle=receipt,
                VisibilityTimeout=min(max(seconds, 0), MAX_VISIBILITY_SECONDS),
            )
        except Refused:
            return
