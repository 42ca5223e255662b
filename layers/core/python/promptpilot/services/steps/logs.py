"""The stored form of an execution log, which is also the claim that a worker holds on the step.

A worker claims a step by a conditional write of its log, so that a step has at most one recorded
result. The rule for a step that is claimed already: a job with *another task token* supersedes the
claim, since the state machine has given up on the older token; so does a *later delivery* of the
same job, since the queue has given up on the earlier one; the *same* delivery waits until the lease
is over. A recorded failure stands for its task token: only a new one tries again.

The one window that no claim closes: a worker dies after the model answered and before the answer is
recorded. Then the model is called once more.

Where one process has the store and all the workers, and hands a job to one of them at a time, a
claim keeps nobody out that is not kept out already, so the first try of a step writes none. What a
result must not do without is its condition: it creates the log and fails where there is one. A
later try, of which an earlier worker may not know, does write its claim, which has the earlier
one's record fail. So there is one recorded result as before, and a worker that dies leaves the same
window; that it ran shows only once `show` has been called.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from promptpilot import keys
from promptpilot.clock import epoch_ms
from promptpilot.domain.base import Model, canonical_json
from promptpilot.domain.event import Event
from promptpilot.domain.execution import ExecutionLog, LogStatus
from promptpilot.domain.log_costs import before_next_try
from promptpilot.errors import ConditionFailed, StoreUnavailable
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.table import Create, Item, Replace, Table
from promptpilot.services.ledger.entries import run_entries
from promptpilot.services.outbox import outbox

KIND = "log"
INLINE_BYTES = 100_000
"""A log's contents (input, output, text, what tools were asked and gave) above this size are kept
in `Blobs` and not in the item.
"""

_CONTENTS = ("input", "output", "text", "tool_calls", "tool_uses")
_RACES = 5


class StoredLog(Model):
    """A log as it is stored: with who has claimed it, until when, and where large contents are."""

    log: ExecutionLog
    token: str
    """Digest of the task token, or of what else names the job."""
    delivery: int
    """Which delivery of the job has claimed it."""
    leased_until: int
    """Milliseconds since 1970."""
    contents: str | None = None
    """Digest of the blob that holds the contents."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of a job: its task token, or what else names it, and a count from 1."""

    token: str
    count: int


@dataclass(slots=True)
class Claimed:
    """The step is this worker's to run; `item` is what it has to replace to record the result, or
    to create while it is not `written`.
    """

    item: Item
    stored: StoredLog
    written: bool = True

    @property
    def log(self) -> ExecutionLog:
        """The log of the step that is about to run."""
        return self.stored.log


@dataclass(frozen=True, slots=True)
class Recorded:
    """The step has a result for good; nothing is to be run."""

    log: ExecutionLog


@dataclass(frozen=True, slots=True)
class Busy:
    """Another worker is at it with the same token."""


def claim(
    log: ExecutionLog,
    delivery: Delivery,
    lease_ms: int,
    *,
    table: Table,
    blobs: Blobs,
    sole: bool = False,
) -> Claimed | Recorded | Busy:
    """Claim the step of `log` (a fresh one, status running) for `lease_ms` from now. `sole` says
    that nobody else can be given the same job; then a first try is claimed without a write.
    """
    key = keys.log(log.workspace, log.id)
    first = log.attempt == delivery.count == 1
    # Nearly every job is the first of its step, and then there is nothing to read.
    expects_none = first and not sole
    for _ in range(_RACES):
        item = None if expects_none else table.get(key)
        expects_none = False
        if item is None:
            fresh = _leased(log, delivery, lease_ms)
            if first and sole:
                return Claimed(Item(key=key, kind=KIND, body=""), fresh, written=False)
            wanted = Item(key=key, kind=KIND, body=fresh.model_dump_json(exclude_none=True))
            operation: Create | Replace = Create(wanted)
        else:
            stored = StoredLog.model_validate_json(item.body)
            if _stands(stored, delivery):
                return Recorded(read_contents(stored, blobs=blobs))
            if _is_at_work(stored, delivery):
                return Busy()
            attempt = {"attempt": _attempt(log, stored.log)}
            again = log.model_copy(update=attempt | before_next_try(stored.log))
            fresh = _leased(again, delivery, lease_ms)
            wanted = item.next(fresh.model_dump_json(exclude_none=True))
            operation = Replace(wanted)
        try:
            # A claim that is lost with the machine is claimed anew: only a result must be on disk.
            table.write([operation], durable=False)
        except ConditionFailed:
            continue
        return Claimed(wanted, fresh)
    raise StoreUnavailable(reason="The step's log is contended.")


