"""Folding entries of a month into its sums, so that reading them stays short.

One transaction takes some entries away and adds them to the sums. All go over one item, whose
revision counts them: of two at once one wins, and the other has nothing to do any more.
"""

import logging
from zlib import crc32

from promptpilot import keys
from promptpilot.domain.cost_row import Spent
from promptpilot.errors import ConditionFailed
from promptpilot.ports.table import (
    MAX_WRITE_OPERATIONS,
    Create,
    Delete,
    Item,
    Put,
    Replace,
    Table,
)
from promptpilot.services.ledger.entries import Entry
from promptpilot.services.ledger.sums import Of, Parts, StoredSum, parts_of

HEAD, SUM = "cost_head", "cost_sum"
ONE_IN = 16
"""Every so manieth entry has its writer fold what there is."""
ROUNDS = 3

logger = logging.getLogger(__name__)


def fold_now_and_then(workspace: str, month: str, entry: str, *, table: Table) -> None:
    """Fold if it is the turn of who has written `entry`. A store out of reach is for the next."""
    if crc32(entry.encode()) % ONE_IN == 0:
        fold(workspace, month, table=table)


def fold(workspace: str, month: str, *, rounds: int = ROUNDS, table: Table) -> None:
    """Fold entries of the month, at most some hundred a round; that others fold too is fine."""
    for _ in range(rounds):
        try:
            if not _fold_some(workspace, month, table):
                return
        except ConditionFailed:
            logger.info("costs are folded by somebody else", extra={"workspace": workspace})
            return


def _fold_some(workspace: str, month: str, table: Table) -> bool:
    """Whether there may be more."""
    head_key, key = keys.costs(workspace, month), keys.cost_entry(workspace, month)
    head = table.get(head_key)
    page = table.query(key.partition, prefix=key.sort, limit=MAX_WRITE_OPERATIONS)
    taken, parts = _as_many_as_fit(page.items)
    if not taken:
        return False
    changed = Create(Item(head_key, HEAD, "{}")) if head is None else Replace(head.next(head.body))
    sums = _added(workspace, month, parts, table)
    gone = [Delete(item.key, revision=item.revision) for item in taken]
    table.write([changed, *sums, *gone], durable=False)
    return page.next is not None or len(taken) < len(page.items)


def _as_many_as_fit(items: tuple[Item, ...]) -> tuple[list[Item], Parts]:
    """The entries that one transaction can take with all the sums that they change."""
    taken: list[Item] = []
    parts: Parts = {}
    for item in items:
        more = parts_of([Entry.model_validate_json(item.body)])
        if len(parts.keys() | more.keys()) + len(taken) + 2 > MAX_WRITE_OPERATIONS:
            break
        for of, spent in more.items():
            parts[of] = parts.get(of, Spent()).plus(spent)
        taken.append(item)
    return taken, parts


def _added(workspace: str, month: str, parts: Parts, table: Table) -> list[Put]:
    """The sums with `parts` added. Nobody else writes them without the head."""
    if not parts:
        return []
    places: list[Of] = list(parts)
    found = table.get_many([keys.cost_sum(workspace, month, by, of) for by, of in places])
    puts = []
    for (by, of), item in zip(places, found, strict=True):
        before = StoredSum() if item is None else StoredSum.model_validate_json(item.body)
        now = StoredSum.made(by, of, before.spent.plus(parts[by, of]))
        key = keys.cost_sum(workspace, month, by, of)
        revision = 1 if item is None else item.revision + 1
        puts.append(Put(Item(key, SUM, now.model_dump_json(), revision=revision)))
    return puts
