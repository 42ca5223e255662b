"""Heads: reading what of a prompt or a workflow may change, and changing it under its optimistic
lock.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from promptpilot.clock import now
from promptpilot.domain.version_choice import pick_version
from promptpilot.domain.versioned import Versioned
from promptpilot.errors import ConditionFailed, NotFound, RevisionConflict, Unavailable, Unpublished
from promptpilot.ports.table import Item, Key, Operation, Replace, Table
from promptpilot.services.lru import LruCache

ATTEMPTS = 16
"""How often a change without `If-Match` is tried when other processes are faster."""

_PAUSE_SECONDS = 0.01

_turns = tuple(Lock() for _ in range(1024))
"""The threads of this process change a head one after another, for only one of them could win."""

CACHED_CHARACTERS = 8_000_000
"""How much of the heads read last is kept parsed, in characters of JSON."""

H = TypeVar("H", bound=Versioned)


@dataclass(frozen=True, slots=True)
class Head(Generic[H]):
    """The head of `subject`, and the item that holds it."""

    subject: H
    item: Item

    @property
    def revision(self) -> int:
        """What `ETag` and `If-Match` speak of."""
        return self.item.revision

    @property
    def default_version(self) -> str:
        """The version that is meant where nothing is named. Raises `Unpublished`."""
        return self.pick(None, None)

    def pick(self, version: str | None, label: str | None) -> str:
        """The version meant by a version or a label. Raises `Invalid` for both, `NotFound`,
        `Unpublished`.
        """
        subject = self.subject
        if subject.latest is None:
            raise Unpublished(kind=self.item.kind, id=subject.id)
        return pick_version(subject.labels, subject.latest, version=version, label=label)


@dataclass(frozen=True, slots=True)
class HeadChange(Generic[H]):
    """A changed head, and what else is written in the same transaction."""

    subject: H
    operations: Sequence[Operation]


class HeadStore(Generic[H]):
    """Where the heads of one kind are kept.

    `is_id` says whether a text could be an id at all, `places` where the indexes have a head.
    """

    def __init__(
        self,
        kind: str,
        model: type[H],
        *,
        key: Callable[[str, str], Key],
        is_id: Callable[[str], bool],
        places: Callable[[H], Mapping[str, Key]],
    ) -> None:
        self.kind = kind
        self._model = model
        self._key = key
        self._is_id = is_id
        self._places = places
        self._parsed: LruCache[Key, Head[H]] = LruCache(CACHED_CHARACTERS)

    def of(self, item: Item) -> Head[H]:
        """The head that an item holds. The same text need not be read twice."""
        known = self._parsed.get(item.key)
        if known is not None and known.item == item:
            return known
        return self.remember(Head(self._model.model_validate_json(item.body), item))

    def remember(self, head: Head[H]) -> Head[H]:
        """Keep a head that has been read or written, so that it need not be parsed."""
        self._parsed.put(head.item.key, head, len(head.item.body))
        return head

    def load(self, workspace: str, id: str, *, table: Table) -> Head[H]:
        """The head of that id. Raises `NotFound`."""
        item = table.get(self._key(workspace, id)) if self._is_id(id) else None
        if item is None:
            raise NotFound(kind=self.kind, id=id)
        return self.of(item)

    def item(self, subject: H, revision: int = 1) -> Item:
        """The item of a head at that revision."""
        places = self._places(subject)
        return Item(
            key=self._key(subject.workspace, subject.id),
            kind=self.kind,
            body=subject.model_dump_json(),
            revision=revision,
            gsi1=places.get("gsi1"),
            gsi2=places.get("gsi2"),
        )

    def change(
        self,
        workspace: str,
        id: str,
        plan: Callable[[Head[H]], HeadChange[H] | None],
        *,
        if_revision: int | None,
        table: Table,
    ) -> Head[H]:
        """Change a head as `plan` says of its present state, in one transaction; None changes
        nothing.

        With `if_revision` only that revision is changed, else `RevisionConflict`. Without it a lost
        race is run again on the new state. Raises what `plan` raises, `NotFound`,
        `RevisionConflict`, `Unavailable` after `ATTEMPTS` lost races.
        """
        for attempt in range(ATTEMPTS):
            with _turns[hash((workspace, id)) % len(_turns)]:
                head = self.load(workspace, id, table=table)
                if if_revision not in {None, head.revision}:
                    raise RevisionConflict(current=head.revision)
                change = plan(head)
                if change is None:
                    return head
                try:
                    return self._write(head, change, table)
                except ConditionFailed as lost:
                    if if_revision is not None:
                        current = self.load(workspace, id, table=table).revision
                        raise RevisionConflict(current=current) from lost
            time.sleep(attempt * random.random() * _PAUSE_SECONDS)  # noqa: S311 - it spreads callers
        raise Unavailable(reason=f"Too many change this {self.kind} at once.")

    def _write(self, head: Head[H], change: HeadChange[H], table: Table) -> Head[H]:
        subject = change.subject.model_copy(update={"updated_at": now()})
        item = self.item(subject, head.revision + 1)
        table.write([Replace(item), *change.operations])
        return self.remember(Head(subject, item))
