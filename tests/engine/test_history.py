"""The history of an execution, for whoever watches it live."""

import threading
from typing import Any

import pytest

from embedded.engine import frame
from embedded.engine.engine import Engine
from embedded.engine.notes import MAX_KEPT
from promptpilot.clock import epoch_ms
from promptpilot.ports.orchestrator import HistoryEvent, Machine
from tests.engine.asl import machine, map_, parallel, pass_, task
from tests.engine.conftest import MakeEngine
from tests.engine.patience import until
from tests.engine.scripted_worker import ScriptedWorker, silence
from tests.engine.statuses import Statuses

CHAIN = machine({"a": task("a", "b"), "p": pass_("b"), "b": task("b")})


def history(engine: Engine, which: Machine = CHAIN, after: int = 0) -> list[HistoryEvent]:
    return list(engine.history(which, "one", after=after, limit=1000))


def told(events: list[HistoryEvent]) -> list[tuple[Any, ...]]:
    return [(each.type.removeprefix("state_"), each.state, *each.iteration) for each in events]


def test_a_chain_tells_what_its_states_did(engine: Engine, statuses: Statuses) -> None:
    engine.start(CHAIN, "one", {})
    statuses.end_of("one")
    events = history(engine)
    assert told(events) == [
        ("entered", "a"),
        ("exited", "a"),
        ("entered", "b"),
        ("exited", "b"),
    ]
    assert [each.id for each in events] == [1, 2, 3, 4]
    assert sorted(each.at for each in events) == [each.at for each in events]


def test_a_state_is_left_no_later_than_the_next_is_entered(
    engine: Engine, statuses: Statuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "epoch_ms", lambda: epoch_ms() + 60_000)
    engine.start(CHAIN, "one", {})
    statuses.end_of("one")
    times = [each.at for each in history(engine)]
    assert times == sorted(times)


