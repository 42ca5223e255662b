"""What a model says is handed on while it says it, and forgotten afterwards."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.execution import ExecutionLog
from promptpilot.domain.identity import Member
from promptpilot.domain.ids import new_id
from promptpilot.domain.live import Connection, Subscribe
from promptpilot.domain.permissions import Role
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.table import Item, Put
from promptpilot.services.live.connections import subscribe
from promptpilot.services.runs.step_runs import run_workflow_step
from promptpilot.services.steps.streamed_texts import streamed
from promptpilot.step_errors import ModelOverloaded
from tests.fakes import ScriptedModel
from tests.unit.world import World

EXECUTION = new_id("execution")
LOG = ExecutionLog(
    id=f"log_{EXECUTION.partition('_')[2]}_1",
    workspace=new_id("ws"),
    execution_id=EXECUTION,
    step="ask",
    path="ask",
    started_at=now(),
)


class RecordedTexts:
    """A `PartialTexts` that keeps all that was ever put; it refuses the first `refusals`."""

    def __init__(self, *, refusals: int = 0, watched: bool = False) -> None:
        self.put_texts: list[str] = []
        self.now: dict[str, str] = {}
        self.changed = asyncio.Event()
        self._refusals = refusals
        self._watched = watched

    @property
    def pause_seconds(self) -> float:
        return 0.0

    def wanted(self, execution: str) -> bool:
        return self._watched

    def put(self, workspace: str, execution: str, log: str, text: str) -> None:
        self.changed.set()
        if self._refusals:
            self._refusals -= 1
            raise StoreUnavailable
        self.put_texts.append(text)
        self.now[log] = text

    def forget(self, workspace: str, execution: str, log: str) -> None:
        self.now.pop(log, None)

    def of(self, workspace: str, execution: str) -> Mapping[str, str]:
        return self.now

    async def next(self) -> None:
        """Return once something more has been put."""
        self.changed.clear()
        await asyncio.wait_for(self.changed.wait(), 5)


async def test_pieces_are_handed_on_together_and_forgotten_at_the_end() -> None:
    texts = RecordedTexts()
    async with streamed(LOG, EXECUTION, texts=texts, offload=World.in_place) as hear:
        on_text = hear()
        on_text("One")
        on_text(" two")
        await texts.next()
        assert texts.now == {LOG.id: "One two"}
        on_text(" three")
        await texts.next()
        assert texts.put_texts == ["One two", "One two three"]
    assert texts.now == {}


async def test_another_call_takes_the_place_of_the_one_before() -> None:
    texts = RecordedTexts()
    async with streamed(LOG, EXECUTION, texts=texts, offload=World.in_place) as hear:
        first = hear()
        first("Half an ans")
        await texts.next()
        hear()("Another")
        first("wer, late")
        await texts.next()
    assert texts.put_texts == ["Half an ans", "Another"]


async def test_a_store_that_is_out_of_reach_disturbs_nobody() -> None:
    texts = RecordedTexts(refusals=1)
    async with streamed(LOG, EXECUTION, texts=texts, offload=World.in_place) as hear:
        on_text = hear()
        on_text("One")
        await texts.next()
        on_text(" two")
        await texts.next()
    assert texts.put_texts == ["One two"]


async def test_an_error_within_goes_on_outwards_and_the_text_is_forgotten() -> None:
    texts = RecordedTexts()

    async def break_down() -> None:
        async with streamed(LOG, EXECUTION, texts=texts, offload=World.in_place) as hear:
            hear()("One")
            await texts.next()
            raise ModelOverloaded

    with pytest.raises(ModelOverloaded):
        await break_down()
    assert texts.put_texts == ["One"]
    assert texts.now == {}


class Talks(ScriptedModel):
    """Says one word after another, giving way in between."""

    def __init__(self) -> None:
        super().__init__(lambda _: "One two three")
        self.streamed: list[bool] = []

    async def complete(self, request: Any, *, on_text: Any = None, **how: Any) -> Any:
        self.streamed.append(on_text is not None)
        completion = await super().complete(request, **how)
        for word in ("One", " two", " three") if on_text else ():
            on_text(word)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return completion


@pytest.mark.parametrize(
    ("stream", "watched", "streams"),
    [(False, False, False), (True, False, True), (False, True, True)],
)
async def test_a_step_streams_where_somebody_asked_for_it_or_watches(
    stream: bool, watched: bool, streams: bool
) -> None:
    model = Talks()
    world = World(model)
    execution = world.execute({"text": "x"}, stream=stream)
    texts = RecordedTexts(watched=watched)
    ports = world.ports_with(partial_texts=texts)
    await run_workflow_step(world.job(execution, "first"), 1, ports)
    assert model.streamed == [streams]
    assert bool(texts.put_texts) is streams
    assert world.logs(execution)[0].text == "One two three"
    assert texts.now == {}


def listen(world: World, connection: str, execution: str | None) -> None:
    """A connection of the world's user that listens."""
    table, principal = world.ports.table, world.principal
    member = Member(user=principal.user, workspace=principal.workspace, role=Role.VIEWER)
    key = keys.member(principal.workspace, principal.user)
    table.write([Put(Item(key, "member", member.model_dump_json()))])
    known = Connection(id=connection, user=principal.user, connected_at=now())
    asked = Subscribe(action="subscribe", workspace=principal.workspace, execution=execution)
    subscribe(known, asked, table=table)


class Heard:
    """A `Live` that keeps what was sent, by connection."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Any]] = []

    def send(self, connection: str, message: str) -> bool:
        self.messages.append((connection, json.loads(message)))
        return True

    def close(self, connection: str) -> None:
        raise AssertionError(connection)


async def test_a_worker_that_tells_itself_pushes_every_piece_once_to_who_listens() -> None:
    world = World(Talks())
    execution, other = (world.execute({"text": "x"}, stream=True) for _ in range(2))
    listen(world, "follows", execution.id)
    listen(world, "follows another", other.id)
    listen(world, "hears the workspace", None)
    live = Heard()
    ports = world.ports_with(live=lambda: live, followed=False, partial_texts=RecordedTexts())
    await run_workflow_step(world.job(execution, "first"), 1, ports)
    assert {connection for connection, _ in live.messages} == {"follows"}
    items = [item for _, message in live.messages for item in message["items"]]
    assert "".join(item["text"] for item in items) == "One two three"
    assert [item["offset"] for item in items] == [
        sum(len(before["text"]) for before in items[:place]) for place in range(len(items))
    ]
    assert {item["log"] for item in items} == {world.logs(execution)[0].id}
