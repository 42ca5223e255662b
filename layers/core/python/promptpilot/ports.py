"""What the product asks of the platform it runs on, as protocols.

A service names the ports it needs in its signature. Every adapter passes the port's conformance
suite in
`tests/contract/`. All calls are synchronous, except a model call, which waits for seconds and is
awaited.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Protocol, TypeVar

from pydantic import SecretStr

from promptpilot.domain.egress import EgressRules
from promptpilot.domain.event import Event
from promptpilot.domain.identity import Claims, Registration, Tokens
from promptpilot.domain.model import Completion, ModelInfo, ModelRequest, Price

if TYPE_CHECKING:  # only who schedules needs to know time zones
    from promptpilot.domain.live import Subscription
    from promptpilot.domain.schedule import Schedule

MAX_ITEM_BYTES = 400_000
"""An item's largest size, keys included (DynamoDB's own limit is 400 KiB; this is the same on every
store).
"""

MAX_WRITE_OPERATIONS = 100
"""The most operations of one transaction (DynamoDB's limit)."""


class Index(StrEnum):
    """Which order of the table a query reads."""

    PRIMARY = "primary"
    GSI1 = "gsi1"
    GSI2 = "gsi2"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A place in the table or in one of its indexes: a partition and a position within it (ordered
    by UTF-8 bytes).
    """

    partition: str
    sort: str


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `body` is JSON text that the store does not look into; `revision` counts its writes
    from 1.
    """

    key: Key
    kind: str
    body: str
    revision: int = 1
    gsi1: Key | None = None
    gsi2: Key | None = None
    expires_at: int | None = None
    """Seconds since 1970; from then on no read returns the item."""

    def next(self, body: str) -> "Item":
        """The same item with another body, one revision later."""
        return replace(self, body=body, revision=self.revision + 1)


@dataclass(frozen=True, slots=True)
class Create:
    """Write an item that must not exist yet (an expired one does not exist)."""

    item: Item


@dataclass(frozen=True, slots=True)
class Replace:
    """Write over the stored item, whose revision must be `item.revision - 1`."""

    item: Item


@dataclass(frozen=True, slots=True)
class Put:
    """Write an item whatever is there."""

    item: Item


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item: with `revision` only at that one, without whatever is there (nothing there is
    fine).
    """

    key: Key
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Change nothing, but require the item to be at `revision`; None requires that it is not
    there.
    """

    key: Key
    revision: int | None


Operation = Create | Replace | Put | Delete | Check


@dataclass(frozen=True, slots=True)
class Position:
    """Where a query stopped: the index key and the primary key of the last item returned."""

    at: Key
    key: Key


@dataclass(frozen=True, slots=True)
class Page:
    """Some items in order, and where to go on; `next` is None at the end."""

    items: tuple[Item, ...]
    next: Position | None


class Table(Protocol):
    """Items by key, conditional all-or-nothing writes, ordered queries.

    Every method raises `StoreUnavailable` when the store is locked, full or out of reach.
    """

    def get(self, key: Key) -> Item | None:
        """The item at `key` as of the last completed write, or None."""
        ...

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """The items at `keys` (at most 100), in their order; None where there is none."""
        ...

    def query(
        self,
        partition: str,
        *,
        index: Index = Index.PRIMARY,
        prefix: str = "",
        limit: int = 50,
        after: Position | None = None,
        descending: bool = False,
    ) -> Page:
        """Up to `limit` (1..1000) items of one partition of an index whose sort key starts with
        `prefix`, in sort order.

        Items of equal index keys are ordered by primary key. `after` goes on from a page's `next`,
        in either direction.
        """
        ...

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        """Do all operations or none; at most 100, each on another item.

        Without `durable` a store may keep the write from the disk until the next durable one; a
        dead process does not lose it, a loss of power may. Everybody sees it at once all the same.

        Raises `ConditionFailed(operation=position)` for the first condition that did not hold,
        `TooLarge` for an item over `MAX_ITEM_BYTES`.
        """
        ...


class Blobs(Protocol):
    """Values of up to 5 GiB by workspace and content digest."""

    def put(self, workspace: str, data: bytes) -> str:
        """Store `data`; returns its digest, the SHA-256 in hex. Storing the same twice stores it
        once.
        """
        ...

    def get(self, workspace: str, digest: str) -> bytes:
        """The value of that digest. Raises `NotFound`, also when it belongs to another workspace
        only.
        """
        ...

    def delete(self, workspace: str, digest: str) -> None:
        """Remove the value; nothing there is fine."""
        ...


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


class StepQueue(Protocol):
    """Hands step jobs to workers, each at least once."""

    def send(self, body: str) -> None:
        """Queue one job, as JSON text. When this returns, the job is durable."""
        ...

    def release(self, receipt: str, seconds: int) -> None:
        """Let a delivered job that its worker gives back be delivered again in `seconds` at the
        earliest. `receipt` is its record's `receiptHandle`. A hint: without it the job comes back
        by the queue's own time.
        """
        ...


class EventBus(Protocol):
    """Takes the domain events that the outbox relay reads."""

    def publish(self, events: Sequence[Event]) -> None:
        """Hand events on, each at least once, in order per subject.

        Raises `Unavailable` where some may not have been taken: all are to be published again.
        """
        ...


class Waiter(Protocol):
    """Lets a request wait for work that another part finishes. A hint: the caller reads the record
    again.
    """

    def announce(self, subject: str) -> None:
        """Something about `subject` (an execution's or a log's id) has ended."""
        ...

    def wait(self, subject: str, ended: Callable[[], bool], seconds: float) -> bool:
        """Return `ended()` as soon as it is true, or when `seconds` have passed. Never misses an
        announcement.
        """
        ...


class Identity(Protocol):
    """Who somebody is; what they may do is not its business.

    Emails come in their normal form, and passwords that the product itself accepts
    (`domain.passwords`). Every method but `verify` raises `Unavailable` when the issuer is out of
    reach or has too much to do.
    """

    def sign_up(self, email: str, password: str) -> Registration:
        """Register credentials and give them a user id. Raises `AlreadyExists` for a known email,
        `Invalid` for an email or a password that the issuer does not take, `SignUpClosed`.
        """
        ...

    def confirm(self, email: str, code: str) -> None:
        """Confirm the account with the code that was sent at its sign-up. Raises `CodeRejected`,
        also for an account that is not there or needs none.
        """
        ...

    def resend_code(self, email: str) -> None:
        """Send that code again. Says nothing of whether there is such an account."""
        ...

    def log_in(self, email: str, password: str) -> Tokens:
        """Tokens for right credentials. Raises `CredentialsRejected`, `LogInIncomplete`."""
        ...

    def answer_challenge(
        self, email: str, session: str, *, code: str | None, password: str | None
    ) -> Tokens:
        """Tokens for the right answer to a challenge of `log_in`: a code, or a new password. Raises
        `CodeRejected`, `Invalid` for a password that the issuer does not take or an answer of the
        other kind, `Unauthenticated` for a session that is over, `ChallengeRequired` again.
        """
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """New tokens; the old refresh token is spent. Raises `Unauthenticated` for an unknown,
        spent or expired one.
        """
        ...

    def forgot_password(self, email: str) -> None:
        """Send a code that allows a new password. Says nothing of whether there is such an
        account.
        """
        ...

    def reset_password(self, email: str, code: str, password: str) -> None:
        """Set a new password by that code, and end every session. Raises `CodeRejected`, also for
        an account that is not there, `Invalid` for a password that the issuer does not take.
        """
        ...

    def verify(self, access_token: str) -> Claims:
        """The claims of a valid access token. Raises `Unauthenticated`, `Unavailable` where the
        keys to verify it with cannot be had.
        """
        ...

    def email_of(self, access_token: str) -> str:
        """The email address of whoever has this valid access token. Raises `Unauthenticated`."""
        ...


class Secrets(Protocol):
    """Keys and credentials by workspace and name, encrypted at rest and never shown to a client.

    `secret_names` says what a name is (1..200 characters of `a-z 0-9 . _ - /`) and a value (at most
    4,096 bytes of UTF-8); anything else is `Invalid` or `TooLarge`. Every method raises
    `StoreUnavailable` when the store is out of reach.
    """

    def put(self, workspace: str, name: str, value: SecretStr) -> None:
        """Store `value`, over any other. This process sees it at once, others within minutes."""
        ...

    def create(self, workspace: str, name: str, value: SecretStr) -> SecretStr:
        """Store `value` unless there is one. Returns the one that stands, the same for everybody
        who asks at once.
        """
        ...

    def get(self, workspace: str, name: str) -> SecretStr | None:
        """The value, at most five minutes old; None where there is none."""
        ...

    def delete(self, workspace: str, name: str) -> None:
        """Remove the value; nothing there is fine."""
        ...


class Scheduler(Protocol):
    """Fires `schedule.fired` events on the bus when their time has come, each at least once.

    Every method raises `Unavailable` when the schedules are out of reach.
    """

    def put(self, schedule: "Schedule") -> None:
        """Add the schedule, or replace the one of the same workspace and id."""
        ...

    def delete(self, workspace: str, id: str) -> None:
        """Remove the schedule; nothing there is fine."""
        ...


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


OnText = Callable[[str], None]
"""Gets a piece of an answer; called on the event loop, so it must not wait."""


class ModelClient(Protocol):
    """Calls the models of one vendor. No type or exception of the vendor's SDK leaves it."""

    async def complete(self, request: ModelRequest, *, on_text: OnText | None = None) -> Completion:
        """One answer. Raises a `ModelError`. Cancelling the awaiting task ends the call.

        With `on_text` the answer goes there in pieces as it is made, all of it together being the
        completion's text, or in one piece where the vendor cannot; on an error it was part of none.
        """
        ...


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """A request to somebody else's server. `timeout` is in seconds and covers all of it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout: float


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """What a server answered, decompressed; the names of `headers` are in lower case. `url` is the
    one that answered, after redirects.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Egress(Protocol):
    """The only way out for requests whose address a workflow's author or its data decide."""

    async def send(self, request: OutboundRequest, rules: EgressRules) -> OutboundAnswer:
        """The answer, redirects followed, whatever its status.

        Goes to public addresses and to what the operator has opened, within what `rules` allow,
        and connects to the very addresses that were checked. Raises `EgressRefused`,
        `ActionUnavailable`, `ActionError` for an answer over 1 MiB, `StepInvalid` for what is no
        request. Cancelling the awaiting task ends the call.
        """
        ...


class Models(Protocol):
    """The models that are configured here. Names are `vendor/model`."""

    def client(self, model: str) -> ModelClient:
        """The client that serves `model`. Raises `ModelUnknown`."""
        ...

    def price(self, model: str) -> Price | None:
        """What `model` costs; None where that is unknown."""
        ...

    def catalogue(self) -> Sequence[ModelInfo]:
        """What is configured, whether it is available now, and what it costs."""
        ...


P = ParamSpec("P")
T = TypeVar("T")


class Offload(Protocol):
    """How asynchronous code makes a synchronous port call: in a thread where the call waits for a
    network, in place
    where it takes microseconds.
    """

    def __call__(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Run the call and await its result."""
        ...
