"""What a workspace may do at the same time, and in a minute."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from promptpilot.domain.base import NONE_OMITTED, Model
from promptpilot.domain.model_limits import Limited, ModelLimit

MAX_RUNNING = 10_000


class WorkspaceLimits(Model):
    """`max_running_executions` is how many executions may run at the same time, None for as many as
    are started. Those over it wait, and start when others end. Executions that a step of another
    began do not count: they run in that one's place.

    `models` limits the calls of a vendor (`openai`) or of a model (`openai/gpt-5`). A call that is
    over it waits where it has to wait for a few seconds only, and fails as rate limited otherwise.
    """

    max_running_executions: Annotated[int, Field(ge=1, le=MAX_RUNNING)] | None = None
    models: Annotated[Mapping[Limited, ModelLimit], Field(max_length=100), NONE_OMITTED] = {}
