"""The emergency stop of a workflow: nothing of it starts, and what runs is cancelled if wished.

There may be many executions to cancel. An event of its own cancels a page of them and hands the
rest on to the next such event, so that none takes long.
"""

from typing import Annotated

from pydantic import Field

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.execution import Execution
from promptpilot.domain.ids import WorkflowId
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.workflow import Suspension, Workflow
from promptpilot.errors import ExecutionEnded
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Index, Operation, Position, Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.executions.end import close_out
from promptpilot.services.executions.records import recorded
from promptpilot.services.executions.stop import request_cancel
from promptpilot.services.heads import Head, HeadChange
from promptpilot.services.outbox import outbox
from promptpilot.services.workflows.documents import workflow_event
from promptpilot.services.workflows.versions import WORKFLOWS

PAGE = 50
"""How many executions are looked at for one event."""

REASON = "The workflow was suspended."


class SuspendRequest(Model):
    """Whether to cancel what runs as well, and why."""

    cancel_running: bool = False
    reason: Annotated[str, Field(max_length=1_000)] | None = None


class SuspensionState(Model):
    """Whether a workflow is suspended: by whom, since when and why; null where it is not."""

    id: WorkflowId
    suspended: Suspension | None


class Cancelling(Model):
    """Where the cancelling of a workflow's executions goes on, and on whose behalf since when."""

    by: str
    asked_at: Timestamp
    after: str | None = None
    """The execution after which it goes on, from the newest to the oldest."""


def suspend(
    principal: Principal,
    id: str,
    request: SuspendRequest,
    *,
    table: Table,
) -> SuspensionState:
    """Let nothing of a workflow start: executions that wait go on waiting, and steps that would run
    it fail. What runs is cancelled by the event, if wished. Again is fine, and keeps who was first.
    Raises `NotFound`.
    """
    principal.require(Action.WORKFLOW_SUSPEND)

    def plan(head: Head[Workflow]) -> HeadChange[Workflow] | None:
        suspension = Suspension(by=principal.user, at=now(), reason=request.reason)
        kept = head.subject.suspended or suspension
        event = workflow_event(EventType.WORKFLOW_SUSPENDED, principal, id)
        operations: list[Operation] = [outbox(event)] if head.subject.suspended is None else []
        if request.cancel_running:
            start = Cancelling(by=principal.user, asked_at=now())
            operations.append(outbox(_going_on(principal.workspace, id, start)))
        if not operations:
            return None
        return HeadChange(head.subject.model_copy(update={"suspended": kept}), operations)

    return _state(WORKFLOWS.change(principal.workspace, id, plan, if_revision=None, table=table))


def unsuspend(principal: Principal, id: str, *, table: Table) -> SuspensionState:
    """Let a workflow go on; what waits starts by the event. Again is fine. Raises `NotFound`."""
    principal.require(Action.WORKFLOW_SUSPEND)

    def plan(head: Head[Workflow]) -> HeadChange[Workflow] | None:
        if head.subject.suspended is None:
            return None
        event = workflow_event(EventType.WORKFLOW_UNSUSPENDED, principal, id)
        return HeadChange(head.subject.model_copy(update={"suspended": None}), [outbox(event)])

    return _state(WORKFLOWS.change(principal.workspace, id, plan, if_revision=None, table=table))


def _state(head: Head[Workflow]) -> SuspensionState:
    return SuspensionState(id=head.subject.id, suspended=head.subject.suspended)


def cancel_running(
    workspace: str,
    workflow: str,
    cancelling: Cancelling,
    *,
    table: Table,
    blobs: Blobs,
    orchestrator: Orchestrator,
    waiter: Waiter,
) -> None:
    """Cancel a page of a workflow's executions, where they have not ended, and leave the rest to an
    event of its own. Once the workflow goes on, what began later is left alone. Raises
    `Unavailable`: then it is to be done again.
    """
    key = keys.executions_of(workspace, workflow, cancelling.after or "")
    after = None
    if cancelling.after is not None:
        after = Position(key, keys.execution(workspace, cancelling.after))
    page = table.query(key.partition, index=Index.GSI2, limit=PAGE, after=after, descending=True)
    executions = [recorded(item).execution for item in page.items]
    open_ones = [each for each in executions if not each.status.final]
    suspension = _still_asked(workspace, workflow, cancelling, table) if open_ones else None
    reason = suspension.reason if suspension is not None else None
    for execution in open_ones:
        if suspension is not None or execution.created_at <= cancelling.asked_at:
            _cancel(
                execution,
                cancelling.by,
                reason or REASON,
                table=table,
                blobs=blobs,
                orchestrator=orchestrator,
                waiter=waiter,
            )
    if page.next is not None:
        rest = cancelling.model_copy(update={"after": executions[-1].id})
        table.write([outbox(_going_on(workspace, workflow, rest))])


def _still_asked(
    workspace: str, workflow: str, cancelling: Cancelling, table: Table
) -> Suspension | None:
    """The suspension under which the cancelling was asked for; None where the workflow has gone on
    since, whether it is suspended again or not.
    """
    suspension = WORKFLOWS.load(workspace, workflow, table=table).subject.suspended
    if suspension is None or suspension.at > cancelling.asked_at:
        return None
    return suspension


def _cancel(
    execution: Execution,
    by: str,
    reason: str,
    *,
    table: Table,
    blobs: Blobs,
    orchestrator: Orchestrator,
    waiter: Waiter,
) -> None:
    try:
        ended = request_cancel(
            execution.workspace,
            execution.id,
            by=by,
            reason=reason,
            table=table,
            orchestrator=orchestrator,
        )
    except ExecutionEnded:
        return
    if ended.status.final:
        close_out(ended, table=table, blobs=blobs, orchestrator=orchestrator, waiter=waiter)


def _going_on(workspace: str, workflow: str, cancelling: Cancelling) -> Event:
    return Event.of(
        EventType.WORKFLOW_CANCELLING,
        workspace=workspace,
        actor=cancelling.by,
        subject=workflow,
        **cancelling.model_dump(mode="json"),
    )
