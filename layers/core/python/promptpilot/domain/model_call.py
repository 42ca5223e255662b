"""One call of a model, as the log of a step keeps it."""

from typing import Annotated, Literal

from pydantic import Field

from promptpilot.domain.base import NONE_OMITTED, OMITTED, Model
from promptpilot.domain.model import Usage

Purpose = Literal["answer", "repair", "tools"]
"""Why a model was called: for the answer, for one that fits the output schema after one that did
not, or to go on with what tools gave.
"""


class ModelCall(Model):
    """What one call took. `cost_micro_usd` is None where the price or the usage is unknown; `error`
    is the class name of what it failed with. A failed call has no usage: vendors tell none.
    """

    model: str
    purpose: Purpose = "answer"
    usage: Annotated[Usage | None, OMITTED] = None
    cost_micro_usd: Annotated[int | None, Field(ge=0)] = None
    latency_ms: float
    waited_ms: Annotated[float, NONE_OMITTED] = 0.0
    """How long it was held back before, by a rate limit."""
    error: Annotated[str | None, OMITTED] = None
