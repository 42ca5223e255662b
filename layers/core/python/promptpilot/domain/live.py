"""Live connections: who holds one, what it listens to, and what its client may say."""

from typing import Annotated, Literal

from pydantic import Field

from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.cursor import MAX_CURSOR_LENGTH
from promptpilot.domain.event import Event
from promptpilot.domain.ids import ExecutionId, UserId, WorkspaceId


class Connection(Model):
    """A client's open WebSocket."""

    id: str
    user: UserId
    connected_at: Timestamp


class Subscription(Model):
    """What a connection listens to: one execution of a workspace, or all that happens there."""

    connection: str
    user: UserId
    workspace: WorkspaceId
    execution: ExecutionId | None = None

    def concerns(self, event: Event) -> bool:
        """Whether an event of the workspace is listened to: one of the execution, or about it."""
        return self.execution in (None, event.subject, event.data.get("execution"))


class Subscribe(Model):
    """Listen to a workspace (without one, the user's own), or to one execution of it; of that one,
    with a `cursor` from there on, without one from its beginning.
    """

    action: Literal["subscribe"]
    workspace: WorkspaceId | None = None
    execution: ExecutionId | None = None
    cursor: Annotated[str, Field(max_length=MAX_CURSOR_LENGTH)] | None = None


class Unsubscribe(Model):
    """Take a `Subscribe` of the same workspace and execution back."""

    action: Literal["unsubscribe"]
    workspace: WorkspaceId | None = None
    execution: ExecutionId | None = None


class Ping(Model):
    """Keep the connection from being idle."""

    action: Literal["ping"]


Request = Annotated[Subscribe | Unsubscribe | Ping, Field(discriminator="action")]
"""One message of a client."""
