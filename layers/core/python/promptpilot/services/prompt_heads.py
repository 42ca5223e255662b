"""The heads of prompts: reading one, and changing one under its optimistic lock."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.json_value import is_unicode
from promptpilot.domain.prompt import MAX_NAME_LENGTH, Prompt, is_prompt_id
from promptpilot.domain.version_choice import default_version, pick_version
from promptpilot.errors import (
    ConditionFailed,
    Conflict,
    NotFound,
    RevisionConflict,
    Unavailable,
)
from promptpilot.ports import Index, Item, Key, Operation, Replace, Table
from promptpilot.services.lru import LruCache

KIND = "prompt"

ATTEMPTS = 16
"""How often a change without `If-Match` is tried when other processes are faster."""

_PAUSE_SECONDS = 0.01

_turns = tuple(Lock() for _ in range(1024))
"""The threads of this process change a prompt one after another, for only one of them could win."""


@dataclass(frozen=True, slots=True)
class Head:
    """A prompt's head and the item that holds it."""

    prompt: Prompt
    item: Item

    @property
    def revision(self) -> int:
        """What `ETag` and `If-Match` speak of."""
        return self.item.revision

    @property
    def default_version(self) -> str:
        """The version that is fetched where nothing is named."""
        return default_version(self.prompt.labels, self.prompt.latest)

    def pick(self, version: str | None, label: str | None) -> str:
        """The version meant by a version or a label. Raises `Invalid` for both, `NotFound`."""
        prompt = self.prompt
        return pick_version(prompt.labels, prompt.latest, version=version, label=label)


@dataclass(frozen=True, slots=True)
class HeadChange:
    """A changed head, and what else is written in the same transaction."""

    prompt: Prompt
    operations: Sequence[Operation]


CACHED_CHARACTERS = 8_000_000
"""How much of the heads read last is kept parsed, in characters of JSON."""

_parsed: LruCache[Key, Head] = LruCache(CACHED_CHARACTERS)


def head_of(item: Item) -> Head:
    """The head that an item holds. The same text need not be read twice."""
    known = _parsed.get(item.key)
    if known is not None and known.item == item:
        return known
    return remember_head(Head(Prompt.model_validate_json(item.body), item))


def remember_head(head: Head) -> Head:
    """Keep a head that has been read or written, so that it need not be parsed."""
    _parsed.put(head.item.key, head, len(head.item.body))
    return head


def load_head(workspace: str, id: str, *, table: Table) -> Head:
    """A prompt's head. Raises `NotFound`."""
    item = table.get(keys.prompt(workspace, id)) if is_prompt_id(id) else None
    if item is None:
        raise NotFound(kind="prompt", id=id)
    return head_of(item)


def find_head(workspace: str, name: str, *, table: Table) -> Head:
    """The head of the only prompt of that name. Raises `NotFound`, `Conflict` for several."""
    items: tuple[Item, ...] = ()
    if is_unicode(name) and len(name) <= MAX_NAME_LENGTH:
        partition = keys.prompts_named(workspace, name).partition
        items = table.query(partition, index=Index.GSI2, limit=10).items
    if not items:
        raise NotFound(kind="prompt", id=name)
    if len(items) > 1:
        ids = ", ".join(head_of(item).prompt.id for item in items)
        raise Conflict(reason=f"Several prompts are named {name!r}: {ids}. Use an id.")
    return head_of(items[0])


def head_item(prompt: Prompt, revision: int = 1) -> Item:
    """The item of a head at that revision."""
    workspace = prompt.workspace
    return Item(
        key=keys.prompt(workspace, prompt.id),
        kind=KIND,
        body=prompt.model_dump_json(),
        revision=revision,
        gsi1=keys.prompts(workspace, prompt.id),
        gsi2=keys.prompts_named(workspace, prompt.name, prompt.id),
    )


def change_head(
    workspace: str,
    id: str,
    plan: Callable[[Head], HeadChange | None],
    *,
    if_revision: int | None,
    table: Table,
) -> Head:
    """Change a head as `plan` says of its present state, in one transaction; None changes nothing.

    With `if_revision` only that revision is changed, else `RevisionConflict`. Without it a lost
    race is run again on the new state. Raises what `plan` raises, `NotFound`, `RevisionConflict`,
    `Unavailable` after `ATTEMPTS` lost races.
    """
    for attempt in range(ATTEMPTS):
        with _turns[hash((workspace, id)) % len(_turns)]:
            head = load_head(workspace, id, table=table)
            if if_revision not in {None, head.revision}:
                raise RevisionConflict(current=head.revision)
            change = plan(head)
            if change is None:
                return head
            try:
                return _write(head, change, table)
            except ConditionFailed as lost:
                if if_revision is not None:
                    current = load_head(workspace, id, table=table).revision
                    raise RevisionConflict(current=current) from lost
        time.sleep(attempt * random.random() * _PAUSE_SECONDS)  # noqa: S311 - it spreads callers
    raise Unavailable(reason="Too many change this prompt at once.")


def _write(head: Head, change: HeadChange, table: Table) -> Head:
    prompt = change.prompt.model_copy(update={"updated_at": now()})
    item = head_item(prompt, head.revision + 1)
    table.write([Replace(item), *change.operations])
    return remember_head(Head(prompt, item))
