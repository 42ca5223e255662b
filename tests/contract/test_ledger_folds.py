"""Entries of the ledger are folded into sums without one being lost or counted twice, on every
table, whoever folds and reads at once.
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from embedded.database import Database
from embedded.table import SqliteTable
from promptpilot import keys
from promptpilot.domain.cost_row import Asker, Spent
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.ports.table import Operation, Page, Table
from promptpilot.services.ledger.entries import entries
from promptpilot.services.ledger.folding import fold, fold_now_and_then
from promptpilot.services.ledger.reading import MANY, month_costs
from tests.contract.threads import in_threads

MONTH = "2026-11"
AT = datetime(2026, 11, 3, tzinfo=UTC)


class Books:
    """The ledger of a workspace, and what has been entered."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.viewer = Principal(new_id("user"), new_id("ws"), Role.VIEWER)
        self.workflows = [new_id("workflow") for _ in range(3)]
        self.cost = 0

    def enter(self, number: int, *, models: int = 1) -> None:
        workspace = self.viewer.workspace
        names = [f"fake/m{number % 7}-{place}" for place in range(models)]
        sums = {Asker(name, None): Spent(number, 1) for name in names}
        workflow = self.workflows[number % 3]
        self.table.write(entries(workspace, f"e{number:05}", workflow, sums, AT))
        self.cost += number * models

    def fold(self, **how: Any) -> None:
        fold(self.viewer.workspace, MONTH, table=self.table, **how)

    def unfolded(self) -> int:
        key = keys.cost_entry(self.viewer.workspace, MONTH)
        return len(self.table.query(key.partition, prefix=key.sort, limit=1000).items)

    def check(self, table: Table | None = None) -> None:
        costs = month_costs(self.viewer, MONTH, table=table or self.table)
        assert costs.cost_micro_usd == self.cost
        for parts in (costs.by_model, costs.by_workflow, costs.by_prompt):
            assert sum(each.cost_micro_usd for each in parts) == self.cost
            assert sum(each.unknown_calls for each in parts) == costs.unknown_calls


def test_nothing_is_entered_for_what_cost_nothing(table: Table) -> None:
    assert entries("ws_x", "e", None, {Asker("fake/echo", None): Spent()}, AT) == []
    Books(table).check()


def test_sums_and_entries_are_read_together(table: Table) -> None:
    books = Books(table)
    for number in range(12):
        books.enter(number)
    books.check()
    books.fold()
    assert books.unfolded() == 0
    books.check()
    books.enter(12)
    books.check()
    books.fold()
    books.check()


def test_more_than_one_transaction_takes_are_folded_in_several(table: Table) -> None:
    books = Books(table)
    for number in range(130):
        books.enter(number)
    books.fold(rounds=1)
    assert 0 < books.unfolded() < 130
    books.check()
    books.fold()
    assert books.unfolded() == 0
    books.check()


def test_entries_of_many_models_fit_in(table: Table) -> None:
    books = Books(table)
    for number in range(6):
        books.enter(number, models=30)
    books.fold(rounds=10)
    assert books.unfolded() == 0
    books.check()


def test_some_writers_fold_so_that_entries_do_not_pile_up(table: Table) -> None:
    books = Books(table)
    for number in range(80):
        books.enter(number)
        fold_now_and_then(books.viewer.workspace, MONTH, f"e{number:05}", table=table)
    assert books.unfolded() < 60
    books.check()


def test_reading_very_many_entries_folds_them(table: Table) -> None:
    books = Books(table)
    for number in range(MANY):
        books.enter(number)
    books.check()
    assert books.unfolded() == 0
    books.check()


def test_who_reads_while_others_fold_reads_anew(table: Table) -> None:
    books = Books(table)
    for number in range(5):
        books.enter(number)

    class FoldedMeanwhile:
        """Folds between the two halves of the first reading."""

        folded = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(table, name)

        def query(self, partition: str, *, prefix: str = "", **how: Any) -> Page:
            if prefix.startswith("entry/") and not self.folded:
                self.folded += 1
                books.fold()
            return table.query(partition, prefix=prefix, **how)

    meanwhile: Any = FoldedMeanwhile()
    books.check(meanwhile)
    assert meanwhile.folded == 1


def test_of_two_who_fold_at_once_one_does(table: Table) -> None:
    books = Books(table)
    for number in range(5):
        books.enter(number)

    class FasterFirst:
        """Somebody else folds right before the first write."""

        folded = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(table, name)

        def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
            if not self.folded:
                self.folded += 1
                books.fold()
            table.write(operations, durable=durable)

    faster: Any = FasterFirst()
    fold(books.viewer.workspace, MONTH, table=faster)
    books.check()


def test_threads_that_enter_fold_and_read_lose_nothing(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "ledger.db")) as database:
        books = Books(SqliteTable(database))

        def work(number: int) -> None:
            books.table.write(
                entries(
                    books.viewer.workspace,
                    f"e{number:05}",
                    None,
                    {Asker("fake/echo", None): Spent(number, 0)},
                    AT,
                )
            )
            books.fold()
            month_costs(books.viewer, MONTH, table=books.table)

        in_threads(16, work)
        books.cost = sum(range(16))
        books.check()
