"""The rows of the journal: what is written when something happens to an execution, and read again
at start.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from embedded.database import Database
from embedded.engine.journal import Statement
from embedded.engine.snapshot import Snapshot, Variable

Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"]

KEPT_MS = 90 * 24 * 3600 * 1000
"""How long an execution's name stays taken after it ended, as in Step Functions."""


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """One execution. `input` and `output` are JSON texts."""

    id: int
    name: str
    machine: str
    status: Status
    started_ms: int
    input: str
    ended_ms: int | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrives: int = 0
    """How often it went on after it had ended."""

    def ended(
        self,
        status: Status,
        ended_ms: int,
        *,
        output: str | None = None,
        error: str | None = None,
        cause: str | None = None,
    ) -> "ExecutionRow":
        """The row of the execution when it has ended so."""
        return replace(
            self, status=status, ended_ms=ended_ms, output=output, error=error, cause=cause
        )


def insert_execution(
    connection: sqlite3.Connection, name: str, machine: str, started_ms: int, input: str
) -> ExecutionRow | None:
    """Begin an execution, or None where the name is taken."""
    cursor = connection.execute(
        "INSERT INTO engine_execution (name, machine, status, started_ms, input)"
        " VALUES (?, ?, 'RUNNING', ?, ?) ON CONFLICT (name) DO NOTHING",
        (name, machine, started_ms, input),
    )
    if not cursor.rowcount:
        return None
    assert cursor.lastrowid is not None
    return ExecutionRow(cursor.lastrowid, name, machine, "RUNNING", started_ms, input)


def save_frame(execution: int, snapshot: Snapshot, variables: Mapping[str, str]) -> list[Statement]:
    """What journals where a frame stands, and the variables that changed."""
    frame = (
        execution,
        snapshot.path,
        snapshot.state,
        snapshot.input,
        snapshot.moment_ms,
        snapshot.entered_ms,
        snapshot.wake_ms,
        json.dumps(snapshot.retries) if snapshot.retries else "{}",
        snapshot.events,
    )
    statements: list[Statement] = [
        ("INSERT OR REPLACE INTO engine_frame VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", frame)
    ]
    for name, value in variables.items():
        row = (execution, snapshot.path, name, value)
        statements.append(("INSERT OR REPLACE INTO engine_variable VALUES (?, ?, ?, ?)", row))
    return statements


def drop_frames(execution: int, prefix: str) -> list[Statement]:
    """What removes the frames and variables whose path begins with `prefix`, which ends in "#"."""
    bounds = (execution, prefix, prefix[:-1] + chr(ord("#") + 1))
    where = "WHERE execution = ? AND path >= ? AND path < ?"
    return [
        (f"DELETE FROM engine_frame {where}", bounds),  # noqa: S608 - our own text
        (f"DELETE FROM engine_variable {where}", bounds),  # noqa: S608 - our own text
    ]


def end_execution(row: ExecutionRow) -> list[Statement]:
    """What journals an end."""
    sql = (
        "UPDATE engine_execution SET status = ?, ended_ms = ?, output = ?, error = ?, cause = ?"
        " WHERE id = ?"
    )
    return [(sql, (row.status, row.ended_ms, row.output, row.error, row.cause, row.id))]


