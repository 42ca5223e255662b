"""How much a model is to think, by the family of the model: Converse has a word for it that not
every family takes, and passes on the fields of the vendors' own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from promptpilot.domain.model import Settings
from promptpilot.domain.model_profile import ReasoningEffort
from promptpilot.step_errors import ModelRejectedRequest

Fields = Mapping[str, Any]
"""Fields of a request to Converse."""


@dataclass(frozen=True, slots=True)
class _Family:
    """What says an effort, by our word for it, and what a number of tokens, where anything does."""

    efforts: Mapping[str, Fields]
    tokens: Callable[[int], Fields] | None = None


def _passed_on(name: str, value: Any) -> Fields:
    return {"additionalModelRequestFields": {name: value}}


def _thinking(tokens: int) -> Fields:
    if tokens == 0:
        return _NO_THINKING
    return _passed_on("thinking", {"type": "enabled", "budget_tokens": tokens})


_NO_THINKING = _passed_on("thinking", {"type": "disabled"})
_ADAPTIVE = _passed_on("thinking", {"type": "adaptive"})
_CONVERSE = {
    each: {"outputConfig": {"effort": each}} for each in ("low", "medium", "high", "xhigh", "max")
}

_FAMILIES: Mapping[str, _Family] = {
    # Takes an effort, but does not decide itself when to think.
    "anthropic.claude-opus-4-5": _Family({**_CONVERSE, "none": _NO_THINKING}, _thinking),
    "anthropic.claude": _Family(
        {
            "none": _NO_THINKING,
            **{effort: {**fields, **_ADAPTIVE} for effort, fields in _CONVERSE.items()},
        },
        _thinking,
    ),
    "amazon.nova": _Family(
        {
            "none": _passed_on("reasoningConfig", {"type": "disabled"}),
            **{
                each: _passed_on("reasoningConfig", {"type": "enabled", "maxReasoningEffort": each})
                for each in ("low", "medium", "high")
            },
        }
    ),
    "openai.gpt": _Family(
        {each: _passed_on("reasoning_effort", each) for each in get_args(ReasoningEffort)}
    ),
}
"""By what the names of models have in them, the first that fits; an inference profile puts a region
before the rest. Sources: OutputConfig in the Bedrock Runtime API Reference; "Adaptive thinking",
"Extended thinking" and "OpenAI models" in the Amazon Bedrock User Guide; "Extended thinking" in the
Amazon Nova 2 User Guide.
"""
_OTHERS = _Family(_CONVERSE)


def reasoning_fields(model: str, settings: Settings) -> Fields:
    """What a request to `model` (Bedrock's name for it) has for the two settings. Raises
    `ModelRejectedRequest` for what there is no way to tell this model.
    """
    effort, tokens = settings.reasoning_effort, settings.reasoning_tokens
    if effort is None and tokens is None:
        return {}
    family = next((each for mark, each in _FAMILIES.items() if mark in model), _OTHERS)
    fields: dict[str, Any] = {}
    if effort is not None:
        if effort not in family.efforts:
            raise _cannot(f"reasoning_effort {effort!r}")
        fields |= family.efforts[effort]
    if tokens is not None:
        if family.tokens is None:
            raise _cannot("a number of reasoning_tokens")
        fields |= family.tokens(tokens)
    return fields


def _cannot(setting: str) -> ModelRejectedRequest:
    return ModelRejectedRequest(reason=f"Amazon Bedrock cannot ask this model for {setting}.")
