"""Runs of a prompt that are followed, compared and cancelled."""

import asyncio
import json
from typing import Any

import pytest
from pydantic import ValidationError

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.execution import LogStatus
from promptpilot.domain.identity import Member
from promptpilot.domain.ids import new_id
from promptpilot.domain.live import Connection, Subscribe
from promptpilot.domain.permissions import Role
from promptpilot.domain.progress import progress_subject
from promptpilot.domain.prompt_document import VersionDraft
from promptpilot.domain.run import Comparison, Run, RunProgress
from promptpilot.domain.step_job import PromptRunJob
from promptpilot.errors import (
    CursorInvalid,
    Forbidden,
    NotFound,
    StoreUnavailable,
    VariablesInvalid,
)
from promptpilot.ports.table import Item, Put
from promptpilot.services.live.connections import subscribe
from promptpilot.services.logs import load_log
from promptpilot.services.playground import following
from promptpilot.services.playground.following import follow_run
from promptpilot.services.playground.runs import cancel_run, compare, get_run
from promptpilot.services.prompts.versions import create_version
from promptpilot.services.runs import prompt_jobs
from promptpilot.services.runs.abandoned_steps import abandon_prompt_run
from promptpilot.services.runs.prompt_jobs import run_prompt_job
from promptpilot.services.runs.prompt_runs import RunRequest, stream_prompt
from promptpilot.step_errors import ModelOverloaded
from tests.fakes import MODELS, ScriptedModel, ScriptedModels
from tests.unit.prompt_steps import PRICE
from tests.unit.world import World


class RecordingQueue:
    """A `StepQueue` that keeps what is sent."""

    def __init__(self) -> None:
        self.jobs: list[PromptRunJob] = []

    def send(self, body: str) -> None:
        self.jobs.append(PromptRunJob.model_validate_json(body))

    def release(self, receipt: str, seconds: int) -> None:
        raise AssertionError("nothing is released here")


class Playground(World):
    """A world with two models, whose jobs a test runs by hand."""

    def __init__(self, first: ScriptedModel, second: ScriptedModel | None = None) -> None:
        super().__init__(first)
        self.second = second or ScriptedModel(["second"])
        models = ScriptedModels({"fake/echo": first, "fake/second": self.second})
        self.ports = self.ports_with(models=models)
        self.queue = RecordingQueue()

    def compare(self, *models: str) -> Run:
        asked = Comparison(
            prompt_id=self.prompt.id,
            variables={"text": "x"},
            models=models or ("fake/echo", "fake/second"),
        )
        return compare(self.principal, asked, table=self.ports.table, step_queue=self.queue)

    async def work(self) -> None:
        """Run all jobs that wait, at the same time."""
        jobs, self.queue.jobs = self.queue.jobs, []
        await asyncio.gather(*(run_prompt_job(job, 1, self.ports) for job in jobs))

    def follow(self, run: Run, cursor: str | None = None) -> RunProgress:
        ports = following.Ports(
            table=self.ports.table,
            blobs=self.ports.blobs,
            texts=self.ports.partial_texts,
            waiter=self.waiter,
            cursor_key=b"k" * 32,
        )
        return follow_run(self.principal, run.id, cursor=cursor, ports=ports)

    def cancel(self, run: Run) -> Run:
        return cancel_run(self.principal, run.id, table=self.ports.table, waiter=self.waiter)

    def log(self, run: Run, place: int = 0) -> Any:
        log = run.logs[place].log
        return load_log(run.workspace, log, table=self.ports.table, blobs=self.ports.blobs)


def texts(progress: RunProgress) -> dict[str, str]:
    said: dict[str, str] = {}
    for item in progress.items:
        if item.type == "run.text":
            assert item.offset == len(said.get(item.model, ""))
            said[item.model] = said.get(item.model, "") + item.text
    return said


def ends(progress: RunProgress) -> list[tuple[str, str]]:
    return [(item.model, item.type) for item in progress.items if item.type != "run.text"]


async def test_models_are_asked_the_same_at_the_same_time() -> None:
    world = Playground(ScriptedModel(["first one"]))
    run = world.compare()
    assert [(each.model, each.log) for each in run.logs] == [
        ("fake/echo", f"log_{run.id.partition('_')[2]}_1"),
        ("fake/second", f"log_{run.id.partition('_')[2]}_2"),
    ]
    await world.work()
    assert world.model.requests[0].messages == world.second.requests[0].messages
    progress = world.follow(run)
    assert texts(progress) == {"fake/echo": "first one", "fake/second": "second"}
    assert ends(progress) == [("fake/echo", "run.succeeded"), ("fake/second", "run.succeeded")]
    assert progress.done
    assert world.log(run).text == "first one"


