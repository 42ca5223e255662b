"""What a workspace may do at the same time."""

from typing import Annotated

from pydantic import Field

from promptpilot.domain.base import Model

MAX_RUNNING = 10_000


class WorkspaceLimits(Model):
    """`max_running_executions` is how many executions may run at the same time, None for as many as
    are started. Those over it wait, and start when others end. Executions that a step of another
    began do not count: they run in that one's place.
    """

    max_running_executions: Annotated[int, Field(ge=1, le=MAX_RUNNING)] | None = None
