"""Workflows to start in a table of any kind, and an orchestrator that counts what runs."""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from promptpilot.clock import now
from promptpilot.domain.bounds import Bounds
from promptpilot.domain.execution import (
    Execution,
    ExecutionStatus,
    machine_name,
    parse_machine_name,
)
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.domain.workflow import Workflow, WorkflowDocument, WorkflowVersion
from promptpilot.domain.workspace_limits import WorkspaceLimits
from promptpilot.errors import Unavailable
from promptpilot.ports.orchestrator import Machine
from promptpilot.ports.table import Create, Put, Table
from promptpilot.services.executions.queue import start_next
from promptpilot.services.executions.records import load_execution
from promptpilot.services.executions.slots import load_counter, release
from promptpilot.services.executions.start import ExecuteRequest, execute
from promptpilot.services.workflows.versions import WORKFLOWS, version_item
from promptpilot.services.workspace_limits import put_limits
from tests.unit.world import RecordingOrchestrator

DOCUMENT = WorkflowDocument.model_validate(
    {"name": "Nothing", "steps": [{"id": "only", "kind": "transform", "value": 1}]}
)
BOUNDS = Bounds(model_calls=0, transitions=1, history_events=4, definition_bytes=100)


class CountingOrchestrator(RecordingOrchestrator):
    """An `Orchestrator` whose executions run until a test ends them; `most` is how many ran at the
    same time. While it is `full` nothing can be started.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self.order: list[str] = []
        self.running: set[str] = set()
        self.most = 0
        self.full = False

    def start(self, machine: Machine, name: str, input: Mapping[str, Any]) -> None:
        if self.full:
            raise Unavailable
        with self._lock:
            _, execution = parse_machine_name(name)
            if execution not in self.order:
                self.order.append(execution)
                self.running.add(execution)
                self.most = max(self.most, len(self.running))

    def ended(self, execution: str) -> None:
        with self._lock:
            self.running.discard(execution)


class LimitedWorkspace:
    """A workspace in which so many executions may run, and somebody who starts them."""

    def __init__(self, table: Table, limit: int | None) -> None:
        self.table = table
        self.orchestrator = CountingOrchestrator()
        self.principal = Principal(new_id("user"), new_id("ws"), Role.ADMIN)
        self.id = self.principal.workspace
        self.limit_to(limit)

    def limit_to(self, limit: int | None) -> None:
        limits = WorkspaceLimits(max_running_executions=limit)
        put_limits(self.principal, limits, table=self.table)

    def workflow(self) -> str:
        """A new workflow's id."""
        head = Workflow(
            id=new_id("workflow"),
            workspace=self.id,
            name="Nothing",
            owner=self.principal.user,
            latest="1.0.0",
            created_at=now(),
            updated_at=now(),
        )
        version = WorkflowVersion(
            workspace=self.id,
            workflow_id=head.id,
            version="1.0.0",
            document=DOCUMENT,
            asl={"StartAt": "only"},
            bounds=BOUNDS,
            digest="0" * 64,
            author=self.principal.user,
            created_at=now(),
        )
        self.table.write([Create(WORKFLOWS.item(head)), Create(version_item(version))])
        return head.id

    def start(self, workflow: str) -> Execution:
        return execute(
            self.principal,
            workflow,
            ExecuteRequest(),
            table=self.table,
            orchestrator=self.orchestrator,
        )

    def record_end(self, id: str) -> None:
        """The execution's end is recorded, and nothing follows yet."""
        found = load_execution(self.id, id, table=self.table)
        ended = found.changed(status=ExecutionStatus.SUCCEEDED, ended_at=now())
        self.orchestrator.ended(id)
        self.table.write([Put(ended.item)])

    def end(self, id: str) -> None:
        """The execution ends, and what follows from it is done."""
        self.record_end(id)
        release(self.id, id, table=self.table)
        self.go_on()

    def go_on(self) -> None:
        start_next(self.id, table=self.table, orchestrator=self.orchestrator)

    def counted(self) -> int:
        return load_counter(self.id, table=self.table).total

    def name(self, execution: Execution) -> str:
        return machine_name(self.id, execution.id)
