"""The limits of a workspace: the setting.

Whoever starts an execution, or calls a model, may have a setting that is some seconds old, so that
it costs no read; who lets executions in reads it anew.
"""

from promptpilot import keys
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.workspace_limits import WorkspaceLimits
from promptpilot.ports.table import Table
from promptpilot.services.outbox import outbox
from promptpilot.services.setting import Setting

LIMITS = Setting("workspace_limits", keys.workspace_limits, WorkspaceLimits())


def get_limits(principal: Principal, *, table: Table) -> WorkspaceLimits:
    """The workspace's limits."""
    principal.require(Action.LIMITS_READ)
    return LIMITS.read(principal.workspace, table=table)


def put_limits(principal: Principal, limits: WorkspaceLimits, *, table: Table) -> WorkspaceLimits:
    """Set the workspace's limits. A higher one lets executions in that wait: its event does."""
    principal.require(Action.LIMITS_WRITE)
    workspace = principal.workspace
    event = Event.of(
        EventType.WORKSPACE_LIMITS_CHANGED,
        workspace=workspace,
        actor=principal.user,
        subject=workspace,
        **limits.model_dump(mode="json"),
    )
    table.write([LIMITS.put(workspace, limits), outbox(event)])
    return LIMITS.changed(workspace, limits)


def running_limit(workspace: str, *, table: Table) -> int | None:
    """How many executions may run, as of some seconds ago; None for no limit."""
    return LIMITS.known(workspace, table=table).max_running_executions


def running_limit_now(workspace: str, *, table: Table) -> int | None:
    """How many executions may run; None for no limit."""
    return LIMITS.read(workspace, table=table).max_running_executions
