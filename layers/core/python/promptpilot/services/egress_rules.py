"""Which hosts the actions of a workspace may call: the setting, kept beside the workspace."""

from promptpilot import keys
from promptpilot.domain.egress import EgressRules
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.ports.table import Item, Put, Table
from promptpilot.services.outbox import outbox

KIND = "egress"


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
    item = Item(key=keys.egress(workspace), kind=KIND, body=rules.model_dump_json())
    table.write([Put(item), outbox(event)])
    return rules


def load_rules(workspace: str, *, table: Table) -> EgressRules:
    """The rules that hold; without any, every public host may be called."""
    item = table.get(keys.egress(workspace))
    return EgressRules() if item is None else EgressRules.model_validate_json(item.body)
