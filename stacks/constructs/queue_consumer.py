"""What lets a function work off a queue."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from stacks.constructs.function import Function

CONSUME = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def consume(
    function: Function,
    queue: sqs.IQueue,
    *,
    batch_size: int = 10,
    maximum_concurrency: int | None = None,
    wait: Duration | None = None,
) -> None:
    """Give `function` the queue's messages in batches, of which it may fail single ones.

    With `wait`, a batch is gathered for so long.
    """
    function.allow(CONSUME, queue.queue_arn)
    mapping = lambda_.EventSourceMapping(
        function,
        queue.node.id,
        target=function.function,
        event_source_arn=queue.queue_arn,
        batch_size=batch_size,
        max_batching_window=wait,
        max_concurrency=maximum_concurrency,
        report_batch_item_failures=True,
    )
    # Lambda tries the role when the mapping is made.
    mapping.node.add_dependency(function.role)
