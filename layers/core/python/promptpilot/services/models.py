"""Which models there are."""

from promptpilot.domain.model import ModelInfo
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.ports.models import Models


def list_models(principal: Principal, *, models: Models) -> tuple[ModelInfo, ...]:
    """What is configured, whether it can be called now, and what it costs. Calls no model."""
    principal.require(Action.MODEL_READ)
    return tuple(models.catalogue())
