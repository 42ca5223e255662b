"""What a workspace may spend on models, and has spent."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from functions.api.conditional import MOVING, IfRevision, KnownTags, is_known, revision_tag
from functions.api.documentation import answers
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import budget_examples as examples
from promptpilot.clock import now
from promptpilot.domain.base import digest_of
from promptpilot.domain.budget import Budget, BudgetState, Month, month_of
from promptpilot.domain.month_costs import MonthCosts
from promptpilot.platform import current
from promptpilot.services.budgets.settings import put_budget
from promptpilot.services.budgets.state import KeptState, get_budget
from promptpilot.services.ledger.reading import month_costs

router = Routes()
TAGS = ["workspace"]

AnyMonth = Annotated[
    Month | None, Query(description="A month in UTC, as in `2026-11`. Without it the current one.")
]


@router.get(
    "/workspace/budget",
    summary="Read the workspace's budget",
    description="What may be spent on models in a calendar month (UTC), in millionths of a US "
    "dollar, and how it stands with the current one: what is spent, and what is set aside for "
    "calls that run. Without a budget (null) calls are not counted; then `spent_micro_usd` is what "
    "executions have cost that ended this month. The cost of `unknown_calls` is in no sum.",
    operation_id="read_budget",
    tags=TAGS,
    responses=answers(
        200,
        "The budget, and what is gone of it.",
        examples.BUDGET,
        headers=["ETag", "Cache-Control"],
        also={304: "It is as the client knows it."},
    ),
)
def read_budget(principal: Caller, known: KnownTags) -> Response[BudgetState]:
    """The budget."""
    return _reply(get_budget(principal, table=current().table), known)


@router.put(
    "/workspace/budget",
    summary="Set the workspace's budget",
    description="With `stop` a model call that could cost more than is left is not made, and its "
    "step fails with `BudgetExceeded`; with `warn` calls go on. Either way events tell when 50, 80 "
    "and 100 % are spent, once each for a budget of that size. What executions have cost that "
    "ended in the month before the budget was set counts as spent. A change is known everywhere "
    "within 5 seconds.",
    operation_id="set_budget",
    tags=TAGS,
    responses=answers(
        200,
        "The budget, and what is gone of it.",
        examples.BUDGET,
        headers=["ETag", "Cache-Control"],
        refusals=[examples.NO_ADMIN, examples.CHANGED],
    ),
)
def set_budget(
    budget: Annotated[Budget, Body(openapi_examples=examples.BUDGET_SENT)],
    principal: Caller,
    if_revision: IfRevision,
) -> Response[BudgetState]:
    """Set the budget."""
    table = current().table
    put_budget(principal, budget, revision=if_revision, table=table)
    return _reply(get_budget(principal, table=table), frozenset())


@router.get(
    "/workspace/costs",
    summary="Read what models have cost",
    description="What was spent on models in a calendar month (UTC), in millionths of a US dollar, "
    "by model, by workflow and by prompt. Executions count when they end, single runs of prompts "
    "at once. An answer that was kept from before costs nothing, and what a step's workflow spends "
    "counts for that workflow. The cost of `unknown_calls` is in no sum.",
    operation_id="read_costs",
    tags=TAGS,
    responses=answers(200, "The costs.", examples.COSTS),
)
def read_costs(principal: Caller, month: AnyMonth = None) -> MonthCosts:
    """The costs of a month."""
    return month_costs(principal, month or month_of(now()), table=current().table)


def _reply(kept: KeptState, known: frozenset[str]) -> Response[BudgetState]:
    tag = revision_tag(kept.revision, digest_of(kept.state.model_dump(mode="json")))
    headers: dict[str, str | list[str]] = {"ETag": tag, "Cache-Control": MOVING}
    if is_known(known, (tag,)):
        return Response(304, headers=headers)
    return Response(200, body=kept.state, headers=headers)