async def test_what_is_said_can_be_followed_while_it_is_said() -> None:
    gate, begun = asyncio.Event(), asyncio.Event()

    class Talks(ScriptedModel):
        async def complete(self, request: Any, **how: Any) -> Any:
            how["on_text"]("Once upon")
            begun.set()
            await gate.wait()
            how["on_text"](" a time")
            return await super().complete(request, **{**how, "on_text": None})

    world = Playground(Talks(["Once upon a time"]))
    run = world.compare("fake/echo")
    nothing = world.follow(run)
    assert (nothing.items, nothing.done) == ((), False)
    working = asyncio.create_task(world.work())
    await begun.wait()
    while not (progress := world.follow(run, nothing.next_cursor)).items:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert texts(progress) == {"fake/echo": "Once upon"}
    gate.set()
    await working
    rest = world.follow(run, progress.next_cursor)
    [piece, end] = rest.items
    assert (piece.offset, piece.text, end.type) == (9, " a time", "run.succeeded")
    assert world.follow(run, rest.next_cursor).items == ()


async def test_a_model_that_fails_leaves_the_others_alone() -> None:
    world = Playground(ScriptedModel([ModelOverloaded(retry_after=60)]))
    run = world.compare()
    await world.work()
    progress = world.follow(run)
    assert ends(progress) == [("fake/echo", "run.failed"), ("fake/second", "run.succeeded")]
    [failed] = [item for item in progress.items if item.type == "run.failed"]
    assert failed.error.name == "ModelOverloaded"


async def test_cancelling_ends_the_call_at_the_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_jobs, "LOOK_SECONDS", 0.01)
    world = Playground(ScriptedModel(gate=asyncio.Event()))
    run = world.compare()
    working = asyncio.create_task(world.work())
    await world.model.arrived.wait()
    assert world.cancel(run).cancelled_by == world.principal.user
    await working
    assert world.model.cancelled == 1
    log = world.log(run)
    assert (log.status, log.error.name) == (LogStatus.FAILED, "StepCancelled")
    assert world.log(run, 1).text == "second"
    assert world.follow(run).done


async def test_an_answer_that_comes_while_somebody_cancels_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prompt_jobs, "LOOK_SECONDS", 0.0)
    gate, looks = asyncio.Event(), []

    async def slow(call: Any, /, *args: Any, **kwargs: Any) -> Any:
        if call is not prompt_jobs.is_cancelled:
            return call(*args, **kwargs)
        looks.append(True)
        if len(looks) == 1:
            return False
        gate.set()
        for _ in range(100):  # meanwhile there is an answer
            await asyncio.sleep(0)
        return True

    world = Playground(ScriptedModel(["fine"], gate=gate))
    run = world.compare("fake/echo")
    world.ports = world.ports_with(offload=slow)
    await world.work()
    log = world.log(run)
    assert (log.status, log.text) == (LogStatus.SUCCEEDED, "fine")
    assert len(looks) == 2


async def test_a_store_that_is_out_of_reach_for_a_look_ends_no_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prompt_jobs, "LOOK_SECONDS", 0.0)
    gate, looks = asyncio.Event(), []

    def look(*_: Any, **__: Any) -> bool:
        looks.append(True)
        if len(looks) == 3:
            gate.set()
        if len(looks) > 1:
            raise StoreUnavailable
        return False

    monkeypatch.setattr(prompt_jobs, "is_cancelled", look)
    world = Playground(ScriptedModel(["fine"], gate=gate))
    run = world.compare("fake/echo")
    await world.work()
    assert world.log(run).text == "fine"
    assert len(looks) >= 3


async def test_what_a_cancelled_run_has_paid_for_is_in_its_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prompt_jobs, "LOOK_SECONDS", 0.0)
    repairing = asyncio.Event()

    class Repaired(ScriptedModel):
        async def complete(self, request: Any, **how: Any) -> Any:
            if self.requests:
                repairing.set()
                await asyncio.Event().wait()
            return await super().complete(request, **how)

    world = Playground(Repaired(["no JSON"], price=PRICE))
    create_version(
        world.principal,
        world.prompt.id,
        VersionDraft(output_schema={"type": "object"}, bump="major"),
        table=world.ports.table,
        models=MODELS,
    )
    run = world.compare("fake/echo")
    working = asyncio.create_task(world.work())
    await repairing.wait()
    world.cancel(run)
    await working
    log = world.log(run)
    assert (log.error.name, log.model) == ("StepCancelled", "fake/echo")
    assert [(each.purpose, each.error) for each in log.calls] == [
        ("answer", None),
        ("repair", "StepCancelled"),
    ]
    assert log.cost_micro_usd == log.calls[0].cost_micro_usd > 0


async def test_a_run_that_no_worker_could_do_ends_for_who_follows_it() -> None:
    world = Playground(ScriptedModel())
    run = world.compare("fake/echo")
    [job] = world.queue.jobs
    abandon_prompt_run(job, table=world.ports.table, blobs=world.ports.blobs, waiter=world.waiter)
    assert world.waiter.announced == [job.log, progress_subject(run.id)]
    assert ends(world.follow(run)) == [("fake/echo", "run.failed")]


async def test_what_is_cancelled_before_it_begins_calls_nobody() -> None:
    world = Playground(ScriptedModel())
    run = world.compare()
    world.cancel(run)
    await world.work()
    assert world.model.requests == world.second.requests == []
    first = world.principal
    world.principal = type(first)(new_id("user"), run.workspace, Role.OWNER)
    assert world.cancel(run).cancelled_by == first.user


