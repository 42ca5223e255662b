"""Which of the models that genai-prices has are listed here, and what they are called.

It prices everything a vendor sells, whatever it is for; here are models that answer a text with a
text. Sources: the announced shutdown dates in openai's `shared/chat_model.py`; the models that
anthropic's `types/model.py` still has; "Deprecations" of the Gemini API; "Model lifecycle" and
"Supported foundation models" of the Amazon Bedrock User Guide.
"""

import re
from collections.abc import Mapping

PROVIDERS: Mapping[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google",
    "bedrock": "aws",
}
"""Our vendors, by the names that genai-prices has for them."""

_OTHER_PURPOSE = (
    "audio|embed|image|live|moderation|nano-banana|omni|realtime|robotics|-search|sonic|speech|"
    "transcribe|translate|tts|voxtral|whisper|computer-use|deep-research"
)
_LEFT_OUT: Mapping[str, re.Pattern[str]] = {
    "openai": re.compile(
        # of other vendors' platforms
        r"^gpt-oss|:extended$|\.ft-$|"
        # shut down
        r"^(ada|babbage|curie|davinci|text-)|^gpt-3\.5|^gpt-4($|-32k|-turbo|-vision|\.5|\.1-nano)|"
        r"^gpt-4o-2024-05-13$|^chatgpt-|^codex-mini|^gpt-5\.3$|^gpt-5\.1-codex-mini$|"
        r"^o1($|-mini|-preview)|^o3-mini|^o4-mini$"
    ),
    "anthropic": re.compile(r"^claude-(v1|2|3-|opus-4-[01]$|sonnet-4-0$)"),
    "google": re.compile(
        # other companies' models, which another of its services has
        r"^claude|-maas$|"
        # shut down
        r"^gemini-(1|2\.0|pro$|pro-1\.5|flash-1\.5)|^gemma-2|-preview$(?<=2\.5-flash-preview)"
    ),
    "bedrock": re.compile(r"titan-text|claude-3-(opus|sonnet|5-|7-)"),
}
_ANY_PURPOSE = re.compile(_OTHER_PURPOSE)

_BEDROCK_NAMES: Mapping[str, str] = {
    "anthropic.claude-opus-4-5-v1:0": "anthropic.claude-opus-4-5-20251101-v1:0",
    "anthropic.claude-opus-4-6-v1:0": "anthropic.claude-opus-4-6-v1",
}
_UNDATED_CLAUDE = re.compile(r"^(anthropic\.claude-[a-z]+-\d(?:-\d)?)-v1:0$")
_NOT_CONVERSED_WITH = re.compile(r"openai\.gpt-[56]")
"""Priced, but not listed: nobody has seen them answer Converse."""


def is_left_out(vendor: str, model: str) -> bool:
    """Whether the model answers no text with a text, or nobody can call it."""
    return bool(_ANY_PURPOSE.search(model) or _LEFT_OUT[vendor].search(model))


def listed_as(vendor: str, model: str, known: frozenset[str]) -> str | None:
    """The name by which the model is called; None for one that is priced only, since it has a name
    in each place, or other names before its own.

    `known` are all that the vendor has. Bedrock's `regional` models are called by the name of one
    of many regions, and listed where they are in no `global` inference profile.
    """
    if vendor == "openai" and model.startswith("ft:"):
        return None
    if vendor != "bedrock":
        return model
    if _NOT_CONVERSED_WITH.search(model):
        return None
    scope, _, name = model.partition(".")
    if scope not in {"global", "regional"}:
        return model.removesuffix(":0") if model.startswith("nvidia.") else model
    if scope == "regional" and f"global.{name}" in known:
        return None
    name = _UNDATED_CLAUDE.sub(r"\1", _BEDROCK_NAMES.get(name, name))
    return f"global.{name}" if scope == "global" else name
