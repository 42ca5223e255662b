"""Runs of a prompt outside workflows that can be followed: one model's answer, or several models'
side by side.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from promptpilot.domain.base import OMITTED, Model, Timestamp
from promptpilot.domain.execution import LogError
from promptpilot.domain.ids import PromptId, RunId, UserId, WorkspaceId
from promptpilot.domain.model import ModelName, Usage

MOST_MODELS = 4


def _unlike(models: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(models)) < len(models):
        raise ValueError("each model can be asked once")
    return models


class Comparison(Model):
    """One prompt version with one input, for up to four models at the same time."""

    prompt_id: PromptId
    version: str | None = None
    label: str | None = None
    variables: Mapping[str, Any] = {}
    models: Annotated[
        tuple[ModelName, ...],
        Field(min_length=1, max_length=MOST_MODELS),
        AfterValidator(_unlike),
    ]


class RunLog(Model):
    """One answer of a run: the model that was asked, and the id of the log that it fills."""

    model: str
    log: str


class Run(Model):
    """A run, and where its answers will be."""

    id: RunId
    workspace: WorkspaceId
    prompt_id: PromptId
    version: str
    logs: tuple[RunLog, ...]
    created_by: UserId
    created_at: Timestamp
    cancelled_by: Annotated[UserId | None, OMITTED] = None


class RunTextEvent(Model):
    """A piece of what a model says; `offset` counts Unicode characters. At offset 0 the answer
    begins, anew where there was one: a call that failed is forgotten.
    """

    type: Literal["run.text"] = "run.text"
    log: str
    model: str
    offset: Annotated[int, Field(ge=0)]
    text: str


class RunEndEvent(Model):
    """An answer is complete, or is not to be had; its log has all of it."""

    type: Literal["run.succeeded", "run.failed"]
    log: str
    model: str
    usage: Usage | None = None
    cost_micro_usd: int | None = None
    latency_ms: float | None = None
    error: Annotated[LogError | None, OMITTED] = None


RunEvent = Annotated[RunTextEvent | RunEndEvent, Field(discriminator="type")]


class RunProgress(Model):
    """What happened after a cursor, oldest first for each log; `done` once all answers have ended
    and been told.
    """

    items: tuple[RunEvent, ...]
    next_cursor: str
    done: bool
