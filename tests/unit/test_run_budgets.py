"""What one execution may spend: written in its workflow, and binding what it runs, too."""

from typing import Any

import pytest

from promptpilot.domain.budget import RunBudget
from promptpilot.domain.execution import Execution
from promptpilot.domain.retry import DEFAULT_ERRORS
from promptpilot.domain.workflow_schema import workflow_schema
from promptpilot.errors import DocumentInvalid
from promptpilot.services.executions.children import all_children
from promptpilot.step_errors import step_error_names
from tests.unit.control import calling, child_of, replayed
from tests.unit.kinds_world import KindsWorld
from tests.unit.workflow_samples import compiled, workflow

STEP = {"id": "one", "kind": "prompt"}


def per_run(micro_usd: int) -> dict[str, Any]:
    return {"budget": {"per_run_micro_usd": micro_usd}}


def budget(execution: Execution, limit: int) -> RunBudget:
    return RunBudget(
        execution_id=execution.id, workflow_id=execution.workflow_id, limit_micro_usd=limit
    )


def test_an_execution_has_the_budget_of_its_workflow() -> None:
    world = KindsWorld()
    world.workflow = world.made(STEP, **per_run(500))
    execution = world.run()
    assert world.stored(execution).budgets == (budget(execution, 500),)


def test_without_one_it_has_none_and_says_nothing_of_it() -> None:
    execution = KindsWorld(STEP).run()
    assert execution.budgets == ()
    assert "budgets" not in execution.model_dump()


@pytest.mark.parametrize("inner_has_one", [True, False])
def test_what_a_step_runs_keeps_to_the_budgets_above_it(inner_has_one: bool) -> None:
    world = KindsWorld()
    inner = world.made(STEP, **(per_run(70) if inner_has_one else {}))
    world.workflow = world.made(calling(inner.id), **per_run(500))
    parent = world.run()
    child = child_of(world, parent)
    own = (budget(child, 70),) if inner_has_one else ()
    assert world.stored(child).budgets == (budget(parent, 500), *own)
    [listed] = all_children(parent.workspace, parent.id, table=world.ports.table)
    assert listed.id == child.id


def test_a_replay_has_a_budget_of_its_own() -> None:
    world = KindsWorld()
    world.workflow = world.made(STEP, **per_run(500))
    first = world.run()
    world.end(first)
    again = replayed(world, first)
    assert again.budgets == (budget(again, 500),)


@pytest.mark.parametrize(
    "written", [{"per_run_micro_usd": 0}, {"per_run_micro_usd": 1.5}, {"per_run": 5}, {}, 5]
)
def test_a_budget_that_is_none_is_refused_where_it_stands(written: object) -> None:
    with pytest.raises(DocumentInvalid) as raised:
        compiled({**workflow({"id": "wait", "kind": "wait", "for": "1s"}), "budget": written})
    assert all(each.at.startswith("/budget") for each in raised.value.problems)


def test_the_schema_of_documents_says_what_it_is_for() -> None:
    schema = workflow_schema()
    described = schema["properties"]["budget"]
    assert "models" in described["description"]
    inner = schema["$defs"]["WorkflowBudget"]["properties"]["per_run_micro_usd"]
    assert "millionths" in inner["description"]


def test_a_budget_that_is_exceeded_is_not_tried_again_unless_that_is_asked_for() -> None:
    assert "BudgetExceeded" in step_error_names()
    assert "BudgetExceeded" not in step_error_names("ModelError")
    assert "BudgetExceeded" not in DEFAULT_ERRORS
    step = {"id": "one", "kind": "fail", "error": "E"}
    asks = {"id": "sub", "kind": "workflow", "workflow": {"id": f"workflow_{'0' * 26}"}, "with": {}}
    retry = {"attempts": 2, "on": ["BudgetExceeded"]}
    assert compiled(workflow({**asks, "retry": retry}, step))
