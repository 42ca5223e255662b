"""Reading the history of an execution: what its states did, in the order in which it was kept."""

import json

from embedded.database import Database
from embedded.engine.machines import Machines
from embedded.engine.notes import Note
from embedded.engine.records import execution_named
from promptpilot.clock import from_epoch_ms
from promptpilot.ports.orchestrator import HistoryEvent


def history_of(
    database: Database, machines: Machines, name: str, *, after: int, limit: int
) -> list[HistoryEvent]:
    """Up to `limit` events of the execution of that name. The first, that it has entered its first
    state, is journaled with the second, and until then follows from the execution's start.
    """
    row = execution_named(database.read(), name)
    if row is None:
        return []
    events = _read(database, row.id, after=after, limit=limit)
    if events or after > 0 or limit < 1:
        return events
    start_at = machines.load(row.machine).states.start_at
    return [_event(1, Note("state_entered", row.started_ms, start_at, (), None))]


def _read(database: Database, execution: int, *, after: int, limit: int) -> list[HistoryEvent]:
    rows = database.rows(
        "SELECT last, events FROM engine_history WHERE execution = ? AND last > ?"
        " ORDER BY last LIMIT ?",
        (execution, after, max(0, limit)),
    )
    events: list[HistoryEvent] = []
    for last, text in rows:
        notes = [Note(*fields) for fields in json.loads(text)]
        numbered = enumerate(notes, last - len(notes) + 1)
        events += [_event(number, note) for number, note in numbered if number > after]
    return events[: max(0, limit)]


def _event(number: int, note: Note) -> HistoryEvent:
    at = from_epoch_ms(note.at_ms)
    return HistoryEvent(number, at, note.type, note.state, tuple(note.iteration), note.error)
