"""What is told of an execution while it runs: what its steps do, what models say, what it cost."""

from typing import Annotated, Literal

from pydantic import Field

from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.execution import ExecutionStatus
from promptpilot.domain.model import Usage

StateEventType = Literal["state.entered", "state.left", "state.failed", "state.retried"]
EndEventType = Literal[
    "execution.succeeded", "execution.failed", "execution.cancelled", "execution.timed_out"
]


class StateEvent(Model):
    """A step was entered or left, or a try of it failed. `id` counts from 1 and orders all that
    states do; `state` is the state's own name, which may be an auxiliary one of the step.
    """

    type: StateEventType
    id: Annotated[int, Field(ge=1)]
    at: Timestamp
    state: str
    step: str
    path: str
    iteration: str | None = None
    error: str | None = None


class TextEvent(Model):
    """A piece of what a model says in a step; `offset` counts Unicode characters.

    At offset 0 the answer begins, anew where there was one: a try that failed is forgotten. Any
    other piece goes on where the one before it ended. The whole is told before the step is left.
    """

    type: Literal["step.text"] = "step.text"
    log: str
    step: str
    path: str
    iteration: str | None = None
    offset: Annotated[int, Field(ge=0)]
    text: str


class EndEvent(Model):
    """The execution has ended. One that is resumed ends once more."""

    type: EndEventType
    at: Timestamp


ProgressEvent = Annotated[StateEvent | TextEvent | EndEvent, Field(discriminator="type")]


class Progress(Model):
    """What happened after a cursor, oldest first, and how the execution stands now.

    `next_cursor` goes on from here, after the end too: an execution may be resumed.
    `cost_micro_usd` is None where any step's is unknown; while the execution runs, it and `usage`
    may be a moment old.
    """

    items: tuple[ProgressEvent, ...]
    next_cursor: str
    status: ExecutionStatus
    usage: Usage
    cost_micro_usd: Annotated[int, Field(ge=0)] | None


def progress_subject(execution: str) -> str:
    """What is announced to a `Waiter` when there may be something new to tell of an execution."""
    return f"progress/{execution}"
