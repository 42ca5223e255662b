"""What hands step jobs to workers."""

from typing import Protocol


class StepQueue(Protocol):
    """Hands step jobs to workers, each at least once."""

    def send(self, body: str) -> None:
        """Queue one job, as JSON text. When this returns, the job is durable."""
        ...

    def release(self, receipt: str, seconds: int) -> None:
        """Let a delivered job that its worker gives back be delivered again in `seconds` at the
        earliest. `receipt` is its record's `receiptHandle`. A hint: without it the job comes back
        by the queue's own time.
        """
        ...
