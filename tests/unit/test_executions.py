"""Executions: pinned at the start, forward only, summed from their logs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from promptpilot.domain.execution import ExecutionStatus
from promptpilot.domain.ids import new_id
from promptpilot.domain.model import Completion, Usage
from promptpilot.domain.permissions import Role
from promptpilot.domain.price import Price
from promptpilot.domain.principal import Principal
from promptpilot.domain.progress import progress_subject
from promptpilot.domain.prompt_document import VersionDraft
from promptpilot.errors import DocumentInvalid, Forbidden, NotFound, TooLarge, Unavailable
from promptpilot.ports.orchestrator import Machine
from promptpilot.services.executions.reading import ExecutionFilters, get_execution, list_executions
from promptpilot.services.executions.start import ExecuteRequest, ensure_started, execute
from promptpilot.services.prompts.versions import create_version
from promptpilot.services.runs.step_runs import run_workflow_step
from promptpilot.services.workflows.documents import create_workflow
from promptpilot.step_errors import ModelOverloaded
from tests.fakes import MODELS, ScriptedModel
from tests.unit.world import RecordingOrchestrator, World

USAGE = Usage(input_tokens=1_000_000, output_tokens=500_000)
PRICE = Price(input_per_million=1.0, output_per_million=2.0, as_of="2026-11-24")


def answers(count: int) -> list[Completion]:
    return [Completion(text="x", model="m", usage=USAGE) for _ in range(count)]


def test_an_execution_is_recorded_and_started_with_its_envelope() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    [(name, envelope)] = world.orchestrator.started.items()
    assert name == f"{execution.workspace}-{execution.id}"
    assert envelope["input"] == {"text": "x"}
    assert envelope["execution"] == execution.id
    assert world.read(execution).status is ExecutionStatus.QUEUED


def test_prompts_are_pinned_to_what_they_were_at_the_start() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    draft = VersionDraft(content="Shout: {{text}}")
    newer = create_version(
        world.principal, world.prompt.id, draft, table=world.ports.table, models=MODELS
    )
    later = world.execute({"text": "x"})
    assert world.read(execution).pins["first"].version == world.prompt.version
    assert world.read(later).pins["first"].version == newer.version
    assert world.read(later).pins["first"].digest == newer.digest


async def test_a_step_runs_the_pinned_version_though_a_newer_one_exists() -> None:
    world = World(ScriptedModel(["fine"]))
    execution = world.execute({"text": "x"})
    draft = VersionDraft(content="Shout: {{text}}")
    create_version(world.principal, world.prompt.id, draft, table=world.ports.table, models=MODELS)
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    assert world.model.requests[0].messages[-1].content == "Say: x"


def test_an_input_that_does_not_fit_the_schema_starts_nothing() -> None:
    world = World(ScriptedModel())
    with pytest.raises(DocumentInvalid) as refused:
        world.execute({"text": 5})
    assert [problem.at for problem in refused.value.problems] == ["/text"]
    assert world.orchestrator.started == {}


def test_an_input_too_large_for_the_state_is_refused() -> None:
    with pytest.raises(TooLarge):
        World(ScriptedModel()).execute({"text": "x" * 250_000})


def test_a_viewer_may_not_execute() -> None:
    world = World(ScriptedModel())
    viewer = Principal(world.principal.user, world.principal.workspace, Role.VIEWER)
    with pytest.raises(Forbidden):
        execute(
            viewer,
            world.workflow.id,
            ExecuteRequest(),
            table=world.ports.table,
            orchestrator=world.orchestrator,
        )


def test_executions_of_another_workspace_are_not_found() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    stranger = Principal(new_id("user"), new_id("ws"), Role.OWNER)
    ports = world.ports
    with pytest.raises(NotFound):
        get_execution(stranger, execution.id, table=ports.table, blobs=ports.blobs)
    assert list_executions(stranger, filters=ExecutionFilters(), table=ports.table).items == ()


def test_status_moves_only_forward() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.change(execution, "SUCCEEDED", stopDate=5_000, output='"done"')
    for late in ("RUNNING", "FAILED", "ABORTED"):
        world.change(execution, late, stopDate=9_000)
    ended = world.read(execution)
    assert (ended.status, ended.output) == (ExecutionStatus.SUCCEEDED, "done")
    assert ended.ended_at is not None
    assert ended.ended_at.timestamp() == 5


def test_the_end_wakes_whoever_waits_and_running_does_not() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.change(execution, "RUNNING")
    assert world.waiter.announced == []
    world.change(execution, "TIMED_OUT", stopDate=2_000)
    assert world.waiter.announced == [execution.id, progress_subject(execution.id)]


async def test_usage_and_cost_sum_exactly_from_the_steps() -> None:
    world = World(ScriptedModel(answers(2), price=PRICE))
    execution = world.execute({"text": "x"})
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    assert world.read(execution).cost_micro_usd == 2_000_000  # while it runs
    await run_workflow_step(world.job(execution, "second"), 1, world.ports)
    world.change(execution, "SUCCEEDED", stopDate=5_000, output="null")
    ended = world.read(execution)
    assert ended.cost_micro_usd == 4_000_000
    assert ended.usage == USAGE + USAGE


async def test_one_unknown_cost_makes_the_sum_unknown() -> None:
    world = World(ScriptedModel(answers(1)))
    execution = world.execute({"text": "x"})
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    world.change(execution, "SUCCEEDED", stopDate=5_000, output="null")
    assert world.read(execution).cost_micro_usd is None


async def test_a_failed_execution_names_the_step_and_its_error() -> None:
    world = World(ScriptedModel([ModelOverloaded(reason="too busy")]))
    execution = world.execute({"text": "x"})
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    world.change(execution, "FAILED", stopDate=5_000, error="ModelOverloaded", cause="too busy")
    error = world.read(execution).error
    assert error is not None
    assert (error.name, error.message, error.step) == ("ModelOverloaded", "too busy", "first")


@pytest.mark.parametrize(
    ("error", "step"), [("Refused", "stop"), ("States.QueryEvaluationError", None)]
)
def test_a_fail_step_is_named_and_an_error_of_the_machine_itself_is_not_put_on_it(
    error: str, step: str | None
) -> None:
    world = World(ScriptedModel())
    document = {"name": "Stops", "steps": [{"id": "stop", "kind": "fail", "error": "Refused"}]}
    world.workflow = create_workflow(
        world.principal,
        document,
        table=world.ports.table,
        models=MODELS,
        orchestrator=world.orchestrator,
    )
    execution = world.execute({"text": "x"})
    world.change(execution, "FAILED", stopDate=5_000, error=error, cause="because")
    ended = world.read(execution).error
    assert ended is not None
    assert (ended.name, ended.message, ended.step) == (error, "because", step)


def test_a_large_output_is_kept_and_given_back_whole() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    output = '"' + "y" * 200_000 + '"'
    world.change(execution, "SUCCEEDED", stopDate=5_000, output=output)
    assert world.read(execution).output == "y" * 200_000


def test_a_recorded_execution_that_was_never_started_is_started_by_its_event() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.orchestrator.started.clear()  # as if the process had died between record and start
    table, workspace = world.ports.table, execution.workspace
    ensure_started(workspace, execution.id, table=table, orchestrator=world.orchestrator)
    assert list(world.orchestrator.started) == [f"{workspace}-{execution.id}"]


@dataclass
class FullOrchestrator(RecordingOrchestrator):
    """One that can start nothing more for now."""

    full: bool = True

    def start(self, machine: Machine, name: str, input: Mapping[str, Any]) -> None:
        if self.full:
            raise Unavailable
        super().start(machine, name, input)


def test_an_execution_that_cannot_be_started_yet_is_queued_and_its_event_starts_it_later() -> None:
    world = World(ScriptedModel())
    world.orchestrator = FullOrchestrator()
    execution = world.execute({"text": "x"})
    assert world.read(execution).status is ExecutionStatus.QUEUED
    events = [item for item in world.ports.table.of_kind("outbox") if execution.id in item.body]
    assert ["execution.queued" in event.body for event in events] == [True]

    def event_comes() -> None:
        table, orchestrator = world.ports.table, world.orchestrator
        ensure_started(execution.workspace, execution.id, table=table, orchestrator=orchestrator)

    with pytest.raises(Unavailable):
        event_comes()
    world.orchestrator.full = False
    event_comes()
    assert list(world.orchestrator.started) == [f"{execution.workspace}-{execution.id}"]


def test_a_start_publishes_nothing_itself() -> None:
    world = World(ScriptedModel())
    world.orchestrator.published.clear()
    world.execute({"text": "x"})
    assert world.orchestrator.published == {}


def test_an_execution_that_has_ended_is_not_started_again() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.end(execution)
    world.orchestrator.started.clear()
    ensure_started(
        execution.workspace,
        execution.id,
        table=world.ports.table,
        orchestrator=world.orchestrator,
    )
    assert world.orchestrator.started == {}


def test_executions_are_listed_newest_first_and_by_status() -> None:
    world = World(ScriptedModel())
    first, second, third = (world.execute({"text": str(n)}) for n in range(3))
    world.end(second)
    table = world.ports.table

    def ids(**filters: object) -> list[str]:
        wanted = ExecutionFilters.model_validate(filters)
        page = list_executions(world.principal, filters=wanted, table=table)
        return [each.id for each in page.items]

    assert ids() == [third.id, second.id, first.id]
    assert ids(status="cancelled") == [second.id]
    assert ids(workflow_id=world.workflow.id, status="queued") == [third.id, first.id]
