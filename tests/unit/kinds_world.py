"""A workspace with a workflow of whatever steps a test asks for, and the jobs of its steps."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from promptpilot.domain.execution import Execution
from promptpilot.domain.step_job import WorkflowStepJob
from promptpilot.domain.workflow_record import WorkflowRecord
from promptpilot.services.executions.records import load_execution
from promptpilot.services.runs.step_runs import run_workflow_step
from promptpilot.services.workflows.versions import load_workflow_version
from tests.fakes import ScriptedModel
from tests.unit.world import World


class KindsWorld(World):
    """The world, where the executed workflow has the steps that are given. Steps that call the
    prompt say just `{"id": ..., "kind": "prompt"}`.
    """

    def __init__(self, *steps: Mapping[str, Any], model: ScriptedModel | None = None) -> None:
        super().__init__(model or ScriptedModel())
        if steps:
            self.workflow = self.made(*steps)

    def made(self, *steps: Mapping[str, Any], **fields: Any) -> WorkflowRecord:
        """A new workflow."""
        return self.create({"name": "Kinds", "steps": [*map(self._step, steps)], **fields})

    def _step(self, step: Mapping[str, Any]) -> dict[str, Any]:
        if step["kind"] != "prompt":
            return dict(step)
        return {"prompt": {"id": self.prompt.id}, "with": {"text": "x"}, **step}

    def run(self, **input: Any) -> Execution:
        """A new execution of the workflow."""
        return self.execute(input)

    def job_of(self, execution: Execution, step: str, **fields: Any) -> WorkflowStepJob:
        """The job of a step, with the token `token <step>` unless it is said otherwise."""
        version = load_workflow_version(
            execution.workspace, execution.workflow_id, execution.version, table=self.ports.table
        )
        steps = enumerate(version.steps.items(), 1)
        ordinal, path, found = next((n, p, s) for n, (p, s) in steps if s.id == step)
        variables = {"variables": {"text": "x"}} if found.kind == "prompt" else {}
        told: dict[str, Any] = {
            "kind": found.kind,
            "token": f"token {step}",
            "workspace": execution.workspace,
            "execution": execution.id,
            "workflow": execution.workflow_id,
            "version": execution.version,
            "step": step,
            "path": path,
            "ordinal": ordinal,
            **variables,
            **fields,
        }
        return WorkflowStepJob(**told)

    async def do(
        self, execution: Execution, step: str, receive_count: int = 1, **fields: Any
    ) -> None:
        """Have a worker do the job of a step."""
        await run_workflow_step(self.job_of(execution, step, **fields), receive_count, self.ports)

    def stored(self, execution: Execution | str) -> Execution:
        """An execution as it is recorded."""
        named = execution if isinstance(execution, str) else execution.id
        workspace = self.principal.workspace
        return load_execution(workspace, named, table=self.ports.table).execution

    def events(self, *types: str) -> list[Mapping[str, Any]]:
        """What the outbox has of some types, oldest first."""
        found: Sequence[Any] = [json.loads(i.body) for i in self.ports.table.of_kind("outbox")]
        return [event for event in found if event["type"] in types]
