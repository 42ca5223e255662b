"""An execution of two prompts whose states a test moves by hand, and whoever watches it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from promptpilot.adapters.partial_texts import TablePartialTexts
from promptpilot.domain.execution import Execution, ExecutionLog, log_id, machine_name
from promptpilot.domain.progress import EndEvent, Progress, ProgressEvent, StateEvent, TextEvent
from promptpilot.ports.orchestrator import HistoryEvent
from promptpilot.services.progress.following import Ports, get_progress
from promptpilot.services.runs.step_runs import run_workflow_step
from tests.fakes import ScriptedModel
from tests.unit.world import World

START = datetime(2026, 11, 24, tzinfo=UTC)


class Watched:
    """An execution of two prompts whose states a test moves by hand."""

    def __init__(self, *, stream: bool = True, answer: str = "a b c") -> None:
        self.world = World(ScriptedModel(lambda _: answer))
        table = self.world.ports.table
        self.execution = self.world.execute({"text": "x"}, stream=stream)
        self.texts = TablePartialTexts(table)
        self.ports = Ports(
            table=table,
            blobs=self.world.ports.blobs,
            orchestrator=self.world.orchestrator,
            texts=self.texts,
            waiter=self.world.waiter,
            cursor_key=b"k" * 32,
        )
        name = machine_name(self.execution.workspace, self.execution.id)
        self._history = self.world.orchestrator.histories.setdefault(name, [])

    def happens(self, type: Any, state: str, error: str | None = None) -> None:
        number = len(self._history) + 1
        at = START + timedelta(seconds=number)
        self._history.append(HistoryEvent(number, at, type, state, error=error))

    def enters(self, state: str) -> None:
        self.happens("state_entered", state)

    def leaves(self, state: str) -> None:
        self.happens("state_exited", state)

    def says(self, step: str, text: str) -> None:
        self.texts.put(self.execution.workspace, self.execution.id, self.log(step), text)

    def log(self, step: str) -> str:
        return log_id(self.execution.id, self.world.job(self.execution, step))

    async def works(self, step: str) -> ExecutionLog:
        await run_workflow_step(self.world.job(self.execution, step), 1, self.world.ports)
        return next(log for log in self.world.logs(self.execution) if log.step == step)

    def ends(self) -> Execution:
        self.world.change(self.execution, "SUCCEEDED", stopDate=2_000, output='"done"')
        return self.world.read(self.execution)

    def ask(self, cursor: str | None = None, limit: int = 100, **more: Any) -> Progress:
        return get_progress(
            self.world.principal,
            self.execution.id,
            cursor=cursor,
            limit=limit,
            ports=self.ports,
            **more,
        )

    def ask_on(self, limit: int, cursor: str | None = None) -> list[ProgressEvent]:
        """All there is, in pages."""
        items: list[ProgressEvent] = []
        while True:
            page = self.ask(cursor, limit)
            if not page.items:
                return items
            items += page.items
            cursor = page.next_cursor


def brief(items: Sequence[ProgressEvent]) -> list[Any]:
    told: list[Any] = []
    for item in items:
        match item:
            case TextEvent():
                told.append((item.step, item.offset, item.text))
            case StateEvent():
                told.append((item.type, item.state))
            case EndEvent():
                told.append(item.type)
    return told
