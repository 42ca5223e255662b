"""Every adapter, side by side with a model of the port, through whatever Hypothesis thinks of."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from promptpilot.ports.table import (
    Check,
    Create,
    Delete,
    Index,
    Item,
    Key,
    Operation,
    Position,
    Put,
    Replace,
    Table,
)
from tests.contract.hand_clock import HandClock
from tests.contract.items import refused_at
from tests.contract.stores import TABLES, Aws
from tests.contract.table_model import ModelTable

PARTITIONS = st.sampled_from(["p", "q"])
SORTS = st.sampled_from(["a", "ab", "b", "\u007f", "é", "\uffff", "\U00010000", "b\U0010ffff"])
KEYS = st.builds(Key, PARTITIONS, SORTS)
PLACES = st.none() | st.builds(Key, PARTITIONS, st.sampled_from(["a", "ab", "é"]))
REVISIONS = st.integers(1, 3)
EXPIRE_IN = st.none() | st.integers(-1, 3)
EXAMPLES = {"sqlite": 40, "dynamodb": 10}


@st.composite
def operations(draw: st.DrawFn, now: int) -> Operation:
    key = draw(KEYS)
    expire_in = draw(EXPIRE_IN)
    item = Item(
        key=key,
        kind=draw(st.sampled_from(["thing", "outbox"])),
        body=draw(st.sampled_from(["{}", '"ü"', ""])),
        revision=draw(REVISIONS),
        gsi1=draw(PLACES),
        gsi2=draw(PLACES),
        expires_at=None if expire_in is None else now + expire_in,
    )
    return draw(
        st.sampled_from([Create(item), Replace(item), Put(item)])
        | st.builds(Delete, st.just(key), st.none() | REVISIONS)
        | st.builds(Check, st.just(key), st.none() | REVISIONS)
    )


def _key(operation: Operation) -> Key:
    return operation.key if isinstance(operation, Delete | Check) else operation.item.key


class Comparison(RuleBasedStateMachine):
    """The same calls to an adapter and to the model; every answer has to be the same."""

    def __init__(
        self, opened: Callable[[], AbstractContextManager[Table]], clock: HandClock
    ) -> None:
        super().__init__()
        self._opened = opened()
        self._table = self._opened.__enter__()
        self._model = ModelTable()
        self._clock = clock

    def teardown(self) -> None:
        self._opened.__exit__(None, None, None)

    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        each = operations(self._clock.seconds)
        transaction = data.draw(st.lists(each, min_size=1, max_size=5, unique_by=_key))
        refused = [refused_at(table, transaction) for table in (self._table, self._model)]
        assert refused[0] == refused[1]

    @rule(keys=st.lists(KEYS, max_size=4))
    def get(self, keys: list[Key]) -> None:
        expected = self._model.get_many(keys)
        assert self._table.get_many(keys) == expected
        assert [self._table.get(key) for key in keys] == expected

    @rule(
        partition=PARTITIONS,
        index=st.sampled_from(Index),
        prefix=st.sampled_from(["", "a", "b", "\u007f", "é", "\U00010000"]),
        limit=st.integers(1, 5),
        descending=st.booleans(),
    )
    def page_through(
        self, partition: str, index: Index, prefix: str, limit: int, descending: bool
    ) -> None:
        after: Position | None = None
        while True:
            pages = [
                table.query(
                    partition,
                    index=index,
                    prefix=prefix,
                    limit=limit,
                    after=after,
                    descending=descending,
                )
                for table in (self._table, self._model)
            ]
            assert pages[0] == pages[1]
            after = pages[0].next
            if after is None:
                break

    @rule(seconds=st.integers(1, 2))
    def let_time_pass(self, seconds: int) -> None:
        self._clock.seconds += seconds


@pytest.mark.parametrize("adapter", sorted(TABLES))
def test_an_adapter_answers_as_the_model_of_the_port_does(
    adapter: str, aws: Aws, tmp_path: Path, clock: HandClock
) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Comparison(lambda: TABLES[adapter](aws, tmp_path), clock),
        settings=settings(
            max_examples=EXAMPLES[adapter],
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
