"""Which keys of models a workspace has, and which are there for everybody."""

from promptpilot.domain.model_key import KeptModelKey, ModelKey
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.errors import NotFound
from promptpilot.ports.models import Models
from promptpilot.ports.table import Table
from promptpilot.services.model_keys.records import kept_key, kept_keys


def list_model_keys(principal: Principal, *, models: Models, table: Table) -> tuple[ModelKey, ...]:
    """Every vendor, and where its key comes from. Raises `Forbidden`. Reads no key."""
    principal.require(Action.MODEL_KEY_READ)
    kept = kept_keys(principal.workspace, table=table)
    return tuple(_shown(vendor, kept.get(vendor), models) for vendor in models.vendors)


def get_model_key(principal: Principal, vendor: str, *, models: Models, table: Table) -> ModelKey:
    """Where the key of one vendor comes from. Raises `NotFound`, `Forbidden`."""
    principal.require(Action.MODEL_KEY_READ)
    require_vendor(vendor, models)
    return _shown(vendor, kept_key(principal.workspace, vendor, table=table), models)


def keyed_vendors(workspace: str, *, table: Table) -> frozenset[str]:
    """The vendors that the workspace has keys of its own for."""
    return frozenset(kept_keys(workspace, table=table))


def require_vendor(vendor: str, models: Models) -> None:
    """Raise `NotFound` for what is no vendor that wants a key."""
    if vendor not in models.vendors:
        raise NotFound(kind="vendor", id=vendor)


def _shown(vendor: str, kept: KeptModelKey | None, models: Models) -> ModelKey:
    if kept is not None:
        return ModelKey(source="workspace", **kept.model_dump())
    return ModelKey(vendor=vendor, source="platform" if models.vendors[vendor] else "none")
