"""The worker on a batch of the step queue: each job for itself, within the time there is."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from functions.step_worker import handler as worker
from functions.step_worker.handler import RESERVE_SECONDS, handle, handler
from promptpilot.clock import epoch_ms
from promptpilot.domain.execution import LogStatus
from promptpilot.errors import StoreUnavailable
from tests.fakes import ScriptedModel
from tests.handlers.queued_work import Work, batch, body_of, failed_in, installed, message


class TimeLeft:
    """The context of an invocation that may still run so many seconds beyond the reserve."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds + RESERVE_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


MINUTES = TimeLeft(600)
NONE = TimeLeft(0)


@pytest.fixture
def slow() -> ScriptedModel:
    """A model that answers once its gate is open."""
    return ScriptedModel(["late"], gate=asyncio.Event())


@pytest.fixture
def work(slow: ScriptedModel) -> Iterator[Work]:
    with installed(ScriptedModel(), slow=slow) as work:
        yield work


@pytest.fixture(autouse=True)
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.AbstractEventLoop]:
    """The loop that the handler keeps for all of its invocations."""
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(worker, "_loop", loop)
    yield loop
    loop.close()


def test_all_jobs_of_a_batch_are_done(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    jobs = [work.world.job(execution, step) for step in ("first", "second")]
    now = epoch_ms()
    records = [message(body_of(job), job.step, sent_ms=now) for job in jobs]
    assert failed_in(handler(batch(*records), MINUTES)) == []
    assert sorted(work.world.orchestrator.succeeded) == ["token first", "token second"]
    assert work.world.orchestrator.beats == []
    assert work.queue.released == {}


def test_the_jobs_of_a_batch_wait_for_their_models_at_once(slow: ScriptedModel) -> None:
    gate = asyncio.Event()
    answers = iter(["a", "b"])

    def all_there(_: object) -> str:
        return next(answers)

    model = ScriptedModel(all_there, gate=gate)
    with installed(model) as work:
        execution = work.world.execute({"text": "x"})
        jobs = [work.world.job(execution, step) for step in ("first", "second")]

        async def open_when_both_wait() -> dict[str, object]:
            records = [message(body_of(job), job.step, sent_ms=epoch_ms()) for job in jobs]
            running = asyncio.ensure_future(handle(batch(*records)))
            async with asyncio.timeout(10):
                while len(model.requests) < len(jobs):
                    await model.arrived.wait()
                    await asyncio.sleep(0)
                gate.set()
                return await running

        answer = asyncio.run(open_when_both_wait())
        assert failed_in(answer) == []
        assert len(work.world.orchestrator.succeeded) == 2


def test_a_job_unfinished_at_the_end_of_the_invocation_is_cancelled_and_given_back(
    work: Work, slow: ScriptedModel
) -> None:
    execution = work.world.execute({"text": "x"})
    quick = message(body_of(work.world.job(execution, "first")), "quick")
    long = message(body_of(work.world.job(execution, "second"), model="fake/slow"), "long")
    answer = handler(batch(quick, long), NONE)
    assert failed_in(answer) == ["long"]
    assert work.queue.released == {"long#1": 0}
    assert (len(slow.requests), slow.cancelled) == (1, 1)
    assert list(work.world.orchestrator.succeeded) == ["token first"]
    assert work.world.orchestrator.failed == {}


def test_a_job_that_was_cut_off_runs_again_and_is_recorded_once(
    work: Work, slow: ScriptedModel
) -> None:
    execution = work.world.execute({"text": "x"})
    body = body_of(work.world.job(execution, "first"), model="fake/slow")
    handler(batch(message(body)), NONE)
    [cut_off] = work.world.logs(execution)
    assert cut_off.status is LogStatus.RUNNING

    assert slow._gate is not None
    slow._gate.set()
    assert failed_in(handler(batch(message(body, receives=2)), MINUTES)) == []
    assert failed_in(handler(batch(message(body, receives=3)), MINUTES)) == []
    [log] = work.world.logs(execution)
    assert (log.status, log.text, log.attempt) == (LogStatus.SUCCEEDED, "late", 2)
    assert len(slow.requests) == 2


def test_a_message_that_is_no_job_fails_alone_and_comes_again_soon(
    work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    execution = work.world.execute({"text": "x"})
    good = message(body_of(work.world.job(execution, "first")), "good")
    poison = message('{"kind": "prompt", "token": {"confidential": 1}}', "poison")
    with caplog.at_level(logging.INFO):
        answer = handler(batch(poison, good), MINUTES)
    assert failed_in(answer) == ["poison"]
    assert work.queue.released == {"poison#1": 1}
    assert list(work.world.orchestrator.succeeded) == ["token first"]
    [told] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert told.__dict__["message_id"] == "poison"
    assert "prompt.token: string_type" in told.__dict__["wrong"]
    assert "confidential" not in caplog.text
    assert told.exc_info is None


@pytest.mark.parametrize(("receives", "seconds"), [(1, 30), (2, 60)])
def test_a_job_that_finds_the_store_out_of_reach_comes_again_when_it_may_be_back(
    work: Work, monkeypatch: pytest.MonkeyPatch, receives: int, seconds: int
) -> None:
    execution = work.world.execute({"text": "x"})

    def unreachable(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(work.world.ports.table, "get", unreachable)
    body = body_of(work.world.job(execution, "first"))
    assert failed_in(handler(batch(message(body, receives=receives)), MINUTES)) == ["m1"]
    assert work.queue.released == {f"m1#{receives}": seconds}


def test_a_delivery_that_another_worker_has_comes_again_when_that_one_must_have_ended(
    work: Work,
) -> None:
    execution = work.world.execute({"text": "x"})
    job = work.world.job(execution, "first")
    work.world.claim(job, receive_count=1)
    assert failed_in(handler(batch(message(body_of(job))), MINUTES)) == ["m1"]
    assert work.queue.released["m1#1"] > 15 * 60


def test_a_job_that_cannot_be_given_back_comes_by_the_queues_own_time(work: Work) -> None:
    work.queue.error = StoreUnavailable()
    assert failed_in(handler(batch(message("no job")), MINUTES)) == ["m1"]


def test_a_job_that_has_waited_for_long_says_so_at_once(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    sent_ms = epoch_ms() - 100_000
    handler(batch(message(body_of(work.world.job(execution, "first")), sent_ms=sent_ms)), MINUTES)
    assert work.world.orchestrator.beats == ["token first"]
    assert list(work.world.orchestrator.succeeded) == ["token first"]


def test_without_a_deadline_a_job_has_all_the_time_it_needs(slow: ScriptedModel) -> None:
    with installed(ScriptedModel(), slow=slow) as work:
        execution = work.world.execute({"text": "x"})
        body = body_of(work.world.job(execution, "first"), model="fake/slow")

        async def open_the_gate_later() -> dict[str, object]:
            running = asyncio.ensure_future(handle(batch(message(body))))
            async with asyncio.timeout(10):
                await slow.arrived.wait()
                assert slow._gate is not None
                slow._gate.set()
                return await running

        assert failed_in(asyncio.run(open_the_gate_later())) == []
        assert list(work.world.orchestrator.succeeded) == ["token first"]
