"""What a model can do and takes."""

from typing import Annotated, Literal

from pydantic import Field

from promptpilot.domain.base import NONE_OMITTED, OMITTED, Model

Input = Literal["text", "image", "document"]
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
SettingName = Literal[
    "temperature",
    "top_p",
    "max_tokens",
    "stop",
    "seed",
    "reasoning_effort",
    "reasoning_tokens",
]


class ModelProfile(Model):
    """The capabilities of one model. None is unknown: it is neither promised nor prevented."""

    context_tokens: Annotated[Annotated[int, Field(ge=1)] | None, OMITTED] = None
    max_output_tokens: Annotated[Annotated[int, Field(ge=1)] | None, OMITTED] = None
    inputs: tuple[Input, ...] = ("text",)
    settings: tuple[SettingName, ...] = ()
    """The settings that it takes."""
    max_temperature: float = 2.0
    reasoning_efforts: tuple[ReasoningEffort, ...] = ()
    """The values of `reasoning_effort` that it takes."""
    min_reasoning_tokens: Annotated[Annotated[int, Field(ge=0)] | None, OMITTED] = None
    max_reasoning_tokens: Annotated[Annotated[int, Field(ge=0)] | None, OMITTED] = None
    """Between these are the `reasoning_tokens` that it takes; 0 as well where it takes the effort
    `none`."""
    not_while_reasoning: Annotated[tuple[SettingName, ...], NONE_OMITTED] = ()
    """The settings that it takes only while it does not reason."""
    reasons_unasked: Annotated[bool, NONE_OMITTED] = False
    """Whether it reasons where no setting says how much."""
    one_of: Annotated[tuple[SettingName, ...], NONE_OMITTED] = ()
    """Settings of which it takes one at a time."""
    tools: bool = False
    structured_output: bool = False
    """Whether the vendor holds the answer to a JSON Schema; it is checked either way."""
    streaming: bool = True
    listed: bool = True
    """Whether somebody looked it up; of a model that nobody has listed this is a guess."""
