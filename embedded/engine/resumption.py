"""Going on with an execution that has failed, timed out or was stopped.

What has ended stays as it is journaled. Each frame that had not ended begins its state anew, now:
but one with branches or iterations keeps its time, so that its items are evaluated as before.
"""

import sqlite3
from collections.abc import Collection

from embedded.database import Database
from embedded.engine.children import parent_of, positions_in
from embedded.engine.execution import MAX_EVENTS
from embedded.engine.notes import MAX_KEPT, Note, keep
from embedded.engine.records import ExecutionRow, execution_named
from embedded.engine.snapshot import ENDED
from promptpilot.clock import epoch_ms
from promptpilot.errors import Conflict, NotFound

MAX_AGE_MS = 14 * 24 * 3600 * 1000
"""How long after its end an execution may be resumed, as in Step Functions."""


def resume_execution(
    database: Database, name: str, times: int, maps: Collection[str]
) -> ExecutionRow | None:
    """Have the execution run on; durable on return. None where it runs already, or has gone on so
    many times. `maps` are the names of its machine's Map states.

    Raises `NotFound`, and `Conflict` for one that has succeeded, ended too long ago, or has no
    room in its history.
    """
    return database.write(lambda connection: _resume(connection, name, times, maps, epoch_ms()))


def _resume(
    connection: sqlite3.Connection, name: str, times: int, maps: Collection[str], now_ms: int
) -> ExecutionRow | None:
    row = execution_named(connection, name)
    if row is None:
        raise NotFound(kind="execution", id=name)
    if row.status == "RUNNING" or row.redrives >= times:
        return None
    if row.status == "SUCCEEDED":
        raise Conflict(reason="The execution has succeeded; there is nothing to resume.")
    if row.ended_ms is None or row.ended_ms + MAX_AGE_MS < now_ms:
        raise Conflict(reason="The execution ended over 14 days ago.")
    begun = _reset_frames(connection, row.id, now_ms)
    notes = [
        Note("state_retried", now_ms, state, positions_in(path, maps), None)
        for path, state in begun
    ]
    _keep(connection, row.id, notes)
    connection.execute(
        "INSERT INTO engine_resumption VALUES (?, 1, ?)"
        " ON CONFLICT (execution) DO UPDATE SET count = count + 1, at_ms = excluded.at_ms",
        (row.id, now_ms),
    )
    connection.execute(
        "UPDATE engine_execution SET status = 'RUNNING', ended_ms = NULL, output = NULL,"
        " error = NULL, cause = NULL, open = 1 WHERE id = ?",
        (row.id,),
    )
    return execution_named(connection, name)


def _reset_frames(
    connection: sqlite3.Connection, execution: int, now_ms: int
) -> list[tuple[str, str]]:
    """Let every frame begin its state anew; the path and the state of those that run one."""
    frames = connection.execute(
        "SELECT path, state, events FROM engine_frame WHERE execution = ?", (execution,)
    ).fetchall()
    if sum(events for _, _, events in frames) >= MAX_EVENTS - 1:
        raise Conflict(reason=f"The execution's history has {MAX_EVENTS} events.")
    parents = {parent_of(path) for path, _, _ in frames if path}
    begun = [(path, state) for path, state, _ in frames if state != ENDED and path not in parents]
    connection.execute(
        "UPDATE engine_frame SET wake_ms = NULL, retries = '{}' WHERE execution = ? AND state <> ?",
        (execution, ENDED),
    )
    connection.executemany(
        "UPDATE engine_frame SET moment_ms = ?, entered_ms = ? WHERE execution = ? AND path = ?",
        [(now_ms, now_ms, execution, path) for path, _ in begun],
    )
    return begun


def _keep(connection: sqlite3.Connection, execution: int, notes: list[Note]) -> None:
    sql = "SELECT max(last) FROM engine_history WHERE execution = ?"
    last = connection.execute(sql, (execution,)).fetchone()[0] or 0
    kept = notes[: max(0, MAX_KEPT - last)]
    if kept:
        connection.execute(*keep(execution, last + len(kept), kept))
