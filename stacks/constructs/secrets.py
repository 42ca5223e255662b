"""The parameters that hold keys. Made by the product and by operators, never by a stack, whose
template anybody may read.
"""

from aws_cdk import Stack

from stacks.constructs.function import Function
from stacks.settings import Settings

READ = ("ssm:GetParameter",)
KEEP = ("ssm:PutParameter", "ssm:DeleteParameter")
NAMES = "A key's name holds its workspace and its connection, which users name."


def variables(settings: Settings) -> dict[str, str]:
    """For functions that read keys."""
    return {"PROMPTPILOT_SECRETS_PREFIX": settings.secrets_prefix}


def allow_reading(function: Function, settings: Settings) -> None:
    """Let `function` read every key of this deployment.

    They are encrypted with the account's own key for parameters, which needs no right of its own.
    """
    function.allow(READ, _parameter(function, settings, "*"), wildcard_because=NAMES)


def allow_keeping_models_keys(function: Function, settings: Settings) -> None:
    """Let `function` set and delete, but not read, the keys that workspaces have for vendors of
    models; no key of the platform.
    """
    keys = _parameter(function, settings, "ws_*/models/*")
    function.allow(KEEP, keys, wildcard_because=NAMES)


def allow_cursor_key(function: Function, settings: Settings) -> None:
    """Let `function` read, and once make, the key that signs the cursors of lists."""
    key = _parameter(function, settings, "platform/cursor-key")
    function.allow(["ssm:GetParameter", "ssm:PutParameter"], key)


def allow_traces_headers(function: Function, settings: Settings) -> None:
    """Let `function` read the headers of requests to the collector of traces."""
    function.allow(["ssm:GetParameter"], _parameter(function, settings, "platform/otlp-headers"))


def _parameter(function: Function, settings: Settings, name: str) -> str:
    return Stack.of(function).format_arn(
        service="ssm",
        resource="parameter",
        resource_name=f"{settings.secrets_prefix.removeprefix('/')}/{name}",
    )
