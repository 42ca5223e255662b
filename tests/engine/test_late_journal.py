"""An engine whose worker answers a job again as before, so that it may journal later."""

import json
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from embedded.database import Database
from embedded.engine import journal
from promptpilot.domain.base import digest_of
from promptpilot.ports.orchestrator import Machine
from tests.engine.asl import machine, map_, pass_, task
from tests.engine.conftest import MakeEngine
from tests.engine.killed_engine import Records, live
from tests.engine.scripted_worker import ScriptedWorker, silence
from tests.engine.statuses import Statuses
from tests.engine.test_crash_of_branches import MACHINE, OUTPUT, STEPS


def beating(part: Any) -> Any:
    """The machine, or the part of its definition, with heartbeats in every Task: what has none may
    wait for days, and is journaled at once.
    """
    if isinstance(part, Machine):
        asl = beating(part.asl)
        return replace(part, asl=asl, digest=digest_of(asl))
    if isinstance(part, list):
        return [beating(each) for each in part]
    if not isinstance(part, dict):
        return part
    beats = {"HeartbeatSeconds": 60} if part.get("Type") == "Task" else {}
    return {**{name: beating(each) for name, each in part.items()}, **beats}


ENTERED_AT = "{% $states.context.State.EnteredTime %}"
CHAIN = beating(machine({"a": task("a", "b"), "b": task("b", "c"), "c": task("c")}))
TIMELY = beating(
    machine(
        {
            "a": task("a", "b"),
            "b": task("b", "c", job={"now": "{% $now() %}", "chance": "{% $uuid() %}"}),
            "c": pass_(),
        }
    )
)
TIMELY_ITEM = beating(
    machine(
        {
            "a": map_({"chance": pass_(Output="{% $uuid() %}")}, "b", Items=[1]),
            "b": task("b", "c"),
            "c": pass_(),
        }
    )
)
ENTERED = beating(
    machine({"a": task("a", "b"), "b": task("b", "c", job={"at": ENTERED_AT}), "c": pass_()})
)
BRANCHES = beating(MACHINE)


@pytest.mark.parametrize("seconds", [0.0, journal.LAZY_SECONDS])
def test_killed_at_every_write_it_ends_as_it_would_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(journal, "LAZY_SECONDS", seconds)
    for at in count(1):
        path, records = tmp_path / f"{at}.db", Records()
        outputs = live(path, BRANCHES, records, at, repeats_alike=True)
        survived = bool(outputs)
        outputs += live(path, BRANCHES, records, None, repeats_alike=True)
        assert all(json.loads(output or "") == OUTPUT for output in outputs)
        assert set(records.results) == STEPS
        assert records.calls == len(STEPS)
        if survived:
            break


def frames(database: Database) -> list[tuple[object, ...]]:
    return database.rows("SELECT state FROM engine_frame")


@pytest.mark.parametrize(
    ("which", "journaled_first"),
    [(CHAIN, False), (TIMELY, True), (TIMELY_ITEM, True), (ENTERED, True)],
    ids=["chain", "timely", "timely item", "entered"],
)
def test_only_a_job_that_time_or_chance_makes_is_sent_once_its_state_is_journaled(
    make_engine: MakeEngine,
    worker: ScriptedWorker,
    monkeypatch: pytest.MonkeyPatch,
    which: Machine,
    journaled_first: bool,
) -> None:
    monkeypatch.setattr(journal, "LAZY_SECONDS", 3_600.0)
    worker.script("b", silence)
    engine = make_engine(repeats_alike=True)
    engine.start_up()
    engine.start(which, "one", {})
    worker.wait_for_job("b")
    assert frames(engine.database) == ([("b",)] if journaled_first else [])


def test_what_is_not_journaled_yet_is_when_the_engine_is_shut_down(
    make_engine: MakeEngine,
    worker: ScriptedWorker,
    statuses: Statuses,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "LAZY_SECONDS", 3_600.0)
    monkeypatch.setattr("embedded.engine.engine.SETTLE_SECONDS", 0.1)
    worker.script("c", silence)
    engine = make_engine(repeats_alike=True)
    engine.start_up()
    engine.start(CHAIN, "one", {})
    worker.wait_for_job("c")
    engine.shut_down(0)
    assert frames(engine.database) == [("c",)]
    make_engine(repeats_alike=True).start_up()
    statuses.output_of("one")
    assert [len(worker.jobs_of(step)) for step in "abc"] == [1, 1, 2]
