"""What people think of an execution's output."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.ids import ExecutionId, FeedbackId, UserId, WorkspaceId, new_id
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.errors import NotFound
from promptpilot.ports.table import Create, Index, Item, Position, Table
from promptpilot.services.outbox import outbox

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class FeedbackDraft(Model):
    """What a user sends: a thumb (-1 or 1) or stars (1 to 5), about an execution or one of its
    logs.
    """

    execution_id: ExecutionId
    log_id: Annotated[str, Field(max_length=200)] | None = None
    rating: Literal[-1, 1, 2, 3, 4, 5]
    comment: Annotated[str, Field(max_length=10_000)] | None = None
    tags: Annotated[tuple[Tag, ...], Field(max_length=20)] = ()
    corrected_output: Any = None


class Feedback(FeedbackDraft):
    """One opinion, and whose it is."""

    id: FeedbackId
    workspace: WorkspaceId
    author: UserId
    created_at: Timestamp


class FeedbackPage(Model):
    """Opinions, newest first."""

    items: tuple[Feedback, ...]
    next: Position | None = None


def give_feedback(principal: Principal, draft: FeedbackDraft, *, table: Table) -> Feedback:
    """Record an opinion. Raises `NotFound` where the execution, or its log, is not in the
    workspace.
    """
    principal.require(Action.FEEDBACK_WRITE)
    workspace = principal.workspace
    if table.get(keys.execution(workspace, draft.execution_id)) is None:
        raise NotFound(kind="execution", id=draft.execution_id)
    if draft.log_id is not None and not _is_log_of(
        draft.log_id, draft.execution_id, workspace, table
    ):
        raise NotFound(kind="log", id=draft.log_id)
    feedback = Feedback(
        **draft.model_dump(),
        id=new_id("feedback"),
        workspace=workspace,
        author=principal.user,
        created_at=now(),
    )
    item = Item(
        key=keys.feedback(workspace, feedback.id),
        kind="feedback",
        body=feedback.model_dump_json(),
        gsi1=keys.feedbacks(workspace, feedback.id),
        gsi2=keys.feedbacks_of(workspace, feedback.execution_id, feedback.id),
    )
    event = Event.of(
        EventType.FEEDBACK_CREATED,
        workspace=workspace,
        actor=principal.user,
        subject=feedback.id,
        execution=feedback.execution_id,
        rating=feedback.rating,
    )
    table.write([Create(item), outbox(event)])
    return feedback


def _is_log_of(log: str, execution: str, workspace: str, table: Table) -> bool:
    if not keys.is_log_id(log):
        return False
    key = keys.log(workspace, log)
    return key.partition == keys.logs(workspace, execution).partition and table.get(key) is not None


def get_feedback(principal: Principal, id: str, *, table: Table) -> Feedback:
    """One opinion. Raises `NotFound`."""
    principal.require(Action.FEEDBACK_READ)
    item = table.get(keys.feedback(principal.workspace, id))
    if item is None:
        raise NotFound(kind="feedback", id=id)
    return Feedback.model_validate_json(item.body)


def list_feedback(
    principal: Principal,
    *,
    execution_id: str | None = None,
    limit: int = 50,
    after: Position | None = None,
    table: Table,
) -> FeedbackPage:
    """Opinions in the workspace, or on one execution, newest first."""
    principal.require(Action.FEEDBACK_READ)
    if execution_id is None:
        index, partition = Index.GSI1, keys.feedbacks(principal.workspace).partition
    else:
        partition = keys.feedbacks_of(principal.workspace, execution_id).partition
        index = Index.GSI2
    page = table.query(partition, index=index, limit=limit, after=after, descending=True)
    items = tuple(Feedback.model_validate_json(item.body) for item in page.items)
    return FeedbackPage(items=items, next=page.next)
