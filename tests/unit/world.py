"""A workspace with an editor in it, a prompt and a workflow, on in-memory ports."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from promptpilot.adapters.partial_texts import TablePartialTexts
from promptpilot.clock import now
from promptpilot.domain.execution import Execution, ExecutionLog, log_id, machine_name
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt_document import PromptDraft
from promptpilot.domain.step_job import WorkflowStepJob
from promptpilot.domain.workflow_record import WorkflowRecord
from promptpilot.errors import NotFound
from promptpilot.ports.orchestrator import HistoryEvent, Machine
from promptpilot.services.executions.reading import get_execution
from promptpilot.services.executions.start import ExecuteRequest, execute
from promptpilot.services.executions.status import StatusChange, apply_status
from promptpilot.services.logs import list_logs
from promptpilot.services.prompts.documents import create_prompt
from promptpilot.services.runs.claimed_runs import LEASE_MS
from promptpilot.services.steps.logs import Delivery, claim
from promptpilot.services.steps.ports import Ports
from promptpilot.services.workflows.documents import create_workflow
from tests.fakes import (
    MODELS,
    DictCache,
    MemoryTable,
    ScriptedEgress,
    ScriptedLimiter,
    ScriptedModel,
    ScriptedModels,
)


class MemoryBlobs:
    """`Blobs` in a dictionary."""

    def __init__(self) -> None:
        self.blobs: dict[tuple[str, str], bytes] = {}

    def put(self, workspace: str, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[workspace, digest] = data
        return digest

    def get(self, workspace: str, digest: str) -> bytes:
        try:
            return self.blobs[workspace, digest]
        except KeyError:
            raise NotFound(kind="blob", id=digest) from None

    def delete(self, workspace: str, digest: str) -> None:
        self.blobs.pop((workspace, digest), None)


@dataclass
class RecordingOrchestrator:
    """An `Orchestrator` that runs nothing and remembers what it was told."""

    published: dict[str, Machine] = field(default_factory=dict)
    started: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)
    resumed: list[str] = field(default_factory=list)
    histories: dict[str, list[HistoryEvent]] = field(default_factory=dict)
    succeeded: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    beats: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    idle_since: datetime | None = None
    nobody_waits: bool = False
    """What every token is told."""

    def publish(self, machine: Machine) -> None:
        self.published[machine.digest] = machine

    def start(self, machine: Machine, name: str, input: Mapping[str, Any]) -> None:
        self.started.setdefault(name, input)

    def stop(self, machine: Machine, name: str, *, error: str, cause: str) -> None:
        self.stopped[name] = error

    def resume(self, machine: Machine, name: str, *, times: int) -> None:
        if self.resumed.count(name) < times:
            self.resumed.append(name)

    def history(
        self, machine: Machine, name: str, *, after: int, limit: int
    ) -> Sequence[HistoryEvent]:
        return self.histories.get(name, [])[after : after + limit]

    def output(self, arn: str) -> str | None:
        return self.outputs.get(arn)

    def forget_idle(self, since: datetime) -> int:
        self.idle_since = since
        return 0

    def succeed_task(self, token: str, output: Any) -> bool:
        self.succeeded[token] = output
        return not self.nobody_waits

    def fail_task(self, token: str, error: str, cause: str) -> bool:
        self.failed[token] = (error, cause)
        return not self.nobody_waits

    def heartbeat_task(self, token: str) -> bool:
        self.beats.append(token)
        return not self.nobody_waits


class NoWaiting:
    """A `Waiter` whose waits are over at once."""

    def __init__(self) -> None:
        self.announced: list[str] = []

    def announce(self, subject: str) -> None:
        self.announced.append(subject)

    def wait(self, subject: str, ended: Any, seconds: float) -> bool:
        return bool(ended())


class RecordingLive:
    """A `Live` whose connections are all open; `sent` is what was sent, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, connection: str, message: str) -> bool:
        self.sent.append((connection, message))
        return True

    def close(self, connection: str) -> None:
        """Nothing: nobody looks."""


