"""Cancelling an execution."""

from typing import Annotated

from pydantic import Field

from promptpilot.domain.base import Model
from promptpilot.domain.execution import Execution
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.executions.end import close_out
from promptpilot.services.executions.stop import request_cancel


class CancelRequest(Model):
    """Why an execution is cancelled, for whoever reads it later."""

    reason: Annotated[str, Field(max_length=1_000)] | None = None


def cancel(
    principal: Principal,
    id: str,
    request: CancelRequest,
    *,
    table: Table,
    blobs: Blobs,
    orchestrator: Orchestrator,
    waiter: Waiter,
) -> Execution:
    """Cancel an execution, and what its steps have begun. One that has not begun has ended when
    this returns; one that runs starts no step any more, and ends in a moment. Again is fine.

    Raises `NotFound`, `ExecutionEnded` for one that ended otherwise.
    """
    principal.require(Action.EXECUTION_CONTROL)
    execution = request_cancel(
        principal.workspace,
        id,
        by=principal.user,
        reason=request.reason,
        table=table,
        orchestrator=orchestrator,
    )
    if execution.status.final:
        close_out(execution, table=table, blobs=blobs, orchestrator=orchestrator, waiter=waiter)
    return execution
