"""Which models there are."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

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
    description="What is configured, whether it can be called now, what it can do and what it "
    "costs, as of when; and how long its answers have taken in this workspace in the last days, "
    "where there were any. A model that is not listed may still be callable: every model of a "
    "vendor by the vendor's own name, and `custom/<connection>/<its name there>`.",
    operation_id="list_models",
    tags=["models"],
    responses=answers(200, "The models, all of them.", examples.MODELS),
)
def list_models(
    principal: Caller,
    vendor: Annotated[
        str | None, Query(max_length=100, description="Of this vendor: `openai`, `custom`, ...")
    ] = None,
    available: Annotated[
        bool | None, Query(description="Only what can be called now, or only what cannot.")
    ] = None,
) -> Listing[ModelInfo]:
    """The model catalogue, in one page."""
    ports = current()
    found = models.list_models(
        principal, vendor=vendor, available=available, models=ports.models, table=ports.table
    )
    return Listing[ModelInfo].model_construct(items=found)