class World:
    """A prompt "Say: {{text}}" and a workflow of two steps with it, `first` and `second`."""

    def __init__(
        self, model: ScriptedModel, output_schema: Mapping[str, Any] | None = None
    ) -> None:
        self.model = model
        self.orchestrator = RecordingOrchestrator()
        self.waiter = NoWaiting()
        self.cache = DictCache()
        self.limiter = ScriptedLimiter()
        self.egress = ScriptedEgress()
        self.live = RecordingLive()
        self.principal = Principal(new_id("user"), new_id("ws"), Role.EDITOR)
        table = MemoryTable()
        self.ports = Ports(
            table=table,
            blobs=MemoryBlobs(),
            models=ScriptedModels({"fake/echo": model}),
            cache=self.cache,
            rate_limiter=self.limiter,
            orchestrator=self.orchestrator,
            waiter=self.waiter,
            egress=self.egress,
            partial_texts=TablePartialTexts(table),
            live=lambda: self.live,
            followed=True,
            offload=self.in_place,
        )
        draft = PromptDraft(
            name="Say",
            content="Say: {{text}}",
            variables=("text",),
            model="fake/echo",
            output_schema=output_schema,
        )
        self.prompt = create_prompt(self.principal, draft, table=self.ports.table, models=MODELS)
        self.workflow = self.create(two_steps(self.prompt.id))

    @staticmethod
    async def in_place(call: Any, /, *args: Any, **kwargs: Any) -> Any:
        return call(*args, **kwargs)

    def ports_with(self, **changes: Any) -> Ports:
        return replace(self.ports, **changes)

    def create(self, document: Mapping[str, Any]) -> WorkflowRecord:
        """A new workflow, beside the world's own."""
        return create_workflow(
            self.principal,
            document,
            table=self.ports.table,
            models=MODELS,
            orchestrator=self.orchestrator,
        )

    def execute(
        self,
        input: Mapping[str, Any],
        workflow: WorkflowRecord | None = None,
        *,
        stream: bool = False,
    ) -> Execution:
        """A new execution of the world's workflow, or of another one."""
        return execute(
            self.principal,
            (workflow or self.workflow).id,
            ExecuteRequest(input=input, stream=stream),
            table=self.ports.table,
            orchestrator=self.orchestrator,
        )

    def job(self, execution: Execution, step: str) -> WorkflowStepJob:
        """The job that the state machine sends for a step."""
        return WorkflowStepJob(
            kind="prompt",
            token=f"token {step}",
            workspace=execution.workspace,
            execution=execution.id,
            workflow=execution.workflow_id,
            version=execution.version,
            step=step,
            path=step,
            ordinal=1 if step == "first" else 2,
            variables={"text": execution.input["text"]},
        )

    def claim(self, job: WorkflowStepJob, receive_count: int) -> None:
        """Claim a step as a worker does that then dies."""
        pin = self.prompt
        log = ExecutionLog(
            id=log_id(job.execution, job),
            workspace=job.workspace,
            execution_id=job.execution,
            prompt_id=pin.id,
            prompt_version=pin.version,
            step=job.step,
            path=job.path,
            started_at=now(),
        )
        delivery = Delivery(job.token, receive_count)
        claim(log, delivery, LEASE_MS, table=self.ports.table, blobs=self.ports.blobs)

    def logs(self, execution: Execution) -> tuple[ExecutionLog, ...]:
        page = list_logs(
            self.principal, execution.id, table=self.ports.table, blobs=self.ports.blobs
        )
        return page.items

    def change(self, execution: Execution, status: str, **fields: Any) -> None:
        """What the orchestrator tells of an execution."""
        name = machine_name(execution.workspace, execution.id)
        detail = {"name": name, "status": status, "startDate": 1_000, **fields}
        apply_status(
            StatusChange.model_validate(detail),
            table=self.ports.table,
            blobs=self.ports.blobs,
            waiter=self.waiter,
            orchestrator=self.orchestrator,
        )

    def end(self, execution: Execution) -> None:
        self.change(execution, "ABORTED", stopDate=2_000)

    def read(self, execution: Execution) -> Execution:
        return get_execution(
            self.principal, execution.id, table=self.ports.table, blobs=self.ports.blobs
        )


def two_steps(prompt: str) -> dict[str, Any]:
    """The document of a workflow with two prompt steps in a row."""
    return {
        "name": "Two",
        "input": {"type": "object", "properties": {"text": {"type": "string"}}},
        "steps": [
            {
                "id": "first",
                "kind": "prompt",
                "prompt": {"id": prompt},
                "with": {"text": "{% $input.text %}"},
            },
            {
                "id": "second",
                "kind": "prompt",
                "prompt": {"id": prompt},
                "with": {"text": "{% $first.text %}"},
            },
        ],
    }
