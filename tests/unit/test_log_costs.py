"""What a step's log says of money, through all of its tries."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptpilot.clock import now
from promptpilot.domain.cost_row import Asker, Spent
from promptpilot.domain.execution import Execution, ExecutionLog, LogStatus
from promptpilot.domain.ids import new_id
from promptpilot.domain.log_costs import (
    MOST_CALLS,
    before_next_try,
    costed,
    own_costs,
    used,
    whole_cost,
)
from promptpilot.domain.model import Usage
from promptpilot.domain.model_call import ModelCall
from promptpilot.services.executions.child_executions import cost_with_child

ONE, TWO = (new_id("execution") for _ in range(2))


def log(**fields: Any) -> ExecutionLog:
    return ExecutionLog(
        id="log_x_1", workspace=WORKSPACE, step="s", path="s", started_at=now(), **fields
    )


WORKSPACE = new_id("ws")


def next_try(before: ExecutionLog, **fields: Any) -> ExecutionLog:
    """The log of the try after `before`, as it begins or with what came of it."""
    return log(kind=before.kind, **{**before_next_try(before), **fields})


def call(cost: int | None, model: str = "fake/echo", **fields: Any) -> ModelCall:
    usage = Usage(output_tokens=cost or 1)
    return ModelCall(model=model, usage=usage, cost_micro_usd=cost, latency_ms=1.0, **fields)


def child(cost: int | None, id: str = ONE) -> Execution:
    return Execution(
        id=id,
        workspace=WORKSPACE,
        workflow_id=new_id("workflow"),
        version="1.0.0",
        created_by=new_id("user"),
        created_at=now(),
        cost_micro_usd=cost,
    )


def ran(before: ExecutionLog | None, ended: Execution) -> ExecutionLog:
    """The log of a workflow step that has run that execution, badly."""
    begun = log(kind="workflow") if before is None else next_try(before)
    return begun.model_copy(
        update={
            "child": ended.id,
            "usage": Usage(),
            "cost_micro_usd": cost_with_child(begun, ended),
            "status": LogStatus.FAILED,
        }
    )


def test_a_single_call_is_what_the_log_says() -> None:
    done = log(status=LogStatus.SUCCEEDED, model="fake/echo", cost_micro_usd=7)
    assert own_costs(done) == {Asker("fake/echo", None): Spent(7)}


@pytest.mark.parametrize(
    ("fields", "unknown"),
    [
        ({"status": LogStatus.SUCCEEDED}, 1),
        ({"status": LogStatus.FAILED}, 0),
        ({"status": LogStatus.FAILED, "usage": Usage(output_tokens=1)}, 1),
        ({"status": LogStatus.SUCCEEDED, "cached": True}, 0),
        ({"status": LogStatus.RUNNING}, 0),
    ],
)
def test_a_cost_is_unknown_where_there_was_an_answer(fields: Any, unknown: int) -> None:
    assert whole_cost(log(model="fake/echo", **fields)) == Spent(0, unknown)


def test_a_step_that_calls_no_model_costs_nothing() -> None:
    assert whole_cost(log(kind="action", status=LogStatus.SUCCEEDED, cost_micro_usd=0)) == Spent()


def test_calls_count_for_the_models_that_were_called() -> None:
    calls = (call(5), call(None, "fake/spare"), call(2, "fake/spare", purpose="repair"))
    done = log(status=LogStatus.SUCCEEDED, model="fake/spare", calls=calls)
    assert own_costs(done) == {
        Asker("fake/echo", None): Spent(5),
        Asker("fake/spare", None): Spent(2, 1),
    }


def test_the_next_try_begins_with_what_was_paid_and_shows_it_even_if_it_calls_nobody() -> None:
    tried = log(status=LogStatus.FAILED, model="fake/echo", usage=Usage(), cost_micro_usd=7)
    again = next_try(tried, status=LogStatus.FAILED)
    assert again.cost_micro_usd is None
    assert costed(again).cost_micro_usd == 7
    assert whole_cost(again) == whole_cost(costed(again)) == Spent(7)


def test_a_try_that_nobody_answered_leaves_nothing() -> None:
    tried = log(status=LogStatus.FAILED, model="fake/echo")
    assert before_next_try(tried) == {}


def test_an_answer_of_before_used_nothing_but_what_earlier_tries_did() -> None:
    kept = log(status=LogStatus.SUCCEEDED, cached=True, usage=Usage(output_tokens=90))
    assert used(kept) == Usage()
    assert used(kept.model_copy(update={"calls": (call(3),)})) == Usage(output_tokens=3)


@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=1, max_size=3 * MOST_CALLS))
def test_however_many_calls_there_were_their_sums_are_kept(costs: list[int | None]) -> None:
    models = ("fake/echo", "fake/spare")
    calls = tuple(call(cost, models[place % 2]) for place, cost in enumerate(costs))
    tried = log(status=LogStatus.FAILED, model="fake/echo", calls=calls)
    again = next_try(tried)
    assert len(again.calls) <= MOST_CALLS
    known = {asker: spent.cost_micro_usd for asker, spent in own_costs(tried).items()}
    kept = {asker: spent.cost_micro_usd for asker, spent in own_costs(again).items()}
    assert kept == known
    assert (whole_cost(again).unknown_calls > 0) == (None in costs)
    assert used(again) == used(tried)


def test_each_execution_that_a_step_has_run_counts() -> None:
    first = ran(None, child(5, ONE))
    second = ran(first, child(20, TWO))
    assert second.cost_micro_usd == 25
    assert own_costs(second) == {}
    assert whole_cost(next_try(second)) == Spent(25)


def test_an_execution_that_goes_on_counts_once_with_all_it_has_cost() -> None:
    first = ran(None, child(5))
    assert ran(first, child(12)).cost_micro_usd == 12
    third = ran(ran(first, child(20, TWO)), child(12))
    assert third.cost_micro_usd == 32


@pytest.mark.parametrize("costs", [(None, 5), (5, None), (None, None)])
def test_what_is_unknown_of_one_is_unknown_of_all(costs: tuple[int | None, int | None]) -> None:
    done = ran(ran(None, child(costs[0], ONE)), child(costs[1], TWO))
    assert done.cost_micro_usd is None
    assert whole_cost(done).unknown_calls > 0
