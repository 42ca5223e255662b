"""Writers that race for one item."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.table import SqliteTable
from promptpilot.adapters.aws.table import DynamoTable
from promptpilot.ports.table import Create, Delete, Key, Operation, Put, Replace, Table
from tests.contract.items import item, refused_at
from tests.contract.stores import Aws, new_dynamodb_table, sqlite_table
from tests.contract.threads import in_threads

THREADS = 16


class OneRequestAtATime:
    """A client whose requests are made one after the other, in any order.

    moto looks at a condition and writes in two steps, with no lock around them, and takes a
    transaction back by putting a copy of the whole table in its place: two threads in it at once
    both win a race, and lose what a third has written. DynamoDB serializes requests on one item.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def request(**parameters: Any) -> Any:
            with self._lock:
                return getattr(self._client, name)(**parameters)

        return request


@pytest.fixture(params=["sqlite", "dynamodb"])
def racing_table(request: pytest.FixtureRequest, aws: Aws, tmp_path: Path) -> Iterator[Table]:
    if request.param == "sqlite":
        with sqlite_table(aws, tmp_path) as table:
            yield table
    else:
        client: Any = OneRequestAtATime(aws.dynamodb)
        yield DynamoTable(client, new_dynamodb_table(aws.dynamodb))


@pytest.mark.parametrize("alone", [True, False])
def test_exactly_one_of_many_writers_of_one_revision_wins_every_round(
    racing_table: Table, alone: bool
) -> None:
    rounds = 50 if isinstance(racing_table, SqliteTable) else 5
    racing_table.write([Create(item("hot"))])
    winners: list[list[int]] = [[] for _ in range(rounds)]
    done = threading.Barrier(THREADS)

    def race(number: int) -> None:
        for turn in range(rounds):
            seen = racing_table.get(Key("p", "hot"))
            assert seen is not None
            assert seen.revision == turn + 1
            done.wait(30)
            operations: list[Operation] = [Replace(seen.next(f'"{number}"'))]
            if not alone:
                operations.append(Put(item(f"trace-{turn}-{number}")))
            position = refused_at(racing_table, operations)
            assert position in {None, 0}
            if position is None:
                winners[turn].append(number)
            done.wait(30)

    in_threads(THREADS, race)
    assert [len(winner) for winner in winners] == [1] * rounds
    last = racing_table.get(Key("p", "hot"))
    assert last is not None
    assert (last.revision, last.body) == (rounds + 1, f'"{winners[-1][0]}"')
    traces = [each.key.sort for each in racing_table.query("p", prefix="trace-").items]
    expected = [f"trace-{turn}-{winner[0]}" for turn, winner in enumerate(winners)]
    assert traces == ([] if alone else sorted(expected))


def test_no_count_is_lost_when_every_writer_tries_again(racing_table: Table) -> None:
    racing_table.write([Create(item("count", body="0"))])
    each_counts = 5

    def count(number: int) -> None:
        for _ in range(each_counts):
            while (seen := racing_table.get(Key("p", "count"))) is not None:
                following = seen.next(str(int(seen.body) + 1))
                if refused_at(racing_table, [Replace(following)]) is None:
                    break

    in_threads(8, count)
    total = racing_table.get(Key("p", "count"))
    assert total is not None
    assert (int(total.body), total.revision) == (8 * each_counts, 8 * each_counts + 1)


def test_one_of_many_creators_wins(racing_table: Table) -> None:
    created: list[int] = []

    def try_to_create(number: int) -> None:
        if refused_at(racing_table, [Create(item(body=f"{number}"))]) is None:
            created.append(number)

    in_threads(THREADS, try_to_create)
    assert len(created) == 1
    stored = racing_table.get(Key("p", "s"))
    assert stored is not None
    assert stored.body == f"{created[0]}"


def test_a_token_that_many_move_between_two_items_is_always_in_one_of_them(
    racing_table: Table,
) -> None:
    places = [Key("p", "left"), Key("q", "right")]
    racing_table.write([Create(item("left"))])

    def move(_: int) -> None:
        for turn in range(10):
            here, there = places[turn % 2], places[(turn + 1) % 2]
            token = item(there.sort, there.partition)
            position = refused_at(racing_table, [Delete(here, revision=1), Create(token)])
            assert position in {None, 0}  # where `here` is empty, `there` may be full: never both

    in_threads(4, move)
    found = [item for item in racing_table.get_many(places) if item is not None]
    assert len(found) == 1
