"""Clients that follow what happens as it happens."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # few of those who call the port need the model
    from promptpilot.domain.live import Subscription


class Live(Protocol):
    """Pushes messages to clients that hold a WebSocket open."""

    def send(self, connection: str, message: str) -> bool:
        """Push one text message of at most 128 KiB. False where the connection is gone. Raises
        `Unavailable` where it is not known whether the message arrived.
        """
        ...

    def close(self, connection: str) -> None:
        """End the connection; one that is gone is fine."""
        ...


class PartialTexts(Protocol):
    """What models have said so far in steps that run, for whoever watches. A loss does no harm: in
    the end the whole text is in the step's log.
    """

    @property
    def pause_seconds(self) -> float:
        """How long a worker waits between two `put` of a step."""
        ...

    def wanted(self, execution: str) -> bool:
        """Whether somebody is known to watch this execution now."""
        ...

    def put(self, workspace: str, execution: str, log: str, text: str) -> None:
        """Keep all that has been said in the step of that log, over what was kept of it."""
        ...

    def forget(self, workspace: str, execution: str, log: str) -> None:
        """The step has ended, or its try; nothing there is fine."""
        ...

    def of(self, workspace: str, execution: str) -> Mapping[str, str]:
        """The texts of an execution's steps that run, as far as they are kept, by log id."""
        ...


class Followers(Protocol):
    """Live connections to which this process tells what happens in executions, as it happens."""

    @property
    def told(self) -> bool:
        """Whether followers are told here at all; where they are not, clients ask."""
        ...

    def check(self, workspace: str, execution: str, cursor: str | None) -> None:
        """Raise `CursorInvalid` for a cursor that nobody can be told from."""
        ...

    def follow(self, subscription: "Subscription", cursor: str | None) -> None:
        """Tell what has happened since the cursor in the execution of the subscription, and from
        now on what happens. Raises `CursorInvalid`.
        """
        ...

    def leave(self, subscription: "Subscription") -> None:
        """Tell no more; what is not followed is fine."""
        ...
