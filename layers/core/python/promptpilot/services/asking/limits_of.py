"""Which limits bind the model calls of a workspace."""

from promptpilot.ports.table import Table
from promptpilot.services.asking.limits import Owned
from promptpilot.services.workspace_limits import LIMITS


def limits_of(workspace: str, *, table: Table) -> tuple[Owned, ...]:
    """Its own limits, as of some seconds ago."""
    limits = LIMITS.known(workspace, table=table).models
    return (Owned(f"workspace/{workspace}", limits),) if limits else ()
