"""Which hosts the actions of a workspace may call: the setting, kept beside the workspace."""

from promptpilot import keys
from promptpilot.domain.egress import EgressRules
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.ports.table import Table
from promptpilot.services.outbox import outbox
from promptpilot.services.setting import Setting

EGRESS = Setting("egress", keys.egress, EgressRules())


def get_egress(principal: Principal, *, table: Table) -> EgressRules:
    """The workspace's rules. Raises `Forbidden`."""
    principal.require(Action.EGRESS_READ)
    return load_rules(principal.workspace, table=table)


def put_egress(principal: Principal, rules: EgressRules, *, table: Table) -> EgressRules:
    """Replace the workspace's rules; the last who does so wins. They hold for requests that begin
    from now on. Raises `Forbidden`.
    """
    principal.require(Action.EGRESS_WRITE)
    workspace = principal.workspace
    event = Event.of(
        EventType.WORKSPACE_EGRESS_CHANGED,
        workspace=workspace,
        actor=principal.user,
        subject=workspace,
        hosts=None if rules.allow is None else len(rules.allow),
    )
    table.write([EGRESS.put(workspace, rules), outbox(event)])
    return EGRESS.changed(workspace, rules)


def load_rules(workspace: str, *, table: Table) -> EgressRules:
    """The rules that hold; without any, every public host may be called."""
    return EGRESS.read(workspace, table=table)
