"""How long models take: measured by the worker, kept by the day, told with the catalogue."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from promptpilot import keys
from promptpilot.domain.latency import BUCKETS, Histogram, Latency, bucket_of, summed
from promptpilot.domain.model_call import ModelCall
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.table import Item, Operation, Replace
from promptpilot.services.latencies import kept
from promptpilot.services.latencies.gathered import KEPT_EVERY_SECONDS, Gathered
from promptpilot.services.latencies.kept import keep, latencies
from tests.fakes import MemoryTable

WS = "ws_1"
MODEL = "vendor/model"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def call(milliseconds: float = 100.0, model: str = MODEL, error: str | None = None) -> ModelCall:
    return ModelCall(model=model, latency_ms=milliseconds, error=error)


def histogram(*milliseconds: float) -> Histogram:
    counts: dict[int, int] = {}
    for each in milliseconds:
        counts[bucket_of(each)] = counts.get(bucket_of(each), 0) + 1
    return Histogram(counts=counts)


class TestHistograms:
    def test_a_percentile_is_right_to_within_a_tenth(self) -> None:
        chance = random.Random(7)
        for _ in range(50):
            spread = chance.uniform(0.1, 1.5)
            took = sorted(chance.lognormvariate(7, spread) for _ in range(chance.randint(1, 400)))
            took = [max(each, 10.1) for each in took]
            found = histogram(*took)
            for share in (0.5, 0.95):
                exact = took[max(0, -int(-share * len(took) // 1) - 1)]
                assert found.quantile(share) == pytest.approx(exact, rel=0.1)

    def test_buckets_cover_all_that_a_call_may_take(self) -> None:
        assert [bucket_of(each) for each in (0.0, 0.1, 10.0)] == [0, 0, 0]
        assert bucket_of(10.1) == 1
        assert bucket_of(14 * 60_000) <= BUCKETS - 1
        assert bucket_of(1e12) == BUCKETS - 1
        assert histogram(14 * 60_000).quantile(0.5) == pytest.approx(14 * 60_000, rel=0.1)

    def test_parts_add_up_in_any_order(self) -> None:
        took = [3.0, 50.0, 51.0, 4_000.0]
        parts = [histogram(each) for each in took]
        assert summed(parts) == summed(reversed(parts)) == histogram(*took)
        assert summed([]).total == 0

    def test_of_nothing_there_is_no_percentile(self) -> None:
        with pytest.raises(ValueError, match="measured"):
            Histogram().quantile(0.5)


class TestGathering:
    def test_the_first_measurement_is_kept_at_once_and_others_wait(self) -> None:
        clock = Clock()
        gathered = Gathered(clock)
        assert gathered.add(WS, [call()]) == {MODEL: histogram(100.0)}
        clock.now += KEPT_EVERY_SECONDS - 1
        assert gathered.add(WS, [call(200.0), call(300.0)]) is None
        assert gathered.add("ws_2", [call()]) is not None
        clock.now += 1
        both = gathered.add(WS, [call(400.0, "vendor/other")])
        assert both == {MODEL: histogram(200.0, 300.0), "vendor/other": histogram(400.0)}
        assert gathered.add(WS, []) is None

    def test_a_call_that_failed_is_not_measured(self) -> None:
        gathered = Gathered(Clock())
        assert gathered.add(WS, [call(error="ModelTimeout")]) is None
        assert gathered.add(WS, [call(error="ModelTimeout"), call(5.0)]) == {MODEL: histogram(5.0)}


class TestKeeping:
    def test_what_was_measured_is_told_by_model(self) -> None:
        table = MemoryTable()
        keep(WS, {MODEL: histogram(*[100.0] * 19)}, table=table)
        keep(WS, {MODEL: histogram(5_000.0), "local/a/b": histogram(7.0)}, table=table)
        told = latencies(WS, table=table)
        assert told[MODEL] == Latency(
            p50_ms=histogram(100.0).quantile(0.5),
            p95_ms=histogram(100.0).quantile(0.5),
            calls=20,
            days=7,
        )
        assert told["local/a/b"].calls == 1
        assert latencies("ws_2", table=table) == {}

    def test_seven_days_are_told_and_then_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        table, first = MemoryTable(), datetime(2100, 11, 1, 23, tzinfo=UTC)
        for day in range(7):
            monkeypatch.setattr(kept, "now", lambda day=day: first + timedelta(days=day))
            keep(WS, {MODEL: histogram(100.0)}, table=table)
        assert latencies(WS, table=table)[MODEL].calls == 7
        monkeypatch.setattr(kept, "now", lambda: first + timedelta(days=7))
        assert latencies(WS, table=table)[MODEL].calls == 6
        item = table.get(keys.latency(WS, "2100-11-01", MODEL))
        assert item is not None
        assert item.expires_at == (first + timedelta(days=8)).timestamp()

    def test_two_that_keep_at_once_lose_nothing(self) -> None:
        table = Overtaken()
        keep(WS, {MODEL: histogram(100.0)}, table=table)
        table.others = 2
        keep(WS, {MODEL: histogram(200.0)}, table=table)
        assert latencies(WS, table=table)[MODEL].calls == 4

    def test_a_store_that_cannot_be_written_fails_nobody(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        keep(WS, {MODEL: histogram(100.0)}, table=Full())
        assert "latencies are lost" in caplog.text


class Overtaken(MemoryTable):
    """A table to which others write first, so many times."""

    others = 0

    def write(self, operations: list[Operation], *, durable: bool = True) -> None:  # type: ignore[override]
        if self.others:
            self.others -= 1
            [change] = operations
            assert isinstance(change, Replace)
            before = self.get(change.item.key)
            assert before is not None
            more = summed([Histogram.model_validate_json(before.body), histogram(1.0)])
            super().write([Replace(before.next(more.model_dump_json()))])
        super().write(operations, durable=durable)


class Full(MemoryTable):
    def get(self, key: object) -> Item | None:
        raise StoreUnavailable
