"""How many executions of a workspace may run at the same time: the setting.

Whoever starts an execution may have a setting that is some seconds old, so that starting costs no
read for it; who lets executions in reads it anew.
"""

import time

from promptpilot import keys
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.workspace_limits import WorkspaceLimits
from promptpilot.ports.table import Item, Put, Table
from promptpilot.services.lru import LruCache
from promptpilot.services.outbox import outbox

KIND = "workspace_limits"
KNOWN_SECONDS = 5.0
"""How long another process may go by a setting that was changed."""

NONE = WorkspaceLimits()

_known: LruCache[str, tuple[float, int | None]] = LruCache(10_000)
"""By workspace: until when it is good, and the limit."""


def get_limits(principal: Principal, *, table: Table) -> WorkspaceLimits:
    """The workspace's limits."""
    principal.require(Action.LIMITS_READ)
    return _read(principal.workspace, table)


def put_limits(principal: Principal, limits: WorkspaceLimits, *, table: Table) -> WorkspaceLimits:
    """Set the workspace's limits. A higher one lets executions in that wait: its event does."""
    principal.require(Action.LIMITS_WRITE)
    workspace = principal.workspace
    event = Event.of(
        EventType.WORKSPACE_LIMITS_CHANGED,
        workspace=workspace,
        actor=principal.user,
        subject=workspace,
        **limits.model_dump(),
    )
    item = Item(keys.workspace_limits(workspace), KIND, limits.model_dump_json())
    table.write([Put(item), outbox(event)])
    _remember(workspace, limits.max_running_executions)
    return limits


def running_limit(workspace: str, *, table: Table) -> int | None:
    """How many executions may run, as of some seconds ago; None for no limit."""
    known = _known.get(workspace)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    return running_limit_now(workspace, table=table)


def running_limit_now(workspace: str, *, table: Table) -> int | None:
    """How many executions may run; None for no limit."""
    return _remember(workspace, _read(workspace, table).max_running_executions)


def _read(workspace: str, table: Table) -> WorkspaceLimits:
    item = table.get(keys.workspace_limits(workspace))
    return NONE if item is None else WorkspaceLimits.model_validate_json(item.body)


def _remember(workspace: str, limit: int | None) -> int | None:
    until = time.monotonic() + KNOWN_SECONDS
    _known.put(workspace, (until, limit), weight=1)
    return limit
