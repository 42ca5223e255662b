"""Replaying executions: a new one on the same input, with some things otherwise.

The steps before `from_step`, in reading order, are answered from what is recorded of the first
execution; so are they in the iterations of a map or a loop around it. From that step on all run
anew, with the same versions of prompts and workflows unless a step has an override.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from promptpilot.clock import now
from promptpilot.compiler.pointers import pointer
from promptpilot.domain.base import Model
from promptpilot.domain.execution import Execution, Override, Pin, Replay
from promptpilot.domain.ids import new_id
from promptpilot.domain.model import ModelName
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import PromptRef
from promptpilot.domain.workflow import WorkflowVersion
from promptpilot.domain.workflow_steps import PromptStep
from promptpilot.errors import DocumentInvalid, ExecutionNotEnded, Invalid, NotFound, Problem
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Table
from promptpilot.services.executions.machine import startable_head
from promptpilot.services.executions.pins import pin_of
from promptpilot.services.executions.records import load_execution
from promptpilot.services.executions.run_budgets import with_budget
from promptpilot.services.executions.start import begin
from promptpilot.services.prompts.versions import resolve_ref
from promptpilot.services.workflows.versions import load_workflow_version

FROM_STEP, OVERRIDES = "/from_step", "/overrides"


class StepOverride(Model):
    """What a step has otherwise: another model, another version of its prompt, by number or by
    label.
    """

    model: ModelName | None = None
    prompt_version: Annotated[str, Field(max_length=100)] | None = None
    prompt_label: Annotated[str, Field(max_length=100)] | None = None


class ReplayRequest(Model):
    """From which step on an execution is to run anew, and what is otherwise then, by step id.
    Without a step all of it runs anew.
    """

    from_step: Annotated[str, Field(max_length=64)] | None = None
    overrides: Annotated[Mapping[str, StepOverride], Field(max_length=200)] = {}


def replay(
    principal: Principal,
    id: str,
    request: ReplayRequest,
    *,
    table: Table,
    orchestrator: Orchestrator,
) -> Execution:
    """Start a new execution on the input of one that has ended.

    Raises `NotFound`, `ExecutionNotEnded`, `WorkflowSuspended`, `DocumentInvalid` with the place of
    everything in the request that does not fit the workflow.
    """
    principal.require(Action.WORKFLOW_EXECUTE)
    workspace = principal.workspace
    first = load_execution(workspace, id, table=table).execution
    if not first.status.final:
        raise ExecutionNotEnded
    startable_head(workspace, first.workflow_id, table=table)
    version = load_workflow_version(workspace, first.workflow_id, first.version, table=table)
    plan = _Plan(version, first, table)
    plan.read(request)
    execution = Execution(
        id=new_id("execution"),
        workspace=workspace,
        workflow_id=first.workflow_id,
        version=first.version,
        pins=plan.pins,
        workflow_pins=first.workflow_pins,
        input=first.input,
        trigger="replay",
        replay_of=Replay(execution_id=first.id, from_step=plan.from_step),
        overrides=plan.overrides,
        created_by=principal.user,
        created_at=now(),
    )
    execution = with_budget(execution, version)
    return begin(execution, table=table, orchestrator=orchestrator)


class _Plan:
    """What of an execution stays as it was, and what does not."""

    def __init__(self, version: WorkflowVersion, first: Execution, table: Table) -> None:
        self._steps = {
            step.id: (place, path, step) for place, (path, step) in enumerate(version.steps.items())
        }
        self._first = first
        self._table = table
        self._problems: list[Problem] = []
        self.from_step = next(iter(self._steps))
        self.pins: dict[str, Pin] = dict(first.pins)
        self.overrides: dict[str, Override] = {}

    def read(self, request: ReplayRequest) -> None:
        """Raise `DocumentInvalid` unless the request fits the workflow."""
        if request.from_step is not None:
            self.from_step = request.from_step
        if self.from_step not in self._steps:
            self._problem(FROM_STEP, "step_unknown", "The workflow has no such step.")
        for name, override in request.overrides.items():
            if name not in self._steps:
                at = pointer(OVERRIDES, name)
                self._problem(at, "step_unknown", "The workflow has no such step.")
            else:
                self._override(name, override)
        if self._problems:
            raise DocumentInvalid(
                reason="The replay does not fit the execution's workflow.",
                problems=tuple(self._problems),
            )

    def _override(self, name: str, asked: StepOverride) -> None:
        at = pointer(OVERRIDES, name)
        place, path, step = self._steps[name]
        if not isinstance(step, PromptStep):
            self._problem(at, "no_prompt_step", "Only steps that call a model can be overridden.")
        elif self.from_step in self._steps and place < self._steps[self.from_step][0]:
            message = f"It stands before {self.from_step!r}, so its recorded result is used."
            self._problem(at, "step_not_run", message)
        elif asked.prompt_version is None and asked.prompt_label is None:
            self.overrides[name] = Override(model=asked.model)
        else:
            self._pin(at, name, path, asked)

    def _pin(self, at: str, name: str, path: str, asked: StepOverride) -> None:
        ref = PromptRef(
            id=self._first.pins[path].prompt_id,
            version=asked.prompt_version,
            label=asked.prompt_label,
        )
        field = "prompt_version" if asked.prompt_version is not None else "prompt_label"
        try:
            version = resolve_ref(self._first.workspace, ref, table=self._table)
        except NotFound as error:
            self._problem(pointer(at, field), "version_unknown", str(error))
        except Invalid as error:
            self._problem(pointer(at, field), "version_invalid", str(error))
        else:
            self.pins[path] = pin_of(version)
            self.overrides[name] = Override(model=asked.model, prompt_version=version.version)

    def _problem(self, at: str, code: str, message: str) -> None:
        self._problems.append(Problem(at, code, message))