def test_the_first_state_is_told_at_once_and_the_same_later(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", silence)
    engine.start(CHAIN, "one", {})
    job = worker.wait_for_job("a")
    first = history(engine)
    assert told(first) == [("entered", "a")]
    assert history(engine, after=1) == []
    engine.succeed_task(job["token"], {})
    statuses.end_of("one")
    assert history(engine)[:1] == first


def test_it_is_read_in_pages(engine: Engine, statuses: Statuses) -> None:
    engine.start(CHAIN, "one", {})
    statuses.end_of("one")
    events = history(engine)
    for limit in (1, 2, 3, 10):
        pages: list[HistoryEvent] = []
        while page := engine.history(CHAIN, "one", after=len(pages), limit=limit):
            assert len(page) <= limit
            pages += page
        assert pages == events
    assert engine.history(CHAIN, "one", after=0, limit=0) == []
    assert engine.history(CHAIN, "nobody", after=0, limit=10) == []


def test_a_failure_a_retry_and_a_catch_are_told(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", worker.fail("E"), worker.fail("E"))
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    catch = [{"ErrorEquals": ["E"], "Next": "f"}]
    states = {"a": task("a", Retry=retry, Catch=catch), "f": {"Type": "Fail", "Error": "Last"}}
    engine.start(machine(states), "one", {})
    statuses.end_of("one")
    events = history(engine)
    assert told(events) == [
        ("entered", "a"),
        ("failed", "a"),
        ("retried", "a"),
        ("failed", "a"),
        ("exited", "a"),
        ("entered", "f"),
        ("failed", "f"),
    ]
    assert [each.error for each in events if each.error] == ["E", "E", "Last"]


def test_iterations_are_told_apart_and_come_between_their_map(
    engine: Engine, statuses: Statuses
) -> None:
    inner = parallel([{"in": task("in")}, {"side": pass_()}])
    each = map_({"x": map_({"inner": inner}, Items=["a", "b"])}, Items=[1, 2])
    engine.start(machine({"each": each}), "one", {})
    statuses.end_of("one")
    found = told(history(engine))
    assert found[0] == ("entered", "each")
    assert found[-1] == ("exited", "each")
    iterations = [(outer, inner) for outer in (0, 1) for inner in (0, 1)]
    for state in ("in", "side", "inner"):
        for at in iterations:
            entered, exited = (
                found.index(("entered", state, *at)),
                found.index(("exited", state, *at)),
            )
            assert found.index(("entered", "x", at[0])) < entered < exited
            assert exited < found.index(("exited", "x", at[0]))
    assert len(found) == len(set(found)) == 2 * (1 + 2 + 4 * 3)


def test_children_that_failed_or_were_cancelled_are_told_once(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("slow", silence)
    branches = [{"slow": task("slow")}, {"bad": task("bad", Output="{% $no %}")}]
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "end"}]
    states = {"fan": parallel(branches, Catch=catch), "end": task("end")}
    engine.start(machine(states), "one", {})
    statuses.end_of("one")
    found = told(history(engine))
    assert sorted(found[1:3]) == [("entered", "bad"), ("entered", "slow")]
    assert found[3:] == [
        ("failed", "bad"),
        ("failed", "fan"),
        ("exited", "fan"),
        ("entered", "end"),
        ("exited", "end"),
    ]


def test_it_is_stable_over_a_restart_and_goes_on(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("it", worker.succeed(), silence)
    each = machine({"each": map_({"it": task("it")}, Items=[1, 2])})
    engine = make_engine()
    engine.start_up()
    engine.start(each, "one", {})
    worker.wait_for_job("it", 2)
    before = until(lambda: len(events := history(engine)) == 4 and events)
    engine.shut_down(0)
    engine = make_engine()
    engine.start_up()
    statuses.end_of("one")
    after = history(engine)
    assert after[:4] == before
    assert told(after[4:]) == [("exited", "it", 1), ("exited", "each")]
    assert [each.id for each in after] == list(range(1, 7))


def test_a_resumption_tells_which_states_run_anew(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("it", worker.succeed(), worker.fail("E"), worker.succeed())
    each = machine({"each": map_({"it": task("it")}, Items=[1, 2], MaxConcurrency=1)})
    engine.start(each, "one", {})
    statuses.end_of("one")
    before = history(engine)
    assert told(before[-2:]) == [("failed", "it", 1), ("failed", "each")]
    statuses.details.clear()
    engine.resume(each, "one", times=1)
    statuses.end_of("one")
    after = history(engine)
    assert after[: len(before)] == before
    assert told(after[len(before) :]) == [
        ("retried", "it", 1),
        ("exited", "it", 1),
        ("exited", "each"),
    ]


def test_so_many_events_are_kept_and_no_more(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("b", silence)
    engine.start(CHAIN, "one", {})
    worker.wait_for_job("b")
    until(lambda: len(history(engine)) == 3)
    engine.shut_down(0)
    renumber = "UPDATE engine_history SET last = ?"
    engine.database.write(lambda connection: connection.execute(renumber, (MAX_KEPT - 1,)))
    fresh = Engine(engine.database, worker=worker, on_status=statuses)
    worker.engine = fresh
    fresh.start_up()
    statuses.output_of("one")
    [(last,)] = fresh.database.rows("SELECT max(last) FROM engine_history")
    fresh.shut_down(0)
    assert last == MAX_KEPT


def test_news_come_once_for_each_commit_and_only_when_it_can_be_read(
    make_engine: MakeEngine, statuses: Statuses
) -> None:
    seen: list[tuple[str, int]] = []

    def look(name: str) -> None:
        seen.append((name, len(engine.history(CHAIN, name, after=0, limit=100))))

    engine = make_engine(on_progress=look)
    engine.start_up()
    engine.start(CHAIN, "one", {})
    statuses.end_of("one")
    assert seen == [("one", 3), ("one", 4)]


def test_whoever_does_not_take_news_holds_nothing_up(
    make_engine: MakeEngine, statuses: Statuses
) -> None:
    called = threading.Event()

    def refuse(name: str) -> None:
        called.set()
        raise ValueError(name)

    engine = make_engine(on_progress=refuse)
    engine.start_up()
    engine.start(CHAIN, "one", {})
    assert statuses.output_of("one") == {"output": "b"}
    assert called.is_set()


@pytest.mark.parametrize("kept", [True, False])
def test_it_is_kept_as_long_as_the_execution(
    make_engine: MakeEngine, statuses: Statuses, kept: bool
) -> None:
    engine = make_engine()
    engine.start_up()
    engine.start(CHAIN, "one", {})
    statuses.end_of("one")
    until(lambda: engine.database.rows("SELECT 1 FROM engine_execution WHERE NOT open"))
    engine.shut_down(0)
    days = 89 if kept else 91
    sql = "UPDATE engine_execution SET ended_ms = ended_ms - ?"
    engine.database.write(lambda c: c.execute(sql, (days * 24 * 3600 * 1000,)))
    engine = make_engine()
    engine.start_up()
    rows = engine.database.rows("SELECT count(*) FROM engine_history")
    assert (rows[0][0] > 0, len(history(engine)) > 0) == (kept, kept)