async def test_a_worker_that_stops_ends_the_call_and_gives_the_job_back() -> None:
    world = Playground(ScriptedModel(gate=asyncio.Event()))
    run = world.compare("fake/echo")
    working = asyncio.create_task(world.work())
    await world.model.arrived.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert world.model.cancelled == 1
    assert world.log(run).status is LogStatus.RUNNING


async def test_a_prompt_that_is_run_with_stream_is_a_run_of_one() -> None:
    world = Playground(ScriptedModel(["fine"]))
    begun = stream_prompt(
        world.principal,
        world.prompt.id,
        RunRequest(variables={"text": "x"}, stream=True),
        table=world.ports.table,
        step_queue=world.queue,
    )
    await world.work()
    assert begun.run is not None
    assert texts(world.follow(begun.run)) == {"fake/echo": "fine"}


async def test_who_listens_to_a_run_is_pushed_what_is_said_and_the_end() -> None:
    world = Playground(ScriptedModel(["fine"]))
    run = world.compare("fake/echo")
    item = world.ports.table.get(keys.run(run.workspace, run.id))
    assert item is not None
    connection = Connection(id="c1", user=world.principal.user, connected_at=now())
    add_member(world)
    asked = Subscribe(action="subscribe", workspace=run.workspace, run=run.id)
    subscribe(connection, asked, table=world.ports.table)
    await world.work()
    messages = [json.loads(message) for to, message in world.live.sent if to == "c1"]
    assert {each["type"] for each in messages} == {"run.progress"}
    assert {each["run"] for each in messages} == {run.id}
    items = [item for each in messages for item in each["items"]]
    assert "".join(item.get("text", "") for item in items) == "fine"
    assert items[-1]["type"] == "run.succeeded"


def test_nobody_listens_to_a_run_that_is_not_there_or_elsewhere() -> None:
    world, elsewhere = Playground(ScriptedModel()), Playground(ScriptedModel())
    add_member(world)
    connection = Connection(id="c1", user=world.principal.user, connected_at=now())
    for run in (new_id("run"), elsewhere.compare().id):
        asked = Subscribe(action="subscribe", workspace=world.principal.workspace, run=run)
        with pytest.raises(NotFound):
            subscribe(connection, asked, table=world.ports.table)


async def test_who_listens_to_one_run_is_not_told_of_another() -> None:
    world = Playground(ScriptedModel(["fine"]))
    run, other = world.compare("fake/echo"), world.compare("fake/second")
    add_member(world)
    connection = Connection(id="c1", user=world.principal.user, connected_at=now())
    asked = Subscribe(action="subscribe", workspace=run.workspace, run=run.id)
    subscribe(connection, asked, table=world.ports.table)
    world.queue.jobs = [job for job in world.queue.jobs if job.run == other.id]
    await world.work()
    assert world.live.sent == []


def test_nobody_listens_to_an_execution_and_a_run_at_once() -> None:
    with pytest.raises(ValidationError, match="not both"):
        Subscribe(action="subscribe", execution=new_id("execution"), run=new_id("run"))


def add_member(world: World) -> None:
    member = Member(
        workspace=world.principal.workspace,
        user=world.principal.user,
        role=Role.EDITOR,
    )
    key = keys.member(member.workspace, member.user)
    world.ports.table.write([Put(Item(key, "member", member.model_dump_json()))])


def test_wrong_variables_are_refused_before_anything_is_queued() -> None:
    world = Playground(ScriptedModel())
    asked = Comparison(prompt_id=world.prompt.id, models=("fake/echo",))
    with pytest.raises(VariablesInvalid):
        compare(world.principal, asked, table=world.ports.table, step_queue=world.queue)
    assert world.queue.jobs == []


def test_a_run_is_its_workspaces_own() -> None:
    world = Playground(ScriptedModel())
    run = world.compare()
    other = type(world.principal)(new_id("user"), new_id("ws"), Role.OWNER)
    with pytest.raises(NotFound):
        get_run(other, run.id, table=world.ports.table)
    viewer = type(world.principal)(new_id("user"), run.workspace, Role.VIEWER)
    assert get_run(viewer, run.id, table=world.ports.table) == run
    with pytest.raises(Forbidden):
        cancel_run(viewer, run.id, table=world.ports.table, waiter=world.waiter)


def test_a_cursor_is_good_for_its_own_run() -> None:
    world = Playground(ScriptedModel())
    cursor = world.follow(world.compare()).next_cursor
    with pytest.raises(CursorInvalid):
        world.follow(world.compare(), cursor)


async def test_long_texts_come_in_several_answers_that_join() -> None:
    text = "".join(f"{number} \U0001f389 " for number in range(20_000))
    world = Playground(ScriptedModel([text]))
    run = world.compare("fake/echo")
    await world.work()
    said, cursor, done = "", None, False
    for _ in range(50):
        progress = world.follow(run, cursor)
        assert len(progress.model_dump_json()) < 128 * 1024
        said += "".join(item.text for item in progress.items if item.type == "run.text")
        cursor, done = progress.next_cursor, progress.done
        if done:
            break
    assert done
    assert said == text
