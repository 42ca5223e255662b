"""Which models everybody may call: what functions are told of it, and the right to call Bedrock."""

from stacks.constructs.function import Function
from stacks.settings import Settings

INVOKE = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")
"""For Converse and ConverseStream (Bedrock Runtime API Reference)."""
SETTINGS_SAY = (
    "The stage's settings name the models; an inference profile calls its model in several regions."
)


def variables(settings: Settings) -> dict[str, str]:
    """For functions that list models or call them; only those that say something."""
    told = {
        "PROMPTPILOT_CUSTOM_MODELS": settings.models_without_keys,
        "PROMPTPILOT_PLATFORM_KEYS": settings.platform_keys,
        "PROMPTPILOT_MODEL_LIMITS": settings.limits_of_models,
    }
    return {name: value for name, value in told.items() if value}


def allow_bedrock(function: Function, settings: Settings) -> None:
    """Let `function` call what the settings name of Amazon Bedrock."""
    if settings.bedrock:
        function.allow(INVOKE, *settings.bedrock, wildcard_because=SETTINGS_SAY)
