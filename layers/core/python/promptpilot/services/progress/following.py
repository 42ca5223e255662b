"""Telling what happens in an execution, from where a client stands: in order, and all of it.

What states do comes from the state machine's history, whose ids have no gaps. What a model says
comes while it says it from `PartialTexts`, where it may be lost, and in the end from the step's
log, where it is not: before a step is left, what its client does not have of the text is told. So
pieces join, whatever a connection, a worker or a process did in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from promptpilot.domain.execution import Execution, machine_name
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.progress import EndEvent, EndEventType, Progress, progress_subject
from promptpilot.errors import NotFound, StoreUnavailable, Unavailable
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.live import PartialTexts
from promptpilot.ports.orchestrator import HistoryEvent, Orchestrator
from promptpilot.ports.table import Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.executions.records import load_execution
from promptpilot.services.logs import load_log
from promptpilot.services.lru import LruCache
from promptpilot.services.progress.costs import spent
from promptpilot.services.progress.cursor import Told, open_told, seal_told
from promptpilot.services.progress.page import Page, TextOf
from promptpilot.services.progress.places import places_of
from promptpilot.services.progress.states import States
from promptpilot.services.workflows.versions import load_workflow_version, machine_of

REMEMBERED = 100_000

_readings: LruCache[tuple[str, int], States] = LruCache(REMEMBERED)
"""By execution and last event: what reading so far has shown. Another process reads from the
beginning.
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """What telling progress needs of the platform."""

    table: Table
    blobs: Blobs
    orchestrator: Orchestrator
    texts: PartialTexts
    waiter: Waiter
    cursor_key: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to tell, and how far the client has been told with it."""

    execution: Execution
    page: Page
    news: bool
    """Whether anything is new, or nothing more is to be expected."""


def get_progress(
    principal: Principal,
    id: str,
    *,
    cursor: str | None = None,
    limit: int = 100,
    with_texts: bool = False,
    ports: Ports,
) -> Progress:
    """What has happened since the cursor, up to `limit` items. Texts are told of an execution that
    streams, and `with_texts` of any. Raises `NotFound`, `CursorInvalid`, `Unavailable`.
    """
    principal.require(Action.EXECUTION_READ)
    told = open_progress(principal, id, cursor, ports=ports)
    return answer(look(principal, id, told, limit, with_texts=with_texts, ports=ports), ports)


def await_progress(
    principal: Principal,
    id: str,
    seconds: float,
    *,
    cursor: str | None = None,
    limit: int = 100,
    ports: Ports,
) -> Progress:
    """The same as soon as there is anything new, or the execution has ended; or after `seconds`."""
    principal.require(Action.EXECUTION_READ)
    told = open_progress(principal, id, cursor, ports=ports)
    found = look(principal, id, told, limit, ports=ports)

    def new() -> bool:
        nonlocal found
        try:
            found = look(principal, id, told, limit, ports=ports)
        except StoreUnavailable:
            raise
        except Unavailable:  # an orchestrator that has too much to do is asked again
            return False
        return found.news

    if not found.news:
        ports.waiter.wait(progress_subject(id), new, seconds)
    return answer(found, ports)


def open_progress(principal: Principal, id: str, cursor: str | None, *, ports: Ports) -> Told:
    """What the client of that cursor knows. Raises `CursorInvalid`."""
    key = ports.cursor_key
    return open_told(cursor, workspace=principal.workspace, execution=id, key=key)


def look(
    principal: Principal,
    id: str,
    told: Told,
    limit: int,
    *,
    with_texts: bool = False,
    ports: Ports,
) -> Found:
    """What there is to tell whoever knows `told`. Raises `NotFound`, `Unavailable`."""
    # Each is read before what it must not be ahead of: the end after all states, and a text after
    # the entry of its step.
    execution = load_execution(principal.workspace, id, table=ports.table).execution
    with_texts = with_texts or execution.stream
    running: Mapping[str, str] = {}
    if with_texts and not execution.status.final:
        running = ports.texts.of(execution.workspace, id)
    events, states = _history(execution, told, limit, ports)
    page = Page(told.copy(), states, limit)
    page.tell_states(events, _recorded_texts(execution, ports) if with_texts else None)
    if not page.full and len(events) < limit:
        page.tell_running(running)
        if execution.status.final:
            page.tell_end(_end(execution), execution.resumes)
    page.told.status = execution.status
    _readings.put((id, states.last), states.copy(), states.weight)
    ended = execution.status.final and page.told.end == execution.resumes
    return Found(execution, page, news=ended or page.told != told)


def answer(found: Found, ports: Ports) -> Progress:
    """What was found as clients read it."""
    execution, page = found.execution, found.page
    sums = spent(execution, table=ports.table)
    return Progress.model_construct(
        items=tuple(page.items),
        next_cursor=seal_told(
            page.told,
            workspace=execution.workspace,
            execution=execution.id,
            key=ports.cursor_key,
        ),
        status=execution.status,
        usage=sums.usage,
        cost_micro_usd=sums.cost_micro_usd,
    )


def _history(
    execution: Execution, told: Told, limit: int, ports: Ports
) -> tuple[list[HistoryEvent], States]:
    """The events that the client does not know, and what reading those before has shown."""
    version = load_workflow_version(
        execution.workspace, execution.workflow_id, execution.version, table=ports.table
    )
    name = machine_name(execution.workspace, execution.id)
    known = _readings.get((execution.id, told.last))
    states = known.copy() if known else States(execution.id, places_of(version))
    events: list[HistoryEvent] = []
    for event in ports.orchestrator.history(
        machine_of(version), name, after=states.last, limit=told.last - states.last + limit
    ):
        if event.id <= told.last:
            states.read(event)
        else:
            events.append(event)
    return events, states


def _recorded_texts(execution: Execution, ports: Ports) -> TextOf:
    def text_of(log: str) -> str | None:
        try:
            found = load_log(execution.workspace, log, table=ports.table, blobs=ports.blobs)
        except NotFound:
            return None
        return found.text

    return text_of


def _end(execution: Execution) -> EndEvent:
    assert execution.ended_at is not None
    return EndEvent(
        type=cast("EndEventType", f"execution.{execution.status}"), at=execution.ended_at
    )
