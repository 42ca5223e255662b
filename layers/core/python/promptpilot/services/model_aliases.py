"""The names that a workspace has for models."""

from promptpilot import keys
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.model_alias import ModelAliases
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.ports.table import Table
from promptpilot.services.outbox import outbox
from promptpilot.services.setting import Setting

ALIASES = Setting("model_aliases", keys.model_aliases, ModelAliases())


def get_aliases(principal: Principal, *, table: Table) -> ModelAliases:
    """The workspace's aliases."""
    principal.require(Action.MODEL_READ)
    return ALIASES.read(principal.workspace, table=table)


def put_aliases(principal: Principal, aliases: ModelAliases, *, table: Table) -> ModelAliases:
    """Set the workspace's aliases, all of them."""
    principal.require(Action.MODEL_ALIAS_WRITE)
    workspace = principal.workspace
    event = Event.of(
        EventType.MODEL_ALIASES_CHANGED,
        workspace=workspace,
        actor=principal.user,
        subject=workspace,
        **aliases.model_dump(mode="json"),
    )
    table.write([ALIASES.put(workspace, aliases), outbox(event)])
    return ALIASES.changed(workspace, aliases)
