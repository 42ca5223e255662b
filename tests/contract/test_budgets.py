"""Money that is set aside and paid, on every table: exactly once, whatever is tried again, and
never more than there is, whoever asks at once.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from promptpilot.adapters.aws.table import DynamoTable
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.table import Operation, Table
from tests.contract.budget_calls import BudgetOfMonth, process
from tests.contract.hand_clock import HandClock
from tests.contract.stores import Aws, new_dynamodb_table, sqlite_table
from tests.contract.test_table_concurrency import OneRequestAtATime
from tests.contract.threads import in_threads


@pytest.fixture(params=["sqlite", "dynamodb"])
def shared(request: pytest.FixtureRequest, aws: Aws, tmp_path: Path) -> Iterator[Table]:
    """A table that threads may race on."""
    if request.param == "sqlite":
        with sqlite_table(aws, tmp_path) as table:
            yield table
    else:
        client: Any = OneRequestAtATime(aws.dynamodb)
        yield DynamoTable(client, new_dynamodb_table(aws.dynamodb))


def test_a_call_is_set_aside_and_then_paid_what_it_has_cost(table: Table) -> None:
    budget = BudgetOfMonth(table)
    assert budget.reserve(1, 60)
    assert (budget.account.spent, budget.held) == (0, 60)
    assert budget.pay(1, 25)
    assert (budget.account.spent, budget.held) == (25, 0)


def test_a_call_that_could_go_beyond_the_budget_is_refused_and_changes_nothing(
    table: Table,
) -> None:
    budget = BudgetOfMonth(table)
    budget.reserve(1, 60)
    assert not budget.reserve(2, 41)
    assert budget.reserve(3, 40)
    assert budget.held == 100
    assert not budget.pay(2, 41)


def test_paying_twice_pays_once(table: Table) -> None:
    budget = BudgetOfMonth(table)
    budget.reserve(1, 60)
    assert budget.pay(1, 25)
    assert not budget.pay(1, 25)
    assert budget.account.spent == 25


def test_the_tries_of_a_step_are_calls_of_their_own(table: Table) -> None:
    budget = BudgetOfMonth(table)
    for attempt in (1, 2):
        assert budget.reserve(1, 50, attempt=attempt)
        assert budget.pay(1, 20, attempt=attempt)
    assert budget.account.spent == 40


def test_what_a_dead_worker_has_set_aside_lapses(table: Table, clock: HandClock) -> None:
    budget = BudgetOfMonth(table)
    budget.reserve(1, 100, minutes=3)
    assert not budget.reserve(2, 1)
    clock.let_pass(3 * 60)
    assert budget.reserve(2, 100)
    assert budget.held == 100


def test_a_call_that_is_paid_after_its_reservation_has_lapsed_still_counts_once(
    table: Table, clock: HandClock
) -> None:
    budget = BudgetOfMonth(table)
    budget.reserve(1, 100, minutes=3)
    clock.let_pass(10 * 60)
    budget.reserve(2, 70)
    assert budget.pay(1, 30)
    assert not budget.pay(1, 30)
    assert (budget.account.spent, budget.held) == (30, 70)


def test_a_worker_that_begins_anew_takes_the_place_of_the_one_that_died(table: Table) -> None:
    budget = BudgetOfMonth(table)
    budget.reserve(1, 60)
    assert budget.reserve(1, 80)
    assert budget.held == 80
    assert budget.pay(1, 10)
    assert (budget.account.spent, budget.held) == (10, 0)


def test_a_call_that_is_made_again_after_it_was_paid_is_paid_again(table: Table) -> None:
    budget = BudgetOfMonth(table)
    for _ in range(2):
        budget.reserve(1, 60)
        assert budget.pay(1, 10)
    assert budget.account.spent == 20


def test_an_unknown_cost_takes_what_was_set_aside_and_is_counted(table: Table) -> None:
    budget = BudgetOfMonth(table)
    budget.reserve(1, 60)
    budget.pay(1, None)
    budget.reserve(2, 0)
    budget.pay(2, None)
    assert (budget.account.spent, budget.account.unknown_calls) == (60, 2)


def test_what_costs_more_than_was_thought_is_paid_in_full(table: Table) -> None:
    budget = BudgetOfMonth(table)
    budget.reserve(1, 60)
    budget.pay(1, 130)
    assert budget.account.spent == 130
    assert not budget.reserve(2, 1)


def test_events_tell_of_half_of_most_and_of_all_once(table: Table) -> None:
    budget = BudgetOfMonth(table)
    for call, cost in enumerate([49, 1, 5, 40, 4, 1]):
        budget.reserve(call, cost)
        budget.pay(call, cost)
    assert budget.told() == [("budget.warned", 50), ("budget.warned", 80), ("budget.exceeded", 100)]
    assert not budget.reserve(7, 1)
    assert len(budget.told()) == 3


def test_the_first_call_that_is_refused_tells_that_the_budget_is_exceeded(table: Table) -> None:
    budget = BudgetOfMonth(table)
    assert not budget.reserve(1, 101)
    assert not budget.reserve(2, 101)
    assert budget.told() == [("budget.exceeded", 100)]
    assert budget.held == 0


def test_a_budget_that_only_warns_refuses_nothing(table: Table) -> None:
    budget = BudgetOfMonth(table, stop=False)
    assert budget.reserve(1, 500)
    budget.pay(1, 500)
    assert budget.reserve(2, 500)
    assert [percent for _, percent in budget.told()] == [50, 80, 100]


def test_a_write_whose_answer_is_lost_is_not_made_twice(table: Table) -> None:
    class LosesAnswers:
        """Does what it is told, and reports a conflict every second time."""

        def __init__(self) -> None:
            self.writes = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(table, name)

        def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
            table.write(operations, durable=durable)
            self.writes += 1
            if self.writes % 2:
                table.write(operations, durable=durable)  # its conditions do not hold any more

    lossy: Any = LosesAnswers()
    budget = BudgetOfMonth(lossy)
    assert budget.reserve(1, 60)
    assert budget.held == 60
    budget.pay(1, 25)
    assert (budget.account.spent, budget.held) == (25, 0)


def test_parallel_calls_of_several_processes_never_overspend(shared: Table) -> None:
    budgets = [BudgetOfMonth(shared, workspace="ws_shared", process=process()) for _ in range(3)]
    granted: list[int] = []
    taking = Lock()

    def work(number: int) -> None:
        budget = budgets[number % 3]
        if budget.reserve(number, 10):
            with taking:
                granted.append(number)
                assert len(granted) <= 10

    in_threads(24, work)
    assert len(granted) == 10
    assert budgets[0].held == 100
    in_threads(10, lambda place: _pays(budgets[granted[place] % 3], granted[place], 7))
    assert (budgets[0].account.spent, budgets[0].held) == (70, 0)


def test_room_that_is_given_back_is_used_and_the_sum_is_exact(shared: Table) -> None:
    budgets = [BudgetOfMonth(shared, workspace="ws_shared", process=process()) for _ in range(2)]
    paid: list[int] = []

    def work(number: int) -> None:
        budget = budgets[number % 2]
        for round_ in range(4):
            call = number * 4 + round_
            if budget.reserve(call, 30):
                _pays(budget, call, call % 5)
                paid.append(call % 5)

    in_threads(8, work)
    assert budgets[0].held == 0
    assert budgets[0].account.spent == sum(paid) <= 100


def _pays(budget: BudgetOfMonth, call: int, cost: int) -> None:
    assert budget.pay(call, cost)


def test_a_store_that_is_out_of_reach_is_told_to_everybody_who_waits(table: Table) -> None:
    class Unreachable:
        def get_many(self, _: object) -> list[None]:
            raise StoreUnavailable

    gone: Any = Unreachable()
    budget = BudgetOfMonth(gone)
    with pytest.raises(StoreUnavailable):
        budget.reserve(1, 10)
    assert BudgetOfMonth(table, process=budget.process).reserve(1, 10)
