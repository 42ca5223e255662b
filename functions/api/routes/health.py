"""Whether the service can do its work."""

from typing import Literal

from functions.api.documentation import answers
from functions.api.router import Routes
from promptpilot import keys
from promptpilot.domain.base import Model
from promptpilot.platform import current

router = Routes()


class Health(Model):
    """The service and its store answer."""

    status: Literal["ok"] = "ok"


@router.get(
    "/health",
    summary="Read the health",
    description="Answers 200 as long as the service can read its store.",
    operation_id="read_health",
    tags=["health"],
    responses=answers(200, "All is well.", {"status": "ok"}),
)
def read_health() -> Health:
    """One read of the store; `StoreUnavailable` where that fails."""
    current().table.get(keys.user("nobody"))
    return Health()
