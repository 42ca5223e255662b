"""Steps that wait for something other than a worker: for a person, or for another execution.

Such a step's log is `waiting`, and beside it stands the task that its state machine waits on, whose
token is needed when the answer comes. The answer is recorded first, and told afterwards; the task
is removed when it has been told. Whoever finds a task whose log has ended tells it again, so that a
crash in between holds nobody up.
"""

import logging
from collections.abc import Iterator, Sequence

from promptpilot import keys
from promptpilot.domain.base import Model
from promptpilot.domain.execution import ExecutionLog, LogStatus
from promptpilot.domain.ids import ApprovalId, ExecutionId, WorkspaceId
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Delete, Item, Operation, Put, Table
from promptpilot.services.outbox import outbox
from promptpilot.services.steps.logs import Claimed, log_change, read_claim, read_contents
from promptpilot.services.steps.outcomes import step_event, tell

KIND = "waiting"
MAX_TOKENS = 5
"""How many tokens of one task are kept, the newest. Which of them is waited on nobody can tell: a
job that comes again, after a restart or late, has another one."""
PAGE = 100

logger = logging.getLogger(__name__)


class WaitingTask(Model):
    """The task that waits for the step of `log_id`: for the answer to `approval`, or for the end of
    `child`. Never shown to anybody: a token is all that is needed to answer for a step.
    """

    workspace: WorkspaceId
    execution_id: ExecutionId
    log_id: str
    tokens: tuple[str, ...]
    approval: ApprovalId | None = None
    child: ExecutionId | None = None


def begin_waiting(
    claimed: Claimed,
    log: ExecutionLog,
    task: WaitingTask,
    operations: Sequence[Operation] = (),
    *,
    table: Table,
    blobs: Blobs,
) -> ExecutionLog:
    """Write, all or nothing, that the claimed step waits as `task`, and what else begins with it.

    Raises `ConditionFailed(operation=0)` where the claim was superseded, with a greater number for
    one of `operations`.
    """
    waiting = log.model_copy(update={"status": LogStatus.WAITING})
    key = keys.waiting(task.workspace, task.log_id)
    known = table.get(key)
    before = () if known is None else WaitingTask.model_validate_json(known.body).tokens
    tokens = tuple(dict.fromkeys((*before, *task.tokens)))[-MAX_TOKENS:]
    body = task.model_copy(update={"tokens": tokens}).model_dump_json(exclude_none=True)
    change = log_change(claimed, waiting, blobs=blobs)
    table.write([change, *operations, Put(Item(key=key, kind=KIND, body=body))])
    return waiting


def waiting_tasks(workspace: str, execution: str, *, table: Table) -> Iterator[WaitingTask]:
    """The tasks of an execution that wait."""
    partition = keys.waiting_of(workspace, execution).partition
    after = None
    while True:
        page = table.query(partition, limit=PAGE, after=after)
        for item in page.items:
            yield WaitingTask.model_validate_json(item.body)
        after = page.next
        if after is None:
            return


def ending(claimed: Claimed, log: ExecutionLog, *, blobs: Blobs) -> list[Operation]:
    """The operations that record the end of a step that waited."""
    return [log_change(claimed, log, blobs=blobs), outbox(step_event(log))]


def tell_waiting(
    workspace: str, log_id: str, *, table: Table, blobs: Blobs, orchestrator: Orchestrator
) -> None:
    """Tell whoever waits for the step what is recorded of it; nothing recorded yet, or nobody
    waiting (any more), is fine. Raises `Unavailable`: then it is to be told again.
    """
    key = keys.waiting(workspace, log_id)
    item = table.get(key)
    claimed = read_claim(workspace, log_id, table=table)
    if item is None or claimed is None:
        return
    if not claimed.log.status.final:
        return
    log = read_contents(claimed.stored, blobs=blobs)
    for token in WaitingTask.model_validate_json(item.body).tokens:
        tell(token, log, orchestrator=orchestrator, blobs=blobs)
    table.write([Delete(key)], durable=False)