def show(claimed: Claimed, *, table: Table) -> None:
    """Write a claim that was not written, so that the step is seen to run. Where somebody else has
    the step meanwhile, nothing is written, and nothing will be recorded either.
    """
    if claimed.written:
        return
    body = claimed.stored.model_dump_json(exclude_none=True)
    wanted = Item(key=claimed.item.key, kind=KIND, body=body)
    with suppress(ConditionFailed):
        table.write([Create(wanted)], durable=False)
        claimed.item, claimed.written = wanted, True


def _stands(stored: StoredLog, delivery: Delivery) -> bool:
    if stored.log.status is LogStatus.FAILED:
        return stored.token == token_digest(delivery.token)
    return stored.log.status is LogStatus.SUCCEEDED


def _attempt(log: ExecutionLog, before: ExecutionLog) -> int:
    """A step that waits goes on waiting when its job comes again."""
    if before.status is LogStatus.WAITING:
        return max(log.attempt, before.attempt)
    return before.attempt + 1


def _is_at_work(stored: StoredLog, delivery: Delivery) -> bool:
    same = (stored.token, stored.delivery) == (token_digest(delivery.token), delivery.count)
    return same and stored.leased_until > epoch_ms()


def _leased(log: ExecutionLog, delivery: Delivery, lease_ms: int) -> StoredLog:
    return StoredLog(
        log=log,
        token=token_digest(delivery.token),
        delivery=delivery.count,
        leased_until=epoch_ms() + lease_ms,
    )


def token_digest(token: str) -> str:
    """How a log names a task token, which is a secret of the execution."""
    return sha256(token.encode()).hexdigest()[:32]


def record(
    claimed: Claimed, log: ExecutionLog, event: Event | None, *, table: Table, blobs: Blobs
) -> ExecutionLog:
    """Record the end of the claimed step, and the event that tells of it, where one does; returns
    the log that stands.

    Where the claim was superseded in the meantime, that is the log of whoever superseded it.
    """
    try:
        told = [] if event is None else [outbox(event)]
        table.write([log_change(claimed, log, blobs=blobs), *told, *run_entries(log)])
    except ConditionFailed:
        item = table.get(claimed.item.key)
        if item is not None:
            return read_contents(StoredLog.model_validate_json(item.body), blobs=blobs)
        raise
    return log


def log_change(claimed: Claimed, log: ExecutionLog, *, blobs: Blobs) -> Replace | Create:
    """The operation that puts `log` in the claimed one's place and gives up the claim; it fails
    where somebody else has claimed the step since.
    """
    stored = claimed.stored.model_copy(update={"log": log, "leased_until": 0, "contents": None})
    body = stored.model_dump_json(exclude_none=True)
    if len(body) > INLINE_BYTES:
        body = _move_contents(stored, blobs).model_dump_json(exclude_none=True)
    if not claimed.written:
        return Create(Item(key=claimed.item.key, kind=KIND, body=body))
    return Replace(claimed.item.next(body))


def read_claim(workspace: str, log: str, *, table: Table) -> Claimed | None:
    """The log of that id as it stands, to be replaced by who has an answer to it from elsewhere."""
    item = table.get(keys.log(workspace, log))
    return None if item is None else Claimed(item, StoredLog.model_validate_json(item.body))


def _move_contents(stored: StoredLog, blobs: Blobs) -> StoredLog:
    contents = stored.log.model_dump(mode="json", include=set(_CONTENTS))
    digest = blobs.put(stored.log.workspace, canonical_json(contents).encode())
    empty = {name: ExecutionLog.model_fields[name].default for name in _CONTENTS}
    return stored.model_copy(
        update={"log": stored.log.model_copy(update=empty), "contents": digest}
    )


def read_contents(stored: StoredLog, *, blobs: Blobs) -> ExecutionLog:
    """The whole log, with contents that were moved to `Blobs` put back."""
    if stored.contents is None:
        return stored.log
    contents = json.loads(blobs.get(stored.log.workspace, stored.contents))
    return ExecutionLog.model_validate({**stored.log.model_dump(), **contents})
