"""What a workspace may spend on models in a month, and an execution in all.

Money is in micro-US-dollars. A month is one of the calendar in UTC.
"""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from promptpilot.domain.base import Model
from promptpilot.domain.ids import ExecutionId, WorkflowId
from promptpilot.domain.written import Written

MAX_MICRO_USD = 1_000_000_000_000_000
"""A thousand million dollars."""

MicroUsd = Annotated[int, Field(ge=0, le=MAX_MICRO_USD)]

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
Month = Annotated[str, StringConstraints(pattern=f"^{MONTH.pattern}$")]
"""`2026-11`."""

EXCEEDED = 100
WARNED_AT = (50, 80, EXCEEDED)
"""The percentages of a budget that are told of when so much of it is spent."""


class Budget(Model):
    """The budget of a workspace; None is no limit.

    With `stop` a call that could go beyond it is not made, and its step fails. With `warn` calls go
    on, and the events tell of it.
    """

    monthly_micro_usd: Annotated[int, Field(ge=1, le=MAX_MICRO_USD)] | None = None
    on_exceeded: Literal["stop", "warn"] = "stop"


class BudgetState(Budget):
    """The budget and what is gone of it this month: spent, and set aside for calls that run.

    `percentage` is how much of it is spent; None without a budget. `unknown_calls` are those whose
    price is unknown: what they cost is in no sum.
    """

    month: Month
    spent_micro_usd: int
    reserved_micro_usd: int
    percentage: float | None
    unknown_calls: int


class WorkflowBudget(Written):
    """What one execution of a workflow may spend, executions that its steps begin included."""

    per_run_micro_usd: Annotated[int, Field(ge=1, le=MAX_MICRO_USD)]


class RunBudget(Model):
    """A budget that an execution's calls are taken from: its own, or that of one above it."""

    execution_id: ExecutionId
    workflow_id: WorkflowId
    limit_micro_usd: int


def month_of(moment: datetime) -> str:
    """The month of a moment in UTC: `2026-11`."""
    return f"{moment.year:04}-{moment.month:02}"
