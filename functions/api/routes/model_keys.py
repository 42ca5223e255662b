"""The workspace's own keys for the vendors of models."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api.documentation import answers
from functions.api.paging import Listing
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes.examples import AT, USER_ID, sent
from promptpilot.domain.model_key import ModelKey, NewModelKey
from promptpilot.errors import (
    Conflict,
    Forbidden,
    ModelKeyRefused,
    ModelKeyUnchecked,
    NotFound,
)
from promptpilot.platform import current
from promptpilot.services.model_keys import listing, setting

router = Routes()
TAGS = ["models"]
OWN = {
    "vendor": "openai",
    "source": "workspace",
    "masked": "…x7Qa",
    "verified": True,
    "set_by": USER_ID,
    "set_at": AT,
}
NOT_OWN = {"masked": None, "verified": None, "set_by": None, "set_at": None}
PLATFORMS = {"vendor": "anthropic", "source": "platform", **NOT_OWN}
NONE = {"vendor": "openai", "source": "none", **NOT_OWN}
UNKNOWN = NotFound(kind="vendor", id="acme")
NO_READER = Forbidden(action="model_key:read", role="editor")
NO_WRITER = Forbidden(action="model_key:write", role="editor")


@router.get(
    "/workspace/model-keys",
    summary="List the keys of vendors",
    description="For every vendor whether its key is the `workspace`'s own, the `platform`'s, "
    "which is for everybody here, or `none`. Of a key nobody ever sees more than its end.",
    operation_id="list_model_keys",
    tags=TAGS,
    responses=answers(
        200, "The vendors, all of them.", {"items": [OWN, PLATFORMS]}, refusals=[NO_READER]
    ),
)
def list_model_keys(principal: Caller) -> Listing[ModelKey]:
    """The vendors, in one page."""
    ports = current()
    found = listing.list_model_keys(principal, models=ports.models, table=ports.table)
    return Listing[ModelKey].model_construct(items=found)


@router.put(
    "/workspace/model-keys/<vendor>",
    summary="Set the key of a vendor",
    description="The vendor is asked whether it takes the key, which costs nothing or a token, and "
    "only then the key takes the place of the one before; calls that run are not disturbed. Where "
    "the vendor does not take it, or cannot be asked, nothing changes. With `verify` false the key "
    "is kept without a question.",
    operation_id="set_model_key",
    tags=TAGS,
    responses=answers(
        200,
        "What is known of the key.",
        OWN,
        refusals=[
            UNKNOWN,
            NO_WRITER,
            ModelKeyRefused(vendor="openai"),
            ModelKeyUnchecked(vendor="openai"),
            Conflict(reason="Somebody else has just changed the key for openai."),
        ],
    ),
)
def set_model_key(
    vendor: str,
    new: Annotated[NewModelKey, Body(openapi_examples=sent({"key": "sk-…"}))],
    principal: Caller,
) -> ModelKey:
    """Set a key."""
    ports = current()
    return setting.put_model_key(
        principal,
        vendor,
        new,
        models=ports.models,
        secrets=ports.secrets,
        table=ports.table,
        step_queue=ports.step_queue,
        waiter=ports.waiter,
    )


@router.delete(
    "/workspace/model-keys/<vendor>",
    summary="Delete the key of a vendor",
    description="The key is forgotten, and the platform's is used where there is one. It takes "
    "minutes at most until no call is made with it any more.",
    operation_id="delete_model_key",
    tags=TAGS,
    responses=answers(200, "Where the key comes from now.", NONE, refusals=[UNKNOWN, NO_WRITER]),
)
def delete_model_key(vendor: str, principal: Caller) -> ModelKey:
    """Forget a key."""
    ports = current()
    return setting.delete_model_key(
        principal, vendor, models=ports.models, secrets=ports.secrets, table=ports.table
    )
