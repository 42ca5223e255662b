"""The names that a workspace has for models."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api.documentation import answers
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import control_examples as examples
from promptpilot.domain.model_alias import ModelAliases
from promptpilot.platform import current
from promptpilot.services import model_aliases

router = Routes()
TAGS = ["models"]


@router.get(
    "/workspace/model-aliases",
    summary="Read the workspace's names for models",
    description="What each alias stands for: a model, and those that are asked where it fails.",
    operation_id="read_model_aliases",
    tags=TAGS,
    responses=answers(200, "The aliases.", examples.ALIASES),
)
def read_model_aliases(principal: Caller) -> ModelAliases:
    """The aliases."""
    return model_aliases.get_aliases(principal, table=current().table)


@router.put(
    "/workspace/model-aliases",
    summary="Set the workspace's names for models",
    description="Prompts and steps name an alias as `alias/<name>` where they would name a model. "
    "An alias that is moved counts from the next call on, everywhere within 5 seconds. Those that "
    "are left out are gone.",
    operation_id="set_model_aliases",
    tags=TAGS,
    responses=answers(200, "The aliases.", examples.ALIASES, refusals=[examples.NO_ADMIN]),
)
def set_model_aliases(
    aliases: Annotated[ModelAliases, Body(openapi_examples=examples.ALIASES_SENT)],
    principal: Caller,
) -> ModelAliases:
    """Set the aliases."""
    return model_aliases.put_aliases(principal, aliases, table=current().table)
