"""The steps of a workflow document, one model for each kind."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from promptpilot.domain.duration import Duration, between, seconds_of
from promptpilot.domain.json_value import JsonValue
from promptpilot.domain.model import Settings
from promptpilot.domain.prompt import PromptRef
from promptpilot.domain.retry import Retry
from promptpilot.domain.written import Written

_ID_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
_ID = re.compile(_ID_PATTERN)

NOT_SUPPORTED_YET = "not_supported_yet"
"""The code of a problem with what the language has but this version does not."""

MAX_ERROR_CHARACTERS = 256
MAX_CAUSE_CHARACTERS = 32_768
"""Step Functions' limits of an error's name and cause."""


def _checked_id(value: Any) -> Any:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise PydanticCustomError(
        "id_invalid",
        "Must begin with a small letter and go on with at most 63 small letters, digits and "
        "underscores.",
    )


StepId = Annotated[
    str, BeforeValidator(_checked_id), WithJsonSchema({"type": "string", "pattern": _ID_PATTERN})
]
"""A step's name in the document, and the variable that holds its result."""

ExpressionText = Annotated[str, Field(max_length=MAX_CAUSE_CHARACTERS)]


class StepPrompt(PromptRef, Written):
    """Which prompt a step renders, as its author wrote it."""


class StepSettings(Settings, Written):
    """The settings that a step overrides, as its author wrote them."""


class CaughtValue(Written):
    """The value that a failed step has instead of a result."""

    value: JsonValue


def _catch_tag(value: Any) -> str:
    return "<value>" if isinstance(value, Mapping | CaughtValue) else "<fail>"


def _no_steps_yet(value: Any) -> Any:
    if isinstance(value, Mapping) and "steps" in value:
        raise PydanticCustomError(
            NOT_SUPPORTED_YET, "`steps` are not supported yet here; `fail` and a `value` are."
        )
    return value


OnError = Annotated[
    Annotated[Literal["fail"], Tag("<fail>")] | Annotated[CaughtValue, Tag("<value>")],
    Discriminator(_catch_tag),
    BeforeValidator(_no_steps_yet),
]
"""What becomes of an execution whose step failed for good."""


class PromptStep(Written):
    """Render a prompt, call a model. The result is {output, text, model, usage, cost, log}.

    `with` gives the prompt's variables. `settings` override those of the prompt version one by one.
    `select` is an expression on `$output` that takes the output's place. `timeout` is for one try.
    """

    not_yet: ClassVar[frozenset[str]] = frozenset({"fallbacks", "cache"})
    """Fields of the language that this version does not support."""

    id: StepId
    kind: Literal["prompt"]
    prompt: StepPrompt
    variables: Annotated[Mapping[str, JsonValue], Field(alias="with")] = {}
    model: ExpressionText | None = None
    settings: StepSettings | None = None
    select: ExpressionText | None = None
    timeout: Annotated[Duration, between("1s", "14m")] = "60s"
    retry: Retry = Retry()
    on_error: OnError = "fail"

    @property
    def timeout_seconds(self) -> int:
        """The longest that one model call of this step may take."""
        return seconds_of(self.timeout)


class TransformStep(Written):
    """Reshape values. The result is `value`, with the expressions in it evaluated."""

    id: StepId
    kind: Literal["transform"]
    value: JsonValue


class FailStep(Written):
    """End the execution as failed, with that error and message (text or expressions)."""

    id: StepId
    kind: Literal["fail"]
    error: Annotated[ExpressionText, Field(min_length=1)] = "WorkflowFailed"
    message: ExpressionText = ""


Step = PromptStep | TransformStep | FailStep

STEP_MODELS: Mapping[str, type[Step]] = {
    "prompt": PromptStep,
    "transform": TransformStep,
    "fail": FailStep,
}
"""By `kind`, the model of its steps."""

AnyStep = Annotated[Step, Field(discriminator="kind")]
