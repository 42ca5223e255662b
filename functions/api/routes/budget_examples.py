"""Examples of budgets and costs for the OpenAPI document."""

from functions.api.routes.examples import MODEL, PROMPT_ID, WORKFLOW_ID, sent
from promptpilot import errors

_BUDGET = {"monthly_micro_usd": 50_000_000, "on_exceeded": "stop"}
BUDGET_SENT = sent(_BUDGET)
BUDGET = {
    **_BUDGET,
    "month": "2026-11",
    "spent_micro_usd": 12_340_000,
    "reserved_micro_usd": 160_000,
    "percentage": 24.68,
    "unknown_calls": 0,
}
_COST = {"cost_micro_usd": 12_340_000, "unknown_calls": 3}
COSTS = {
    "month": "2026-11",
    **_COST,
    "by_model": [
        {"model": "openai/gpt-5", "cost_micro_usd": 12_340_000, "unknown_calls": 0},
        {"model": MODEL, "cost_micro_usd": 0, "unknown_calls": 3},
    ],
    "by_workflow": [
        {"workflow_id": WORKFLOW_ID, "cost_micro_usd": 12_000_000, "unknown_calls": 3},
        {"workflow_id": None, "cost_micro_usd": 340_000, "unknown_calls": 0},
    ],
    "by_prompt": [{"prompt_id": PROMPT_ID, **_COST}],
}
NO_ADMIN = errors.Forbidden(action="budget:write", role="editor")
CHANGED = errors.RevisionConflict(current=4)
