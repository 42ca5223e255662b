"""Answers of models that stand for equal requests for a while.

Two requests are equal where the prompt's version, the model, the messages, the settings and the
output schema are, within one workspace. The time limit does not matter. Equal requests at the same
time may all call the model: none waits for another.
"""

import json
import logging
import time
from dataclasses import dataclass
from typing import Any

from promptpilot import keys
from promptpilot.clock import epoch_ms
from promptpilot.domain.base import Model, digest_of
from promptpilot.domain.model import Completion, ModelRequest, Usage
from promptpilot.errors import NotFound, PromptPilotError
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.table import Item, Put, Table
from promptpilot.services.steps.model_calls import Answer

KIND = "answer"
INLINE_BYTES = 100_000
"""A larger answer is kept in `Blobs`."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caching:
    """For how long answers to the requests of a prompt's version stand, in seconds."""

    workspace: str
    prompt_digest: str
    seconds: int

    def key(self, request: ModelRequest) -> str:
        """What equal requests have in common; nothing of their contents can be read from it."""
        asked = request.model_dump(mode="json", exclude={"timeout"})
        return digest_of({"prompt": self.prompt_digest, "request": asked})


class KeptAnswer(Model):
    """An answer, when it was given (milliseconds since 1970), and what it took then."""

    text: str | None = None
    blob: str | None = None
    """Digest of the blob that holds the text, where it is large."""
    model: str
    usage: Usage | None = None
    at_ms: int


def find_answer(
    caching: Caching, request: ModelRequest, *, table: Table, blobs: Blobs
) -> Answer | None:
    """The answer to an equal request, at no cost; None where there is none that is young enough."""
    started = time.perf_counter()
    item = table.get(keys.answer(caching.workspace, caching.key(request)))
    if item is None:
        return None
    kept = KeptAnswer.model_validate_json(item.body)
    if epoch_ms() - kept.at_ms >= caching.seconds * 1000:
        return None
    text = _text(kept, caching.workspace, blobs)
    if text is None:
        return None
    return Answer(
        output=_output(text, request),
        completion=Completion(text=text, model=kept.model, usage=kept.usage),
        latency_ms=round((time.perf_counter() - started) * 1000, 3),
        cost_micro_usd=0,
    )


def keep_answer(
    caching: Caching, request: ModelRequest, answer: Answer, *, table: Table, blobs: Blobs
) -> None:
    """Keep an answer for equal requests. Where that fails, the next one calls the model."""
    try:
        _keep(caching, request, answer, table, blobs)
    except PromptPilotError as error:
        logger.warning("an answer was not kept: %s", error)


def _keep(
    caching: Caching, request: ModelRequest, answer: Answer, table: Table, blobs: Blobs
) -> None:
    text = answer.completion.text
    data = text.encode()
    blob = blobs.put(caching.workspace, data) if len(data) > INLINE_BYTES else None
    kept = KeptAnswer(
        text=text if blob is None else None,
        blob=blob,
        model=answer.completion.model,
        usage=answer.completion.usage,
        at_ms=epoch_ms(),
    )
    item = Item(
        key=keys.answer(caching.workspace, caching.key(request)),
        kind=KIND,
        body=kept.model_dump_json(exclude_none=True),
        expires_at=kept.at_ms // 1000 + caching.seconds,
    )
    table.write([Put(item)], durable=False)


def _text(kept: KeptAnswer, workspace: str, blobs: Blobs) -> str | None:
    if kept.blob is None:
        return kept.text
    try:
        return blobs.get(workspace, kept.blob).decode()
    except NotFound:
        return None


def _output(text: str, request: ModelRequest) -> Any:
    """It was checked against the schema when it was given, which the key has a part of."""
    return text if request.output_schema is None else json.loads(text)
