"""One use of a tool in a step, as its log keeps it."""

from typing import Annotated, Any

from pydantic import Field

from promptpilot.domain.base import NONE_OMITTED, Model


class ToolUse(Model):
    """A model had `action` done with `arguments`, which are shown without credentials. `result` is
    what the model was told, or how it begins; `failed` where that was what went wrong.
    """

    round: Annotated[int, Field(ge=1)]
    name: str
    action: str
    arguments: Any
    result: str
    failed: Annotated[bool, NONE_OMITTED] = False
    latency_ms: float
