"""What is common to reading the replies of vendors, which send JSON."""

from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
)

from promptpilot.adapters.models.http.wire import Reply
from promptpilot.step_errors import ModelUnavailable

MAX_MODEL_NAME = 200

Count = Annotated[int, Field(strict=True, ge=0, lt=2**53)]
"""How many tokens; what is said as text or as a fraction is none."""

M = TypeVar("M", bound=BaseModel)


class Part(BaseModel):
    """A part of a reply; what a server adds beyond the format is left out."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True
    )


def read_reply(kind: type[M], reply: Reply, what: str) -> M:
    """The reply as `kind`. Raises `ModelUnavailable` for one that is not JSON or not of that form,
    which a person calls `what`.
    """
    media_type = reply.content_type.partition(";")[0].strip().lower()
    if not media_type.endswith("json"):
        raise ModelUnavailable(
            reason="The model's server answered with something that is not JSON."
        )
    try:
        return kind.model_validate_json(reply.body or b"")
    except ValidationError as error:
        raise ModelUnavailable(reason=_what_is_wrong(error, what)) from error


def none_unless_valid(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """For token counts and the like: an answer is worth having without them; wrong ones are worth
    nothing.
    """
    try:
        return validate(value)
    except ValidationError:
        return None


def served_model(told: str | None, *, asked: str, prefix: str) -> str:
    """Our name of the model that a server says it has used; where it does not, the one asked."""
    return f"{prefix}{told[:MAX_MODEL_NAME]}" if told else asked


def _what_is_wrong(error: ValidationError, what: str) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "The model's server answered with broken JSON."
    place = ".".join(str(part) for part in first["loc"]) or "the top"
    return f"The model's server answered with something else than {what}, at {place}."
