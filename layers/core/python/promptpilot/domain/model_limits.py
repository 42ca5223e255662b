"""How often a vendor may be called, as token buckets."""

from typing import Annotated

from pydantic import Field, StringConstraints

from promptpilot.domain.base import OMITTED, Model

Limited = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+(/\S{1,200})?$")]
"""A vendor (`openai`), or one model (`openai/gpt-5`)."""

PerMinute = Annotated[int, Field(ge=1, le=1_000_000_000)]

BURST_MINUTES = 1 / 6
"""A bucket holds what ten seconds bring."""


class ModelLimit(Model):
    """Calls, and tokens in and out together, of one minute. None is no limit."""

    requests_per_minute: Annotated[PerMinute | None, OMITTED] = None
    tokens_per_minute: Annotated[PerMinute | None, OMITTED] = None
