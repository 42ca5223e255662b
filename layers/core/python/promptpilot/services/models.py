"""Which models there are."""

from promptpilot.domain.model import ModelInfo
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.ports.models import Models
from promptpilot.ports.table import Table
from promptpilot.services.latencies.kept import latencies
from promptpilot.services.model_keys.listing import keyed_vendors


def list_models(
    principal: Principal,
    *,
    vendor: str | None = None,
    available: bool | None = None,
    models: Models,
    table: Table,
) -> tuple[ModelInfo, ...]:
    """What is configured, whether it can be called now, what it can do and costs, and how long it
    has taken here; of one vendor, or what is available or not, where that is asked for. Calls no
    model.
    """
    principal.require(Action.MODEL_READ)
    measured = latencies(principal.workspace, table=table)
    keyed = keyed_vendors(principal.workspace, table=table)
    return tuple(
        info.model_copy(update={"latency": measured[info.id]}) if info.id in measured else info
        for info in models.catalogue(keyed)
        if vendor in (None, info.vendor) and available in (None, info.available)
    )
