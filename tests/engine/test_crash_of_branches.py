"""Branches and iterations, killed after every write of the journal: the end is always the same."""

import json
from itertools import count
from pathlib import Path

import pytest

from embedded.database import Database
from embedded.engine import engine as engines
from tests.engine.asl import machine, map_, parallel, pass_, task
from tests.engine.killed_engine import Records, live
from tests.engine.statuses import Detail

KEY = "{% $states.context.State.Name & $string($states.context.Map.Item.Index) %}"
ITEMS = 4


def step(name: str, following: str | None = None) -> Detail:
    return task(name, following, job={"key": KEY}, Output="{% $states.result.key %}")


EACH = map_(
    {"it": step("it", "then"), "then": step("then", "log"), "log": pass_(Assign={"own": 1})},
    Items=[f"{{% $string({n}) & $uuid() %}}" for n in range(ITEMS)],
    MaxConcurrency=2,
)
SIDE = {"side": step("side", "more"), "more": step("more")}
MACHINE = machine(
    {
        "begin": step("begin", "fan"),
        "fan": parallel(
            [{"each": EACH}, SIDE, {"p": pass_(Output="p")}],
            "end",
            Assign={"kept": "{% $states.result %}"},
        ),
        "end": task("end", job={"key": "end"}, Output="{% $kept %}"),
    }
)
OUTPUT = [[f"then{n}" for n in range(ITEMS)], "more", "p"]
STEPS = {"begin", "side", "more", "end", *(f"{s}{n}" for s in ("it", "then") for n in range(ITEMS))}


@pytest.fixture(autouse=True)
def nothing_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was killed waits for nothing."""
    monkeypatch.setattr(engines, "SETTLE_SECONDS", 0.3)


def check_history(path: Path) -> None:
    database = Database(path)
    rows = database.rows("SELECT last, events FROM engine_history ORDER BY last")
    database.close()
    events = [tuple(map(str, event)) for _, text in rows for event in json.loads(text)]
    assert rows[-1][0] == len(events)
    told = [(event[0], event[2], event[3]) for event in events]
    assert len(set(told)) == len(told) == 2 * (3 + 3 + 1 + ITEMS * 3)


def test_killed_at_every_write_it_ends_as_it_would_have(tmp_path: Path) -> None:
    for at in count(1):
        path, records = tmp_path / f"{at}.db", Records()
        outputs = live(path, MACHINE, records, at)
        survived = bool(outputs)
        outputs += live(path, MACHINE, records, None)
        assert outputs
        assert all(json.loads(output or "") == OUTPUT for output in outputs)
        assert set(records.results) == STEPS
        assert records.calls == len(STEPS)
        check_history(path)
        if survived:
            break
    assert at >= 6


def test_killed_again_and_again_it_ends_as_it_would_have(tmp_path: Path) -> None:
    path, records = tmp_path / "engine.db", Records()
    lives = 0
    while not (outputs := live(path, MACHINE, records, 1)):
        lives += 1
    assert json.loads(outputs[0] or "") == OUTPUT
    assert records.calls == len(STEPS)
    assert lives > 5
    check_history(path)
