"""What a model can do and takes."""

from typing import Annotated, Literal

from pydantic import Field

from promptpilot.domain.base import Model

Input = Literal["text", "image", "document"]
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
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

    context_tokens: Annotated[int, Field(ge=1)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    inputs: tuple[Input, ...] = ("text",)
    settings: tuple[SettingName, ...] = ()
    """The settings that it takes."""
    max_temperature: float = 2.0
    reasoning_efforts: tuple[ReasoningEffort, ...] = ()
    """The values of `reasoning_effort` that it takes."""
    tools: bool = False
    structured_output: bool = False
    """Whether the vendor holds the answer to a JSON Schema; it is checked either way."""
    streaming: bool = True
    listed: bool = True
    """Whether somebody looked it up; of a model that nobody has listed this is a guess."""
