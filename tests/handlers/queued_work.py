"""A workflow whose steps' jobs come from a queue, on a platform in memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from promptpilot import platform
from promptpilot.domain.step_job import WorkflowStepJob
from promptpilot.errors import PromptPilotError
from tests.fakes import ScriptedModel, ScriptedModels
from tests.handlers.here import memory_platform
from tests.unit.world import World


@dataclass
class Releases:
    """A `StepQueue` that remembers what was given back, and for how long."""

    released: dict[str, int] = field(default_factory=dict)
    error: PromptPilotError | None = None

    def send(self, body: str) -> None:
        raise AssertionError(body)

    def release(self, receipt: str, seconds: int) -> None:
        if self.error is not None:
            raise self.error
        self.released[receipt] = seconds


@dataclass
class Work:
    """The world that the jobs are of, and the queue that they come from."""

    world: World
    queue: Releases


@contextmanager
def installed(model: ScriptedModel, **others: ScriptedModel) -> Iterator[Work]:
    """`others` are models by the second part of their name: `slow` for `fake/slow`."""
    world, queue = World(model), Releases()
    models = {"fake/echo": model, **{f"fake/{name}": each for name, each in others.items()}}
    here = memory_platform(
        table=world.ports.table,
        blobs=world.ports.blobs,
        orchestrator=world.orchestrator,
        step_queue=queue,
        waiter=world.waiter,
        models=ScriptedModels(models),
    )
    platform.install(here)
    yield Work(world, queue)
    platform.install(None)


def message(body: str, name: str = "m1", *, receives: int = 1, sent_ms: int = 0) -> dict[str, Any]:
    """A record of a queue's event. Its receipt is its name and the count of its deliveries."""
    return {
        "messageId": name,
        "receiptHandle": f"{name}#{receives}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "SentTimestamp": str(sent_ms),
        },
    }


def batch(*records: Mapping[str, Any]) -> dict[str, Any]:
    return {"Records": list(records)}


def failed_in(answer: Mapping[str, Any]) -> list[str]:
    """The names of the messages to deliver again."""
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def body_of(job: WorkflowStepJob, **changes: Any) -> str:
    return job.model_copy(update=changes).model_dump_json()
