"""When what was written is on the disk, and who waits for it."""

import asyncio
import math
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import wal_flush
from embedded.database import Database
from embedded.in_turn import InTurn
from promptpilot.errors import StoreUnavailable
from tests.engine.patience import until
from tests.unit.notebook import adding, notebook, notes


class Disk:
    """Counts flushes, and can hold them up or fail them."""

    def __init__(self) -> None:
        self.flushes = 0
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        self.open.set()
        self.broken = False
        self.good = math.inf

    def flush(self, file: int) -> None:
        self.begun.release()
        assert self.open.wait(30)
        if self.broken or self.flushes >= self.good:
            raise OSError("I/O error")
        os.fsync(file)
        self.flushes += 1


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(wal_flush, "_flush", disk.flush)
    return disk


@pytest.fixture
def database(tmp_path: Path, disk: Disk) -> Iterator[Database]:
    with notebook(tmp_path / "data.db") as database:
        disk.flushes, disk.begun = 0, threading.Semaphore(0)
        yield database
        disk.open.set()


def started(*calls: object) -> list[threading.Thread]:
    threads = [threading.Thread(target=call, daemon=True) for call in calls]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    return threads


def finish(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_a_durable_write_is_flushed_and_another_is_not(database: Database, disk: Disk) -> None:
    database.write(adding("a"), durable=False)
    assert disk.flushes == 0
    database.write(adding("b"))
    assert disk.flushes == 1


def test_a_flush_keeps_nobody_from_reading_and_writing(database: Database, disk: Disk) -> None:
    disk.open.clear()
    threads = started(lambda: database.write(adding("durable")))
    assert disk.begun.acquire(timeout=30)
    database.write(adding("other"), durable=False)
    assert notes(database) == ["durable", "other"]
    disk.open.set()
    finish(threads)


def test_those_who_come_during_a_flush_share_the_next(database: Database, disk: Disk) -> None:
    disk.open.clear()
    threads = started(lambda: database.write(adding("first")))
    assert disk.begun.acquire(timeout=30)
    threads += started(*(lambda n=n: database.write(adding(f"{n}")) for n in range(8)))
    until(lambda: len(notes(database)) == 9)  # committed, and so waiting or about to wait
    disk.open.set()
    finish(threads)
    assert 2 <= disk.flushes < 9


def test_nobody_is_told_of_what_is_not_on_the_disk(database: Database, disk: Disk) -> None:
    told = threading.Event()

    def reader() -> None:
        seen = notes(database)
        database.settle()
        assert seen == ["new"]
        told.set()

    disk.open.clear()
    threads = started(lambda: database.write(adding("new")))
    assert disk.begun.acquire(timeout=30)
    threads += started(reader)
    assert not told.wait(0.05)
    disk.open.set()
    finish(threads)
    assert told.is_set()


def test_settling_costs_no_flush_where_all_is_on_the_disk(database: Database, disk: Disk) -> None:
    database.write(adding("a"))
    database.write(adding("b"), durable=False)
    with pytest.raises(LookupError):
        database.write(failing)
    database.settle()
    assert disk.flushes == 1


def failing(_: object) -> None:
    raise LookupError


def test_after_a_flush_that_failed_nothing_is_written(database: Database, disk: Disk) -> None:
    """The next flush may well succeed without having written what this one has not."""
    disk.broken = True
    with pytest.raises(StoreUnavailable):
        database.write(adding("lost"))
    disk.broken = False
    for durable in (True, False):
        with pytest.raises(StoreUnavailable):
            database.write(adding("late"), durable=durable)
    assert "late" not in notes(database)


def test_all_who_share_a_flush_hear_that_it_failed(database: Database, disk: Disk) -> None:
    refused: list[str] = []

    def write(text: str) -> None:
        try:
            database.write(adding(text))
        except StoreUnavailable:
            refused.append(text)

    disk.open.clear()
    disk.good = 1
    threads = started(lambda: write("kept"))
    assert disk.begun.acquire(timeout=30)
    threads += started(*(lambda n=n: write(f"{n}") for n in range(8)))
    while len(notes(database)) < 9:  # committed, and so waiting or about to wait
        pass
    disk.open.set()
    finish(threads)
    assert sorted(refused) == [f"{n}" for n in range(8)]


def promising(database: Database, text: str) -> None:
    database.promise(adding(text))


async def test_a_call_in_turn_is_durable_when_it_returns(database: Database, disk: Disk) -> None:
    await InTurn(database)(promising, database, "a")
    assert disk.flushes == 1
    assert notes(database) == ["a"]


async def test_calls_of_one_turn_share_a_flush(database: Database, disk: Disk) -> None:
    in_turn = InTurn(database)
    await asyncio.gather(*(in_turn(promising, database, f"{n}") for n in range(20)))
    assert disk.flushes == 1
    assert len(notes(database)) == 20


async def test_the_loop_goes_on_while_several_are_flushed(database: Database, disk: Disk) -> None:
    in_turn = InTurn(database)
    disk.open.clear()
    first = asyncio.gather(*(in_turn(promising, database, text) for text in "ab"))
    assert await asyncio.to_thread(disk.begun.acquire, timeout=30)
    second = asyncio.gather(*(in_turn(promising, database, text) for text in "cd"))
    await asyncio.sleep(0)
    assert not first.done()
    disk.open.set()
    await asyncio.wait_for(asyncio.gather(first, second), 30)
    assert disk.flushes == 2


async def test_a_call_that_writes_nothing_flushes_nothing(database: Database, disk: Disk) -> None:
    assert await InTurn(database)(lambda: 7) == 7
    assert disk.flushes == 0


async def test_a_call_that_fails_after_its_write_leaves_nothing_owed(
    database: Database, disk: Disk
) -> None:
    def call() -> None:
        promising(database, "a")
        raise LookupError

    with pytest.raises(LookupError):
        await InTurn(database)(call)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert disk.flushes == 1
    database.settle()
    assert disk.flushes == 1


async def test_every_caller_of_a_turn_hears_that_the_disk_failed(
    database: Database, disk: Disk
) -> None:
    in_turn = InTurn(database)
    disk.broken = True
    calls = (in_turn(promising, database, f"{n}") for n in range(3))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in outcomes] == [StoreUnavailable] * 3


async def test_a_caller_that_is_cancelled_takes_nobody_along(
    database: Database, disk: Disk
) -> None:
    in_turn = InTurn(database)
    one = asyncio.create_task(in_turn(promising, database, "a"))
    other = asyncio.create_task(in_turn(promising, database, "b"))
    await asyncio.sleep(0)
    one.cancel()
    await asyncio.wait_for(other, 30)
    with pytest.raises(asyncio.CancelledError):
        await one
    assert notes(database) == ["a", "b"]
