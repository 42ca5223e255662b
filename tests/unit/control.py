"""Controlling the executions of a world, and other workflows in it than its two steps."""

import json
from collections.abc import Mapping
from typing import Any

from promptpilot.domain.execution import Execution, ExecutionStatus, log_id, machine_name
from promptpilot.domain.step_job import StepPlace
from promptpilot.services.executions.cancel import CancelRequest, cancel
from promptpilot.services.executions.replay import ReplayRequest, replay
from promptpilot.services.executions.resume import resume
from promptpilot.services.executions.start import start_child
from tests.unit.world import World


def name_of(execution: Execution) -> str:
    """What an orchestrator calls an execution."""
    return machine_name(execution.workspace, execution.id)


def cancelled(world: World, execution: Execution, reason: str | None = None) -> Execution:
    return cancel(
        world.principal,
        execution.id,
        CancelRequest(reason=reason),
        table=world.ports.table,
        blobs=world.ports.blobs,
        orchestrator=world.orchestrator,
        waiter=world.waiter,
    )


def resumed(world: World, execution: Execution) -> Execution:
    return resume(
        world.principal, execution.id, table=world.ports.table, orchestrator=world.orchestrator
    )


def replayed(world: World, execution: Execution, **asked: Any) -> Execution:
    return replay(
        world.principal,
        execution.id,
        ReplayRequest.model_validate(asked),
        table=world.ports.table,
        orchestrator=world.orchestrator,
    )


def use(world: World, *steps: Mapping[str, Any]) -> None:
    """Let the world's workflow be one of these steps."""
    world.workflow = world.create({"name": "Other", "steps": list(steps)})


def calling(workflow: str) -> dict[str, Any]:
    """A step that runs another workflow."""
    return {"id": "call", "kind": "workflow", "workflow": {"id": workflow}, "with": {"text": "x"}}


def child_of(world: World, parent: Execution, iteration: str | None = None) -> Execution:
    """The execution that the step `call` of `parent` runs."""
    place = StepPlace(step="call", path="call", ordinal=1, iteration=iteration)
    log = log_id(parent.id, place)
    return start_child(
        parent,
        id=f"execution_{parent.id[-26:-2]}{len(iteration or ''):02d}",
        log=log,
        path="call",
        pin=parent.workflow_pins["call"],
        input={"text": "x"},
        table=world.ports.table,
        orchestrator=world.orchestrator,
    )


def status_of(world: World, execution: Execution) -> ExecutionStatus:
    return world.read(execution).status


def told(world: World, execution: Execution) -> list[str]:
    """The types of the events that tell of an execution, in order."""
    items = world.ports.table.of_kind("outbox")  # type: ignore[attr-defined]
    events = [json.loads(item.body) for item in items]
    return [event["type"] for event in events if event["subject"] == execution.id]
