"""Reading what a month has cost: its sums, and the entries that are not in them yet."""

from collections.abc import Iterator

from promptpilot import keys
from promptpilot.domain.cost_row import Spent
from promptpilot.domain.month_costs import ModelCost, MonthCosts, PromptCost, WorkflowCost
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.table import Item, Table
from promptpilot.services.ledger.entries import Entry
from promptpilot.services.ledger.folding import fold
from promptpilot.services.ledger.sums import (
    MODEL,
    PROMPT,
    WORKFLOW,
    Parts,
    StoredSum,
    parts_of,
    total_of,
)

PAGE = 1000
MANY = 200
"""So many entries are folded when they are read."""
ROUNDS = 50
_RACES = 20


def month_costs(principal: Principal, month: str, *, table: Table) -> MonthCosts:
    """What the workspace's models have cost in a month (`2026-11`). Raises `Forbidden`."""
    principal.require(Action.COST_READ)
    parts, unfolded = _parts(principal.workspace, month, table)
    if unfolded >= MANY:
        fold(principal.workspace, month, rounds=ROUNDS, table=table)
    total = total_of(parts)
    return MonthCosts(
        month=month,
        **total._asdict(),
        by_model=tuple(ModelCost(model=of, **spent) for of, spent in _largest_first(parts, MODEL)),
        by_workflow=tuple(
            WorkflowCost(workflow_id=of or None, **spent)
            for of, spent in _largest_first(parts, WORKFLOW)
        ),
        by_prompt=tuple(
            PromptCost(prompt_id=of or None, **spent) for of, spent in _largest_first(parts, PROMPT)
        ),
    )


def spent_in(workspace: str, month: str, *, table: Table) -> Spent:
    """What a month has cost so far."""
    parts, _ = _parts(workspace, month, table)
    return total_of(parts)


def _largest_first(parts: Parts, by: str) -> list[tuple[str, dict[str, int]]]:
    found = [(of, spent) for (each, of), spent in parts.items() if each == by and spent != Spent()]
    found.sort(key=lambda each: (-each[1].cost_micro_usd, each[0]))
    return [(of, spent._asdict()) for of, spent in found]


def _parts(workspace: str, month: str, table: Table) -> tuple[Parts, int]:
    """All that is spent, and how many entries are not folded. Read anew where entries were folded
    meanwhile: they would count twice, or not at all.
    """
    head = keys.costs(workspace, month)
    for _ in range(_RACES):
        before = _revision(table.get(head))
        sums = [
            StoredSum.model_validate_json(item.body)
            for item in _all(head.partition, keys.cost_sum(workspace, month).sort, table)
        ]
        entries = [
            Entry.model_validate_json(item.body)
            for item in _all(head.partition, keys.cost_entry(workspace, month).sort, table)
        ]
        if _revision(table.get(head)) == before:
            parts = parts_of(entries)
            for each in sums:
                of = (each.by, each.of)
                parts[of] = parts.get(of, Spent()).plus(each.spent)
            return parts, len(entries)
    raise StoreUnavailable(reason="The costs are contended.")


def _revision(item: Item | None) -> int:
    return 0 if item is None else item.revision


def _all(partition: str, prefix: str, table: Table) -> Iterator[Item]:
    after = None
    while True:
        page = table.query(partition, prefix=prefix, limit=PAGE, after=after)
        yield from page.items
        after = page.next
        if after is None:
            return
