"""Whatever befalls the process at any write, every execution ends as if nothing had happened.

A workflow with every kind of step runs in a process that is killed, told to stop, finds the disk
full, or has its clock set, at one of its writes; where it has ended, another goes on in its place.
`make test` does so at some of the writes, `make crash-test` at every one.
"""

import json
import multiprocessing
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from embedded.platform import DATABASE
from tests.embedded.crash_life import STORY, Blow, Place, live, prepare
from tests.embedded.crash_servers import CrashServers

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.embedded.crash_life"])

LIFE_SECONDS = 60
KILLED = -9
MOST_WRITES = 120
"""A run has fewer, or the test of every write does not see them all."""
SOME = 10
UNSURE = 8
"""How many writes more or less a run may have than another."""


@dataclass(frozen=True)
class World:
    """A folder with a user and a workflow, and what comes of an execution that nothing befalls."""

    folder: Path
    servers: CrashServers
    story: dict[str, Any]
    calls: Counter[str]


def run(target: Callable[..., None], *args: Any) -> int:
    """Run a process to its end; its exit code."""
    child = processes.Process(target=target, args=args)
    child.start()
    child.join(LIFE_SECONDS)
    if child.exitcode is None:
        child.kill()
        child.join()
        pytest.fail("the process did not come to its end")
    return child.exitcode


def read_story(folder: Path) -> dict[str, Any]:
    story: dict[str, Any] = json.loads((folder / STORY).read_text())
    return story


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with CrashServers() as servers:
        first = Place(str(folder), servers.host, "undisturbed")
        assert run(prepare, first) == 0
        undisturbed = tmp_path_factory.mktemp("undisturbed") / "data"
        shutil.copytree(folder, undisturbed)
        assert run(live, Place(str(undisturbed), servers.host, first.run), None) == 0
        story = read_story(undisturbed)
        assert story["writes"] <= MOST_WRITES
        yield World(folder, servers, story, servers.calls[first.run])


def live_through(world: World, folder: Path, *blows: Blow) -> list[int]:
    """Let the blows strike one life each, then live on to the end; the exit codes."""
    shutil.copytree(world.folder, folder)
    place = Place(str(folder), world.servers.host, folder.parent.name)
    codes = [run(live, place, blow) for blow in blows]
    if codes[-1] == KILLED or not (folder / STORY).exists():
        codes.append(run(live, place, None))
    assert codes[-1] == 0, (folder / "life.log").read_text()[-3000:]
    return codes


def check(world: World, folder: Path, *, more_calls: int) -> None:
    """All ended as it does undisturbed, and at most so many calls were made again."""
    story = read_story(folder)
    assert story["executions"] == world.story["executions"]
    calls = world.servers.calls[folder.parent.name]
    assert calls.keys() == world.calls.keys()
    assert world.calls.total() <= calls.total() <= world.calls.total() + more_calls
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("part", range(SOME))
def test_a_process_killed_at_some_write_loses_and_repeats_nothing(
    world: World, tmp_path: Path, part: int, when: Any
) -> None:
    at = 1 + part * world.story["writes"] // SOME
    folder = tmp_path / "data"
    codes = live_through(world, folder, Blow("killed", at, when))
    assert KILLED in codes or at > world.story["writes"] - UNSURE
    check(world, folder, more_calls=codes.count(KILLED))


@pytest.mark.every_write
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, MOST_WRITES + 1))
def test_a_process_killed_at_any_write_loses_and_repeats_nothing(
    world: World, tmp_path: Path, at: int, when: Any
) -> None:
    if at > world.story["writes"]:
        pytest.skip("a run has fewer writes")
    folder = tmp_path / "data"
    codes = live_through(world, folder, Blow("killed", at, when))
    assert KILLED in codes or at > world.story["writes"] - UNSURE
    check(world, folder, more_calls=codes.count(KILLED))


def test_a_process_killed_again_and_again_gets_to_the_end(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    blows = [Blow("killed", 12, "after")] * 6
    codes = live_through(world, folder, *blows)
    assert codes.count(KILLED) >= 2
    check(world, folder, more_calls=codes.count(KILLED))


@pytest.mark.parametrize("part", range(3))
def test_a_process_told_to_stop_repeats_nothing(world: World, tmp_path: Path, part: int) -> None:
    folder = tmp_path / "data"
    at = 25 + part * world.story["writes"] // 5
    assert live_through(world, folder, Blow("told to stop", at)) == [0, 0]
    check(world, folder, more_calls=0)


@pytest.mark.parametrize("part", range(3))
def test_a_full_disk_is_waited_out(world: World, tmp_path: Path, part: int) -> None:
    folder = tmp_path / "data"
    at = 25 + part * world.story["writes"] // 5
    assert live_through(world, folder, Blow("disk full", at)) == [0]
    assert read_story(folder)["refused"] > 0
    check(world, folder, more_calls=1)


@pytest.mark.parametrize("what", ["clock set on", "clock set back"])
def test_a_clock_that_jumps_changes_nothing(world: World, tmp_path: Path, what: Any) -> None:
    folder = tmp_path / "data"
    codes = live_through(world, folder, Blow(what, world.story["writes"] // 2))
    assert codes == [0]
    check(world, folder, more_calls=0)
