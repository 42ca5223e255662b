"""A cache and limits in a table that is out of reach, contended or damaged."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from promptpilot import keys
from promptpilot.adapters.outage import COOL_DOWN_SECONDS
from promptpilot.adapters.table.cache import TableCache
from promptpilot.adapters.table.rate_limiter import TableRateLimiter
from promptpilot.errors import ConditionFailed, StoreUnavailable
from promptpilot.ports.rate_limiter import Take
from promptpilot.ports.table import Create, Item, Key, Operation, Put, Table
from tests.contract.hand_clock import HandClock
from tests.contract.shared_stores import by_turns
from tests.fakes import MemoryTable

TAKE = Take("key", amount=1, capacity=2, per_second=0.001)


class FailingTable(MemoryTable):
    """Where `gone`, nothing can be done; where `contended`, somebody else always is faster."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = False
        self.contended = False
        self.answer_lost = False
        self.reads = 0

    def get(self, key: Key) -> Item | None:
        if self.gone:
            raise StoreUnavailable
        return super().get(key)

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        self.reads += 1
        return super().get_many(keys)

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        if self.gone:
            raise StoreUnavailable
        if self.contended:
            raise ConditionFailed(operation=0)
        super().write(operations, durable=durable)
        if self.answer_lost:  # the client makes the same write again
            super().write(operations, durable=durable)


@pytest.fixture
def table() -> FailingTable:
    return FailingTable()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records]


async def test_without_the_table_there_is_no_cache_and_no_error(
    table: FailingTable, caplog: pytest.LogCaptureFixture
) -> None:
    cache = TableCache(table, by_turns)
    await cache.put("key", b"value", 60)
    table.gone = True

    assert await cache.get("key") is None
    await cache.put("key", b"other", 60)
    assert await cache.add("key", b"other", 60) is True
    await cache.delete("key")
    assert cache.degraded
    table.gone = False
    assert await cache.get("key") == b"value"
    assert not cache.degraded
    begun, ended = told(caplog)
    assert begun.endswith("; nothing is cached")
    assert ended == "The table is back again"


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"zlib": "%%%"}', '{"zlib": "AAAA"}', "nonsense"]
)
async def test_a_value_that_cannot_be_read_is_not_there(table: FailingTable, body: str) -> None:
    cache = TableCache(table, by_turns)
    table.write([Put(Item(keys.cached("key"), "cached", body))])

    assert await cache.get("key") is None
    assert await cache.add("key", b"value", 60) is False
    await cache.put("key", b"value", 60)
    assert await cache.get("key") == b"value"


async def test_who_was_first_knows_it_although_the_answer_was_lost(table: FailingTable) -> None:
    table.answer_lost = True

    assert await TableCache(table, by_turns).add("key", b"value", 60) is True
    assert await TableCache(table, by_turns).add("key", b"value", 60) is False


async def test_a_process_that_is_never_first_limits_itself(table: FailingTable) -> None:
    limiter = TableRateLimiter(table, by_turns, pauses=(0, 0))
    table.contended = True

    assert [await limiter.take([TAKE], 0) for _ in range(2)] == [0, 0]
    assert table.reads == 6, "three tries each"
    assert await limiter.take([TAKE], 0) < 0
    await limiter.give_back(TAKE)


async def test_what_is_refused_is_refused_without_a_write(table: FailingTable) -> None:
    limiter = TableRateLimiter(table, by_turns)
    await limiter.take([replace(TAKE, amount=2)], 0)
    table.contended = True

    assert await limiter.take([TAKE], 0) == pytest.approx(-1000, rel=0.01)
    assert table.reads == 2


async def test_without_the_table_each_process_limits_itself(
    table: FailingTable, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = TableRateLimiter(table, by_turns)
    hands = [0.0]
    monkeypatch.setattr(limiter._outage, "_clock", lambda: hands[0])
    await limiter.take([replace(TAKE, amount=2)], 0)
    table.gone = True

    assert [await limiter.take([TAKE], 0) for _ in range(2)] == [0, 0]
    assert await limiter.take([TAKE], 0) < 0
    await limiter.give_back(TAKE)
    assert await limiter.take([TAKE], 0) == pytest.approx(0, abs=0.01)
    assert limiter.degraded
    assert table.reads == 2, "the table is left alone"

    table.gone = False
    hands[0] += COOL_DOWN_SECONDS
    assert await limiter.take([TAKE], 0) == pytest.approx(-1000, rel=0.01)
    assert not limiter.degraded
    assert len(told(caplog)) == 2


async def test_a_bucket_stays_no_longer_than_until_it_is_full(
    table: FailingTable, clock: HandClock
) -> None:
    limiter = TableRateLimiter(table, by_turns)
    await limiter.take([Take("key", amount=5, capacity=5, per_second=0.5)], 0)
    item = table.get(keys.bucket("key"))

    assert item is not None
    assert item.expires_at == clock.seconds + 10 + 1


async def test_a_bucket_may_take_for_ever_to_be_full(table: Table) -> None:
    limiter = TableRateLimiter(table, by_turns)
    endless = Take("key", amount=1, capacity=1, per_second=1e-300)

    assert await limiter.take([endless], 0) == 0
    assert await limiter.take([endless], 0) < -1e200


async def test_a_damaged_bucket_is_made_anew(table: FailingTable) -> None:
    table.write([Create(Item(keys.bucket("key"), "bucket", '"nonsense"'))])
    limiter = TableRateLimiter(table, by_turns)

    assert [await limiter.take([TAKE], 0) for _ in range(2)] == [0, 0]
    assert await limiter.take([TAKE], 0) < 0
