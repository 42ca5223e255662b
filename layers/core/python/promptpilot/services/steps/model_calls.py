"""One call of a model for one prompt version: from variables to a checked output with its cost."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from promptpilot.domain.base import canonical_json
from promptpilot.domain.model import Completion, ModelRequest, Settings, Usage
from promptpilot.domain.price import Price
from promptpilot.domain.pricing import cost_micro_usd
from promptpilot.domain.prompt import PromptVersion
from promptpilot.ports.models import Models, OnText
from promptpilot.ports.table import Table
from promptpilot.services.prompts.versions import render_messages
from promptpilot.step_errors import OutputInvalid, StepInvalid, StepTimedOut

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

MARGIN_SECONDS = 1.0
"""How much longer than its own time limit a model's client may take."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer. `output` is the text, or the value it spells where the prompt has an output
    schema.
    """

    output: Any
    completion: Completion
    latency_ms: float
    cost_micro_usd: int | None


def model_request(
    prompt: PromptVersion,
    variables: Mapping[str, Any],
    *,
    model: str | None = None,
    settings: Settings | None = None,
    timeout: float,
    table: Table,
) -> ModelRequest:
    """The rendered request for a prompt version; `model` and `settings` override the version's own.

    `timeout` is in seconds. Raises `StepInvalid` where no model is named anywhere, and what
    rendering raises (`VariablesInvalid`, `RenderFailed`).
    """
    name = model or prompt.model
    if name is None:
        raise StepInvalid(reason="Neither the step nor the prompt version names a model.")
    chosen = prompt.settings
    if settings is not None:
        chosen = chosen.model_copy(update=settings.model_dump(exclude_unset=True))
    return ModelRequest(
        model=name,
        messages=render_messages(prompt, variables, table=table),
        settings=chosen,
        output_schema=prompt.output_schema,
        timeout=timeout,
    )


async def call_model(
    request: ModelRequest, workspace: str, *, models: Models, on_text: OnText | None = None
) -> Answer:
    """Call the model for that workspace and check its answer, which `on_text` hears while it is
    made.

    Raises a `ModelError` (`ModelTimeout` after `request.timeout` seconds), `OutputInvalid`, or
    `StepTimedOut` where the client itself does not keep to the time.
    """
    client = models.client(request.model, workspace)
    started = time.perf_counter()
    try:
        async with asyncio.timeout(request.timeout + MARGIN_SECONDS):
            completion = await client.complete(request, on_text=on_text)
    except TimeoutError as error:
        raise StepTimedOut from error
    latency_ms = (time.perf_counter() - started) * 1000
    return Answer(
        output=_checked_output(completion.text, request.output_schema),
        completion=completion,
        latency_ms=round(latency_ms, 3),
        cost_micro_usd=_cost(completion.usage, models.price(request.model)),
    )


def _cost(usage: Usage | None, price: Price | None) -> int | None:
    return None if usage is None or price is None else cost_micro_usd(usage, price)


def _checked_output(text: str, schema: Mapping[str, Any] | None) -> Any:
    if schema is None:
        return text
    try:
        output = json.loads(text)
    except ValueError as error:
        raise OutputInvalid(
            reason="The answer is not JSON, but the prompt has an output schema."
        ) from error
    problem = next(_validator(canonical_json(schema)).iter_errors(output), None)
    if problem is not None:
        place = "/".join(str(part) for part in problem.absolute_path)
        raise OutputInvalid(reason=f"The answer does not fit the output schema at /{place}.")
    return output


@lru_cache(maxsize=256)
def _validator(schema: str) -> "Draft202012Validator":
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to import, and seldom needed

    return Draft202012Validator(json.loads(schema))
