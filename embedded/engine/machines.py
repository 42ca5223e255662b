"""The state machines that are known, compiled once each."""

import json
import sqlite3
import threading
from collections import OrderedDict

from embedded.database import Database
from embedded.engine.state_machine import StateMachine, compile_machine
from promptpilot.errors import NotFound
from promptpilot.ports.orchestrator import Machine

MAX_COMPILED = 500
"""How many machines are kept compiled; others are compiled again from the database."""


class Machines:
    """Keeps every published definition for the executions of it that outlive the process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._compiled: OrderedDict[str, StateMachine] = OrderedDict()

    def publish(self, machine: Machine) -> StateMachine:
        """The machine compiled; durable on return. Raises `DocumentInvalid`, `StoreUnavailable`."""
        key = f"{machine.workspace}/{machine.workflow}/{machine.version}/{machine.digest}"
        known = self._find(key)
        if known is not None:
            return known
        asl = json.dumps(machine.asl)
        compiled = compile_machine(key, machine.workflow, asl)
        self._database.write(lambda connection: _insert(connection, key, asl))
        return self._keep(compiled)

    def load(self, key: str) -> StateMachine:
        """The machine published under the key. Raises `NotFound`, `DocumentInvalid`."""
        known = self._find(key)
        if known is not None:
            return known
        rows = self._database.rows("SELECT asl FROM engine_machine WHERE key = ?", (key,))
        if not rows:
            raise NotFound(kind="state machine", id=key)
        return self._keep(compile_machine(key, workflow_of(key), rows[0][0]))

    def _find(self, key: str) -> StateMachine | None:
        with self._lock:
            compiled = self._compiled.get(key)
            if compiled is not None:
                self._compiled.move_to_end(key)
            return compiled

    def _keep(self, compiled: StateMachine) -> StateMachine:
        with self._lock:
            self._compiled[compiled.key] = compiled
            if len(self._compiled) > MAX_COMPILED:
                self._compiled.popitem(last=False)
        return compiled


def workflow_of(key: str) -> str:
    """The workflow whose machine has that key."""
    return key.split("/")[1]


def _insert(connection: sqlite3.Connection, key: str, asl: str) -> None:
    connection.execute(
        "INSERT INTO engine_machine VALUES (?, ?) ON CONFLICT (key) DO NOTHING", (key, asl)
    )
