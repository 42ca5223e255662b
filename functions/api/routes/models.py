"""Which models there are."""

from functions.api.documentation import answers
from functions.api.paging import Listing
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import examples
from promptpilot.domain.model import ModelInfo
from promptpilot.platform import current
from promptpilot.services import models

router = Routes()


@router.get(
    "/models",
    summary="List the models",
    description="What is configured, whether it can be called now, and what it costs. A model that "
    "is not listed may still be callable, as `custom/<connection>/<its name there>`.",
    operation_id="list_models",
    tags=["models"],
    responses=answers(200, "The models, all of them.", examples.MODELS),
)
def list_models(principal: Caller) -> Listing[ModelInfo]:
    """The model catalogue, in one page."""
    found = models.list_models(principal, models=current().models)
    return Listing[ModelInfo].model_construct(items=found)
