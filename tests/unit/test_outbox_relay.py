"""Events go from the outbox to the handlers of their rules, at least once, in order."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from embedded.database import Database
from embedded.event_bus import LocalEventBus
from embedded.housekeeping import Periodic, relay_outbox
from embedded.table import UNPUBLISHABLE, SqliteTable
from promptpilot.domain.event import MAX_EVENT_BYTES, Event, EventType
from promptpilot.domain.ids import new_id
from promptpilot.errors import StoreUnavailable, TooLarge
from promptpilot.ports.table import Create
from promptpilot.services.outbox import outbox
from promptpilot.services.outbox_relay import TOGETHER


@pytest.fixture
def table(tmp_path: Path) -> Iterator[SqliteTable]:
    database = Database(tmp_path / "x.db")
    yield SqliteTable(database)
    database.close()


def queued(subject: str) -> Event:
    return Event.of(
        EventType.EXECUTION_QUEUED, workspace=new_id("ws"), actor="system", subject=subject
    )


class Seen:
    """A handler that remembers the subjects it was told of, and can fail."""

    def __init__(self, failures: int = 0, fails_at: str = "") -> None:
        self.subjects: list[str] = []
        self._failures = failures
        self._fails_at = fails_at

    def __call__(self, event: Mapping[str, Any], _context: object) -> None:
        if self._failures:
            self._failures -= 1
            raise StoreUnavailable
        assert event["detail-type"] == "execution.queued"
        if event["detail"]["subject"] == self._fails_at:
            self._fails_at = ""
            raise StoreUnavailable
        self.subjects.append(event["detail"]["subject"])


def bus(handler: Seen) -> LocalEventBus:
    return LocalEventBus({EventType.EXECUTION_QUEUED: (handler,)})


def test_events_are_handed_on_once_and_in_order(table: SqliteTable) -> None:
    for subject in ("a", "b", "c"):
        table.write([outbox(queued(subject))])
    seen = Seen()
    assert relay_outbox(table, bus(seen)) == 3
    assert relay_outbox(table, bus(seen)) == 0
    assert seen.subjects == ["a", "b", "c"]


def test_an_event_whose_handler_fails_is_handed_on_again(table: SqliteTable) -> None:
    table.write([outbox(queued("a"))])
    seen = Seen(failures=1)
    assert relay_outbox(table, bus(seen)) == 0
    assert relay_outbox(table, bus(seen)) == 1
    assert seen.subjects == ["a"]


def test_events_published_before_the_bus_failed_are_not_published_again(
    table: SqliteTable,
) -> None:
    subjects = [f"subject-{number:02}" for number in range(TOGETHER + 1)]
    for subject in subjects:
        table.write([outbox(queued(subject))])
    seen = Seen(fails_at=subjects[-1])
    assert relay_outbox(table, bus(seen)) == TOGETHER
    assert relay_outbox(table, bus(seen)) == 1
    assert seen.subjects == subjects


def test_an_item_that_holds_no_event_is_kept_out_of_the_way_of_the_others(
    table: SqliteTable, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = outbox(queued("a")), outbox(queued("b")).item
    body = bad.body.replace("execution.queued", "from.the.future")
    table.write([Create(replace(bad, body=body))])
    table.write([good])
    seen = Seen()
    assert relay_outbox(table, bus(seen)) == 2
    assert seen.subjects == ["a"]
    assert table.pending_outbox(10) == ()
    kept = table.get(bad.key)
    assert kept is not None
    assert (kept.kind, kept.body) == (UNPUBLISHABLE, body)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "from.the.future" not in caplog.text


def test_an_event_is_refused_that_is_too_large_for_a_bus() -> None:
    event = queued("a").model_copy(update={"data": {"much": "x" * MAX_EVENT_BYTES}})
    with pytest.raises(TooLarge):
        outbox(event)


def test_an_event_without_a_rule_leaves_the_outbox(table: SqliteTable) -> None:
    table.write([outbox(queued("a"))])
    assert relay_outbox(table, LocalEventBus({})) == 1
    assert table.pending_outbox(10) == ()


def run_to_the_end(seconds: float, outcomes: list[bool | Exception]) -> int:
    """How often a job is called that has these outcomes and then ends it all."""
    left, calls = iter(outcomes), []

    def job() -> bool:
        outcome = next(left, None)
        calls.append(outcome)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is None:
            periodic._stop.set()
        return bool(outcome)

    periodic = Periodic("test", seconds, job)
    periodic.start()
    periodic._thread.join(10)
    assert not periodic._thread.is_alive()
    return len(calls)


def test_a_periodic_job_goes_on_at_once_while_there_is_more() -> None:
    assert run_to_the_end(3600, [True, True]) == 3


def test_a_periodic_job_goes_on_after_it_met_a_store_out_of_reach() -> None:
    assert run_to_the_end(0.01, [StoreUnavailable(), False]) == 3


def test_a_periodic_job_goes_on_after_a_mistake_and_tells_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert run_to_the_end(0.01, [KeyError("x"), False]) == 3
    assert [record.levelname for record in caplog.records] == ["ERROR"]