def close_execution(row: ExecutionRow) -> list[Statement]:
    """What journals that an end was told. Of one that succeeded only the name stays; of another
    all does, for whoever resumes it.
    """
    key = (row.id,)
    if row.status != "SUCCEEDED":  # and was not resumed since
        sql = "UPDATE engine_execution SET open = 0 WHERE id = ? AND ended_ms = ?"
        return [(sql, (row.id, row.ended_ms))]
    return [
        ("UPDATE engine_execution SET open = 0, input = NULL, output = NULL WHERE id = ?", key),
        ("DELETE FROM engine_frame WHERE execution = ?", key),
        ("DELETE FROM engine_variable WHERE execution = ?", key),
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an execution stands in the journal: its frames by path, their variables, the number of
    the last event of its history, and when it was last resumed.
    """

    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    variables: dict[str, list[Variable]] = field(default_factory=dict)
    last_event: int = 0
    resumed_ms: int | None = None


def standing_of(database: Database, execution: int) -> Standing:
    """Read it."""
    key = (execution,)
    [(last_event,)] = database.rows("SELECT max(last) FROM engine_history WHERE execution = ?", key)
    resumed = database.rows("SELECT at_ms FROM engine_resumption WHERE execution = ?", key)
    frames, variables = frames_of(database, execution), variables_of(database, execution)
    return Standing(frames, variables, last_event or 0, resumed[0][0] if resumed else None)


def is_running(database: Database, name: str) -> bool:
    """Whether there is an execution of that name that has not ended."""
    rows = database.rows("SELECT status FROM engine_execution WHERE name = ?", (name,))
    return rows == [("RUNNING",)]


def output_of(database: Database, name: str) -> str | None:
    """The output of the execution of that name, until it was told."""
    rows = database.rows("SELECT output FROM engine_execution WHERE name = ?", (name,))
    return rows[0][0] if rows else None


def abort_execution(
    connection: sqlite3.Connection, name: str, error: str, cause: str, at_ms: int
) -> None:
    """End an execution that has not ended, while no engine runs it."""
    connection.execute(
        "UPDATE engine_execution SET status = 'ABORTED', ended_ms = ?, error = ?, cause = ?"
        " WHERE name = ? AND status = 'RUNNING'",
        (at_ms, error, cause, name),
    )


def count_boot(connection: sqlite3.Connection) -> int:
    """How often an engine has started on this database, this time included."""
    row = connection.execute(
        "INSERT INTO engine_boot VALUES (1, 1)"
        " ON CONFLICT (id) DO UPDATE SET count = count + 1 RETURNING count"
    ).fetchone()
    return int(row[0])


def forget_old(connection: sqlite3.Connection, now_ms: int) -> None:
    """Drop what ended long ago."""
    old = "SELECT id FROM engine_execution WHERE NOT open AND ended_ms < ?"
    for table in ("engine_frame", "engine_variable", "engine_history", "engine_resumption"):
        connection.execute(
            f"DELETE FROM {table} WHERE execution IN ({old})",  # noqa: S608 - our own text
            (now_ms - KEPT_MS,),
        )
    connection.execute(
        "DELETE FROM engine_execution WHERE NOT open AND ended_ms < ?", (now_ms - KEPT_MS,)
    )


_COLUMNS = (
    "id, name, machine, status, started_ms, input, ended_ms, output, error, cause,"
    " coalesce((SELECT count FROM engine_resumption WHERE execution = id), 0)"
)


def execution_named(connection: sqlite3.Connection, name: str) -> ExecutionRow | None:
    """The execution of that name."""
    sql = f"SELECT {_COLUMNS} FROM engine_execution WHERE name = ?"  # noqa: S608 - our own text
    found = connection.execute(sql, (name,)).fetchone()
    return None if found is None else ExecutionRow(*found)


def open_executions(database: Database) -> list[ExecutionRow]:
    """Those that have not ended, or whose end was not told, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM engine_execution WHERE open ORDER BY id"  # noqa: S608 - as above
    rows = database.rows(sql)
    return [ExecutionRow(*row) for row in rows]


def frames_of(database: Database, execution: int) -> dict[str, Snapshot]:
    """The journaled frames of an execution by their path."""
    rows = database.rows(
        "SELECT path, state, input, moment_ms, entered_ms, wake_ms, retries, events"
        " FROM engine_frame WHERE execution = ?",
        (execution,),
    )
    return {row[0]: Snapshot(*row)._replace(retries=_retries(row[6])) for row in rows}


def _retries(text: str) -> dict[int, int]:
    return {int(retrier): count for retrier, count in json.loads(text).items()}


def variables_of(database: Database, execution: int) -> dict[str, list[Variable]]:
    """The journaled variables of an execution by the path of their frame."""
    rows = database.rows(
        "SELECT path, name, value FROM engine_variable WHERE execution = ?", (execution,)
    )
    variables: dict[str, list[Variable]] = {}
    for row in rows:
        variables.setdefault(row[0], []).append(Variable(*row))
    return variables
