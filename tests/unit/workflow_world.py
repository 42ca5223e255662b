"""A workspace with an editor who makes workflows, on in-memory ports."""

import json
from typing import Any

from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.domain.workflow_record import WorkflowRecord
from promptpilot.services.workflows.documents import create_workflow
from promptpilot.services.workflows.publishing import create_version
from tests.fakes import MODELS, MemoryTable
from tests.unit.prompt_world import someone
from tests.unit.workflow_samples import transform, workflow
from tests.unit.world import RecordingOrchestrator

INPUT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


def simple(**fields: Any) -> dict[str, Any]:
    """A valid document that needs no prompt."""
    step = transform("shout", "{% $uppercase($input.text) %}")
    return {**workflow(step, input=INPUT, output={"text": "{% $shout %}"}), **fields}


def runs(*children: Any, **fields: Any) -> dict[str, Any]:
    """A document that runs others: each is an id, or a reference with `with` in it."""
    steps = []
    for place, child in enumerate(children):
        ref = {"id": child} if isinstance(child, str) else dict(child)
        given = ref.pop("with", {"text": "Hi."})
        steps.append({"id": f"run_{place}", "kind": "workflow", "workflow": ref, "with": given})
    return workflow(*steps, **fields)


class Desk:
    """Where an editor works."""

    def __init__(self) -> None:
        self.table = MemoryTable()
        self.orchestrator = RecordingOrchestrator()
        self.editor = someone(Role.EDITOR)

    def as_a(self, role: Role) -> Principal:
        """Somebody else of the workspace."""
        return someone(role, workspace=self.editor.workspace)

    def make(self, document: Any = None, **fields: Any) -> WorkflowRecord:
        """A new workflow."""
        return create_workflow(
            self.editor,
            {**(simple() if document is None else document), **fields},
            table=self.table,
            models=MODELS,
            orchestrator=self.orchestrator,
        )

    def revise(
        self, id: str, document: Any, bump: str | None = None, **also: Any
    ) -> WorkflowRecord:
        """The next version of a workflow."""
        return create_version(
            self.editor,
            id,
            document,
            bump=bump,
            table=self.table,
            models=MODELS,
            orchestrator=self.orchestrator,
            **also,
        )

    def events(self, id: str) -> list[tuple[str, dict[str, Any]]]:
        """What events told of a workflow, in order: their types and data."""
        items = self.table.query(f"{self.editor.workspace}/outbox/{id}").items
        told = [json.loads(item.body) for item in items]
        return [(event["type"], event["data"]) for event in told]
