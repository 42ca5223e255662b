"""Live connections: who holds one, what it listens to, and what its client may say."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from promptpilot.domain.base import OMITTED, Model, Timestamp
from promptpilot.domain.cursor import MAX_CURSOR_LENGTH
from promptpilot.domain.event import Event
from promptpilot.domain.ids import ExecutionId, RunId, UserId, WorkspaceId


class Connection(Model):
    """A client's open WebSocket."""

    id: str
    user: UserId
    connected_at: Timestamp


class Subscription(Model):
    """What a connection listens to: one execution of a workspace, one run, or all that happens
    there.
    """

    connection: str
    user: UserId
    workspace: WorkspaceId
    execution: ExecutionId | None = None
    run: Annotated[RunId | None, OMITTED] = None

    def concerns(self, event: Event) -> bool:
        """Whether an event of the workspace is listened to: one of the execution, or about it."""
        if self.run is not None:
            return False
        return self.execution in (None, event.subject, event.data.get("execution"))


class _Place(Model):
    """A workspace, or one execution or one run of it."""

    workspace: WorkspaceId | None = None
    execution: ExecutionId | None = None
    run: RunId | None = None

    @model_validator(mode="after")
    def _just_one(self) -> Self:
        if self.execution is not None and self.run is not None:
            raise ValueError("name an execution or a run, not both")
        return self


class Subscribe(_Place):
    """Listen to a workspace (without one, the user's own), or to one execution or one run of it; of
    an execution, with a `cursor` from there on, without one from its beginning. Of a run, only what
    is said from now on is told.
    """

    action: Literal["subscribe"]
    cursor: Annotated[str, Field(max_length=MAX_CURSOR_LENGTH)] | None = None


class Unsubscribe(_Place):
    """Take a `Subscribe` of the same workspace and execution, or run, back."""

    action: Literal["unsubscribe"]


class Ping(Model):
    """Keep the connection from being idle."""

    action: Literal["ping"]


Request = Annotated[Subscribe | Unsubscribe | Ping, Field(discriminator="action")]
"""One message of a client."""
