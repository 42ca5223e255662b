"""Whether the service can do its work."""

from typing import Literal

from functions.api.documentation import answers
from functions.api.router import Routes
from promptpilot import keys
from promptpilot.domain.base import Model
from promptpilot.platform import current

router = Routes()


class Health(Model):
    """The service and its store answer. `degraded` names what does with less than it should:
    something that the service can do without is out of reach.
    """

    status: Literal["ok"] = "ok"
    degraded: tuple[str, ...] = ()


@router.get(
    "/health",
    summary="Read the health",
    description="Answers 200 as long as the service can read its store.",
    operation_id="read_health",
    tags=["health"],
    responses=answers(200, "All is well.", {"status": "ok", "degraded": []}),
)
def read_health() -> Health:
    """One read of the store; `StoreUnavailable` where that fails."""
    current().table.get(keys.user("nobody"))
    return Health(degraded=current().degraded)
