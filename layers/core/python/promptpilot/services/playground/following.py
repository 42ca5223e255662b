"""Telling what the models of a run say, from where a client stands: in order, and all of it.

What a model says while it says it may be lost; in the end its log has the whole, and what the
client does not have of that is told before the end is. So pieces join.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from promptpilot.domain.execution import ExecutionLog, LogStatus
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.progress import progress_subject
from promptpilot.domain.run import Run, RunEndEvent, RunEvent, RunLog, RunProgress, RunTextEvent
from promptpilot.errors import NotFound
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.live import PartialTexts
from promptpilot.ports.table import Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.cursors import seal, unseal
from promptpilot.services.logs import load_log
from promptpilot.services.playground.runs import get_run
from promptpilot.services.progress.cursor import Heard
from promptpilot.services.progress.page import MOST_BYTES, pieces

_ITEM_BYTES = 300
"""What an item has besides its words."""
_CHARACTER_BYTES = 6
"""The most that JSON makes of a character."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What following a run needs of the platform."""

    table: Table
    blobs: Blobs
    texts: PartialTexts
    waiter: Waiter
    cursor_key: bytes


@dataclass(slots=True)
class Told:
    """What a client knows: how much of each text, by log, and which of them have ended."""

    texts: dict[str, Heard] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def copy(self) -> Self:
        """The same, to change."""
        return type(self)(dict(self.texts), set(self.ended))


def follow_run(
    principal: Principal, id: str, *, cursor: str | None, seconds: float = 0.0, ports: Ports
) -> RunProgress:
    """What has been said since the cursor; as soon as there is anything, or after `seconds`.
    Raises `NotFound`, `CursorInvalid`.
    """
    principal.require(Action.EXECUTION_READ)
    run = get_run(principal, id, table=ports.table)
    told = _open(cursor, run, ports.cursor_key)
    found = _look(run, told, ports)

    def new() -> bool:
        nonlocal found
        found = _look(run, told, ports)
        return bool(found.items) or found.done

    if seconds and not (found.items or found.done):
        ports.waiter.wait(progress_subject(id), new, seconds)
    return found


def end_of(log: ExecutionLog, model: str) -> RunEndEvent:
    """The event that an answer has ended so."""
    return RunEndEvent(
        type="run.succeeded" if log.status is LogStatus.SUCCEEDED else "run.failed",
        log=log.id,
        model=model,
        usage=log.usage,
        cost_micro_usd=log.cost_micro_usd,
        latency_ms=log.latency_ms,
        error=log.error,
    )


def _look(run: Run, told: Told, ports: Ports) -> RunProgress:
    """What there is to tell whoever knows `told`, as far as there is room in one answer."""
    # What is being said is read before the logs: a text that has gone from there is in its log.
    partial = ports.texts.of(run.workspace, run.id)
    known, left = told.copy(), MOST_BYTES
    items: list[RunEvent] = []
    for each in run.logs:
        for event, heard in _news(each, partial.get(each.log, ""), run, known, ports):
            words = event.text if isinstance(event, RunTextEvent) else str(event.error or "")
            left -= _ITEM_BYTES + _CHARACTER_BYTES * len(words)
            if left < 0 and items:
                return _progress(items, known, run, ports)
            items.append(event)
            if heard is None:
                known.ended.add(each.log)
            else:
                known.texts[each.log] = Heard.of(heard)
    return _progress(items, known, run, ports)


def _news(
    each: RunLog, partial: str, run: Run, known: Told, ports: Ports
) -> Iterator[tuple[RunEvent, str | None]]:
    """What the client does not know of one answer, each with all that it has heard then; None once
    it knows the end.
    """
    if each.log in known.ended:
        return
    log = _log(each, run, ports)
    ended = log is not None and log.status.final
    text = (log.text or "") if log is not None and ended else partial
    heard = known.texts.get(each.log)
    start = heard.length if heard is not None and heard.begins(text) else 0
    for offset, piece in pieces(text, start):
        event = RunTextEvent(log=each.log, model=each.model, offset=offset, text=piece)
        yield event, text[: offset + len(piece)]
    if log is not None and ended:
        yield end_of(log, each.model), None


def _log(each: RunLog, run: Run, ports: Ports) -> ExecutionLog | None:
    try:
        return load_log(run.workspace, each.log, table=ports.table, blobs=ports.blobs)
    except NotFound:  # no worker has begun with it
        return None


def _progress(items: list[RunEvent], known: Told, run: Run, ports: Ports) -> RunProgress:
    return RunProgress(
        items=tuple(items),
        next_cursor=_seal(known, run, ports.cursor_key),
        done=len(known.ended) == len(run.logs),
    )


def _seal(told: Told, run: Run, key: bytes) -> str:
    places = {each.log: place for place, each in enumerate(run.logs)}
    texts = {places[log]: [heard.length, heard.digest] for log, heard in told.texts.items()}
    said = {"t": texts, "e": sorted(places[log] for log in told.ended)}
    return seal(json.dumps(said, separators=(",", ":")), list=_name(run), key=key)


def _open(cursor: str | None, run: Run, key: bytes) -> Told:
    if cursor is None:
        return Told()
    said = json.loads(unseal(cursor, list=_name(run), key=key))
    logs = [each.log for each in run.logs]
    return Told(
        {logs[int(place)]: Heard(*heard) for place, heard in said["t"].items()},
        {logs[place] for place in said["e"]},
    )


def _name(run: Run) -> tuple[str, ...]:
    return (run.workspace, f"/runs/{run.id}/events")
