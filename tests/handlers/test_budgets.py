"""Budgets and costs over the API."""

import pytest

from promptpilot.clock import now
from promptpilot.domain.budget import month_of
from promptpilot.domain.model import Completion, Usage
from promptpilot.domain.permissions import Role
from promptpilot.domain.price import Price
from promptpilot.platform import Platform
from promptpilot.services.outbox import OUTBOX
from tests.fakes import ScriptedModel, ScriptedModels
from tests.handlers.here import Caller, make_prompt, make_user, set_role

MONTH = month_of(now())
PRICE = Price(input_per_million=0, output_per_million=1, as_of="2026-11-01")
UNSET = {
    "monthly_micro_usd": None,
    "on_exceeded": "stop",
    "month": MONTH,
    "spent_micro_usd": 0,
    "reserved_micro_usd": 0,
    "percentage": None,
    "unknown_calls": 0,
}


@pytest.fixture
def priced(ports: Platform) -> ScriptedModel:
    """A model whose every answer costs 40 micro-dollars."""
    answer = Completion(text="ok", model="m", usage=Usage(output_tokens=40))
    model = ScriptedModel(lambda _: answer, price=PRICE)
    models = ports.models
    assert isinstance(models, ScriptedModels)
    models.models["fake/echo"] = model
    return model


def run(caller: Caller) -> str:
    """A run of a new prompt, outside of workflows."""
    prompt = make_prompt(caller)["id"]
    assert caller.post(f"/prompts/{prompt}/run", {"variables": {"notes": "x"}}).status == 200
    return str(prompt)


def test_a_workspace_begins_without_a_budget(one: Caller) -> None:
    assert one.get("/workspace/budget").json == UNSET


def test_a_budget_is_set_and_taken_away(one: Caller) -> None:
    answer = one.put("/workspace/budget", {"monthly_micro_usd": 500, "on_exceeded": "warn"})
    assert answer.status == 200
    told = {**UNSET, "monthly_micro_usd": 500, "on_exceeded": "warn", "percentage": 0.0}
    assert answer.json == one.get("/workspace/budget").json == told
    assert one.put("/workspace/budget", {}).json == UNSET


def test_what_was_spent_before_the_budget_was_set_is_gone_of_it(
    one: Caller, priced: ScriptedModel
) -> None:
    run(one)
    assert one.get("/workspace/budget").json["spent_micro_usd"] == 40
    answer = one.put("/workspace/budget", {"monthly_micro_usd": 160})
    assert (answer.json["spent_micro_usd"], answer.json["percentage"]) == (40, 25.0)


def test_costs_are_told_by_model_workflow_and_prompt(one: Caller, priced: ScriptedModel) -> None:
    prompts = sorted(run(one) for _ in range(2))
    assert one.get("/workspace/costs").json == {
        "cost_micro_usd": 80,
        "unknown_calls": 0,
        "month": MONTH,
        "by_model": [{"model": "fake/echo", "cost_micro_usd": 80, "unknown_calls": 0}],
        "by_workflow": [{"workflow_id": None, "cost_micro_usd": 80, "unknown_calls": 0}],
        "by_prompt": [
            {"prompt_id": prompt, "cost_micro_usd": 40, "unknown_calls": 0} for prompt in prompts
        ],
    }
    assert one.get("/workspace/costs?month=2026-01").json["by_model"] == []


def test_calls_of_unknown_cost_are_counted(one: Caller) -> None:
    run(one)
    assert one.get("/workspace/costs").json["unknown_calls"] == 1
    assert one.get("/workspace/budget").json["unknown_calls"] == 1


def test_others_see_nothing_of_it(one: Caller, two: Caller, priced: ScriptedModel) -> None:
    run(one)
    one.put("/workspace/budget", {"monthly_micro_usd": 160})
    assert two.get("/workspace/budget").json == UNSET
    assert two.get("/workspace/costs").json["cost_micro_usd"] == 0


@pytest.mark.parametrize("month", ["2026", "2026-13", "2026-1", "x", "2026-11-01", "2026-00"])
def test_a_month_that_is_none_is_refused(one: Caller, month: str) -> None:
    assert one.get(f"/workspace/costs?month={month}").status == 422


@pytest.mark.parametrize(
    ("budget", "at"),
    [
        ({"monthly_micro_usd": 0}, "/monthly_micro_usd"),
        ({"monthly_micro_usd": 1.5}, "/monthly_micro_usd"),
        ({"monthly_micro_usd": 10**16}, "/monthly_micro_usd"),
        ({"on_exceeded": "shout"}, "/on_exceeded"),
        ({"weekly_micro_usd": 5}, "/weekly_micro_usd"),
    ],
)
def test_a_budget_that_is_none_is_refused(one: Caller, budget: dict[str, object], at: str) -> None:
    answer = one.put("/workspace/budget", budget)
    assert answer.status == 422
    assert [each["at"] for each in answer.json["fields"]] == [at]


def test_only_admins_set_budgets_and_everyone_may_read_them(one: Caller) -> None:
    editor = make_user("Editor")
    set_role(str(editor.user), one.workspace, Role.EDITOR)
    inside = editor.within(one.workspace)
    assert inside.put("/workspace/budget", {"monthly_micro_usd": 1}).status == 403
    assert inside.get("/workspace/budget").status == 200
    assert inside.get("/workspace/costs").status == 200


def test_a_budget_that_one_has_is_not_sent_again(one: Caller, priced: ScriptedModel) -> None:
    tag = str(one.get("/workspace/budget").header("ETag"))
    assert one.get("/workspace/budget", if_none_match=tag).status == 304
    run(one)
    assert one.get("/workspace/budget", if_none_match=tag).status == 200


def test_only_a_budget_that_one_has_seen_is_changed(one: Caller, priced: ScriptedModel) -> None:
    first = str(one.get("/workspace/budget").header("ETag"))
    run(one)  # what was spent meanwhile is no change of the setting
    put = "/workspace/budget"
    second = one.put(put, {"monthly_micro_usd": 500}, if_match=first)
    assert second.status == 200
    assert one.put(put, {"monthly_micro_usd": 600}, if_match=first).status == 412
    assert (
        one.put(put, {"monthly_micro_usd": 700}, if_match=str(second.header("ETag"))).status == 200
    )
    assert one.get(put).json["monthly_micro_usd"] == 700


def test_an_event_tells_of_the_change(one: Caller, ports: Platform) -> None:
    one.put("/workspace/budget", {"monthly_micro_usd": 500})
    events = [item.body for item in ports.table.of_kind(OUTBOX)]  # type: ignore[attr-defined]
    assert any('"workspace.budget.changed"' in body and "500" in body for body in events)
