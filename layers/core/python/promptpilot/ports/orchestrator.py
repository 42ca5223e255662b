"""What runs state machines, and tells what they did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Machine:
    """A compiled state machine: Amazon States Language, the same for every execution of one
    workflow version.
    """

    workspace: str
    workflow: str
    version: str
    digest: str
    asl: Mapping[str, Any]


Happening = Literal["state_entered", "state_exited", "state_failed", "state_retried"]


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One thing that happened in an execution; `id` counts from 1, without gaps.

    `state_failed` is the end of one try: the state is tried again (`state_retried`), its error is
    caught (`state_exited`), or the failure goes on outwards. A resumed execution tells
    `state_retried` of the states that it goes on with.
    """

    id: int
    at: datetime
    type: Happening
    state: str
    iteration: tuple[int, ...] = ()
    """The positions in the enclosing Map states, outermost first, each from 0."""
    error: str | None = None
    """The error's name where a state failed and the platform tells it."""


class Orchestrator(Protocol):
    """Runs state machines. An execution's `name` is `domain.execution.machine_name`."""

    def publish(self, machine: Machine) -> None:
        """Make the machine known; again is fine. Raises `DocumentInvalid` for one that this engine
        cannot run.
        """
        ...

    def start(self, machine: Machine, name: str, input: Mapping[str, Any]) -> None:
        """Start an execution. Starting the same name again does nothing. When this returns, the
        start is durable.
        """
        ...

    def stop(self, machine: Machine, name: str, *, error: str, cause: str) -> None:
        """Stop an execution of that machine: no state is entered afterwards. One that has ended or
        is unknown is left alone.
        """
        ...

    def resume(self, machine: Machine, name: str, *, times: int) -> None:
        """Run an execution that failed, timed out or was stopped on from where it ended, for the
        time `times` (from 1). One that runs, or has gone on so often, is left alone.

        What succeeded is kept, finished branches and iterations too. The states that had not ended
        run anew, with their input and variables, their retries and time limits from the beginning;
        so does the execution's own time limit. When this returns, the resumption is durable.
        Raises `NotFound`, and `Conflict` for one that has succeeded or ended over 14 days ago.
        """
        ...

    def history(
        self, machine: Machine, name: str, *, after: int, limit: int
    ) -> Sequence[HistoryEvent]:
        """Up to `limit` events of an execution, from the one after the id `after` on; 0 is the
        beginning. Nothing for one that is unknown, or whose history is kept no longer.

        An event that was told once is told the same for ever.
        """
        ...

    def output(self, arn: str) -> str | None:
        """The JSON text of what an ended execution has put out, None where it has not. A status
        event names the execution, and leaves out an output that is too large for it.
        """
        ...

    def forget_idle(self, since: datetime) -> int:
        """Forget machines of which no execution goes on, or has begun or ended since then; how
        many. `start` makes a machine known again.
        """
        ...

    def succeed_task(self, token: str, output: Any) -> bool:
        """Give a waiting task its result, any JSON. False where nobody waits for it any more."""
        ...

    def fail_task(self, token: str, error: str, cause: str) -> bool:
        """Fail a waiting task. False where nobody waits for the token any more."""
        ...

    def heartbeat_task(self, token: str) -> bool:
        """Say that the task's worker is alive. False where nobody waits for the token any more."""
        ...
