"""SQS queues: encrypted, by TLS only, and none without a place for what cannot be handled."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_sqs as sqs
from constructs import Construct

LONGEST = Duration.days(14)
DEFAULT_RECEIVES = 3
VISIBILITY_TIMEOUTS = 6
"""A message is hidden for so many of its function's time limits, as AWS advises: throttled batches
wait and are tried again within that time.
"""


class DeadLetters(sqs.Queue):
    """Where messages end that could not be handled, for people to look at."""

    def __init__(self, scope: Construct, id: str, *, name: str) -> None:
        super().__init__(
            scope,
            id,
            queue_name=name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=LONGEST,
            removal_policy=RemovalPolicy.DESTROY,
        )


class WorkQueue(sqs.Queue):
    """What one function takes its work from: of `timeout`, after `receives` tries to `dead`."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        timeout: Duration,
        dead: sqs.IQueue,
        receives: int = DEFAULT_RECEIVES,
    ) -> None:
        super().__init__(
            scope,
            id,
            queue_name=name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=LONGEST,
            visibility_timeout=Duration.seconds(VISIBILITY_TIMEOUTS * int(timeout.to_seconds())),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=receives),
            removal_policy=RemovalPolicy.DESTROY,
        )
