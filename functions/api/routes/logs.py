"""What single steps did."""

from functions.api.documentation import answers
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import examples
from promptpilot.domain.execution import ExecutionLog
from promptpilot.errors import NotFound
from promptpilot.platform import current
from promptpilot.services import logs

router = Routes()


@router.get(
    "/logs/<id>",
    summary="Read a log",
    description="The log of one step of an execution, or of one run of a prompt: the rendered "
    "request, the answer, the model, times, tokens and cost.",
    operation_id="read_log",
    tags=["logs"],
    responses=answers(
        200,
        "The log as it stands.",
        examples.LOG,
        refusals=[NotFound(kind="log", id=examples.LOG_ID)],
    ),
)
def read_log(id: str, principal: Caller) -> ExecutionLog:
    """One log."""
    ports = current()
    return logs.get_log(principal, id, table=ports.table, blobs=ports.blobs)
