"""`kill -9` at every kind of moment: nothing acknowledged is lost, nothing is done twice."""

import json
import multiprocessing
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.engine.crash_child import EXECUTIONS, NOTES, STEPS, Notes, Plan, run

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.engine.crash_child"])

MAX_KILLS = 8


def live(folder: Path, plan: Plan | None) -> bool:
    """Run a process on the data in the folder; whether it came to its end."""
    child = processes.Process(target=run, args=(str(folder), plan))
    child.start()
    child.join(30)
    assert child.exitcode in {0, -9}, child.exitcode
    return child.exitcode == 0


def check(folder: Path, kills: int) -> None:
    notes = Notes(folder / NOTES).read()
    acknowledged = {note["acknowledged"] for note in notes if "acknowledged" in note}
    recorded: list[str] = []
    for execution in EXECUTIONS:
        ends = [note for note in notes if "end" in note and note["execution"] == execution]
        assert {note["end"] for note in ends} == {"SUCCEEDED"}
        assert len({note["output"] for note in ends}) == 1
        calls = [n for n in notes if "call" in n and n["execution"] == execution]
        assert len(STEPS) <= len(calls) <= len(STEPS) + kills
        results = json.loads(ends[0]["output"])
        step_of = {call["call"]: call["step"] for call in calls}
        assert [step_of[call] for call in results] == [step for step in STEPS if step != "breaks"]
        recorded += results
    assert max(Counter(recorded).values()) == 1
    assert acknowledged <= set(recorded)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", [1, 3, 6])
def test_killed_again_and_again_every_execution_ends_as_it_would_have(
    tmp_path: Path, at: int, when: Any
) -> None:
    plan: Plan | None = Plan(at, when)
    kills = 0
    while not live(tmp_path, plan):
        kills += 1
        if kills == MAX_KILLS:  # by now no plan that lets anything be written strikes any more
            plan = None
    assert kills >= 1
    check(tmp_path, kills)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_start_that_was_killed_may_be_repeated(tmp_path: Path, when: Any) -> None:
    for at in range(1, 6):
        live(tmp_path, Plan(at, when, "MainThread"))
    assert live(tmp_path, None)
    check(tmp_path, 5)
