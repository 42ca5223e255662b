"""The sums of a budget: what is spent, set aside, lapsed and told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptpilot.domain.budget_account import BudgetAccount

NOW = 100


def test_what_is_set_aside_takes_room_until_it_lapses() -> None:
    account = BudgetAccount(spent=40).holding(50, 110, NOW)
    assert account.has_room(10, 100, NOW)
    assert not account.has_room(11, 100, NOW)
    assert account.has_room(60, 100, 110)


def test_a_call_that_costs_nothing_has_room_in_a_budget_that_is_gone() -> None:
    assert BudgetAccount(spent=101).has_room(0, 100, NOW)


def test_what_has_lapsed_is_forgotten_and_giving_it_back_takes_nothing_from_others() -> None:
    account = BudgetAccount().holding(50, 101, NOW).holding(30, 150, NOW)
    later = account.holding(-50, 101, 120)
    assert dict(later.reserved) == {150: 30}


def test_each_percentage_is_told_once() -> None:
    account = BudgetAccount().paying(85, unknown=False)
    assert account.to_tell(100) == (50, 80)
    told = account.telling(100, (50, 80)).paying(10, unknown=False)
    assert told.to_tell(100) == ()
    assert told.paying(5, unknown=False).to_tell(100) == (100,)


def test_a_refused_call_tells_that_the_budget_is_exceeded_once() -> None:
    account = BudgetAccount(spent=99)
    assert account.telling(100, (50, 80)).to_tell(100, refused=True) == (100,)
    assert account.telling(100, (50, 80, 100)).to_tell(100, refused=True) == ()


def test_a_budget_of_another_size_is_told_anew() -> None:
    account = BudgetAccount(spent=100).telling(100, (50, 80, 100))
    assert account.to_tell(200) == (50,)


def test_an_account_reads_back_as_it_was_written() -> None:
    account = BudgetAccount(spent=3).holding(7, 120, NOW).paying(2, unknown=True).telling(9, (50,))
    assert BudgetAccount.model_validate_json(account.model_dump_json()) == account


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(101, 109))))
def test_calls_that_are_paid_no_more_than_was_set_aside_never_overspend(
    calls: list[tuple[int, int, int]],
) -> None:
    account, waiting = BudgetAccount(), []
    for amount, cost, lapses in calls:
        if account.has_room(amount, 100, NOW):
            account = account.holding(amount, lapses, NOW)
            waiting.append((amount, min(cost, amount), lapses))
        if len(waiting) > 2:
            held, paid, until = waiting.pop(0)
            account = account.holding(-held, until, NOW).paying(paid, unknown=False)
        assert account.spent + account.held(NOW) <= 100
    for held, paid, until in waiting:
        account = account.holding(-held, until, NOW).paying(paid, unknown=False)
    assert account.held(NOW) == 0
    assert account.spent <= 100


@pytest.mark.parametrize("spent", [0, 49])
def test_nothing_is_told_before_half_is_spent(spent: int) -> None:
    assert BudgetAccount(spent=spent).to_tell(100) == ()
