"""How much a model is to think, and how long its answer may be: thinking is part of the answer."""

from collections.abc import Mapping
from typing import Any

from promptpilot.domain.model import Settings
from promptpilot.step_errors import ModelRejectedRequest

DEFAULT_MAX_TOKENS = 4096
"""Of what is not thinking, where no limit is set: the API wants one. More, up to what a model can,
is for who knows the model."""

_ROOM: Mapping[str, int] = {
    "low": 4_096,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 32_768,
}
"""Tokens to think with, beside the others, at each effort: where nobody limits an answer, thinking
is not to leave it without words. Models that take an effort have 64k or more for both."""

_ROOM_UNASKED = _ROOM["high"]
"""Most models think though nobody has asked them to, at an effort that is often `high`."""

_NO_ADAPTIVE = ("claude-opus-4-5",)
"""Take an effort, but do not decide themselves when to think (Anthropic's pages on effort and on
adaptive thinking)."""

_ALWAYS_BETWEEN_TOOLS = ("claude-sonnet-5-5",)
"""Refuse to stop thinking altogether, but not to think up front ("What's new in Claude Sonnet
5.5")."""


def max_tokens(settings: Settings) -> int:
    """The longest answer, thinking included, in tokens."""
    if settings.max_tokens is not None:
        return settings.max_tokens
    return DEFAULT_MAX_TOKENS + _room(settings)


def thinking(model: str, settings: Settings) -> Mapping[str, Any]:
    """`thinking` for `model` (Anthropic's name for it), none where nothing is set.

    An effort turns on thinking that the model measures itself; a number of tokens is the budget
    that older models have. Which of them a model takes, its profile says.
    """
    if _is_off(settings):
        between = model.startswith(_ALWAYS_BETWEEN_TOOLS)
        return {"type": "between_tools" if between else "disabled"}
    if settings.reasoning_tokens is not None:
        return {"type": "enabled", "budget_tokens": settings.reasoning_tokens}
    if settings.reasoning_effort is None or model.startswith(_NO_ADAPTIVE):
        return {}
    return {"type": "adaptive"}


def effort(settings: Settings) -> Mapping[str, Any]:
    """The field of `output_config`. Raises `ModelRejectedRequest` for an effort that Anthropic has
    no word for.
    """
    asked = settings.reasoning_effort
    if asked is None or asked == "none":
        return {}
    if asked not in _ROOM:
        raise ModelRejectedRequest(reason=f"Anthropic knows no reasoning_effort {asked!r}.")
    return {"effort": asked}


def _is_off(settings: Settings) -> bool:
    return settings.reasoning_effort == "none" or settings.reasoning_tokens == 0


def _room(settings: Settings) -> int:
    if _is_off(settings):
        return 0
    if settings.reasoning_tokens is not None:
        return settings.reasoning_tokens
    return _ROOM.get(settings.reasoning_effort or "", _ROOM_UNASKED)
