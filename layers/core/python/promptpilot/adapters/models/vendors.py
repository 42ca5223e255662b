"""The vendors whose models are called with a key: all that is known of them, as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import cast

from pydantic import SecretStr

from promptpilot.adapters.models.http.keys import bearer, key_header
from promptpilot.adapters.models.http.wire import Authorize, Wire
from promptpilot.step_errors import (
    ContextTooLong,
    ModelError,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelUnknown,
)

_WIRES = "promptpilot.adapters.models"


@dataclass(frozen=True, slots=True)
class Check:
    """A cheap call that only a good key passes: what is found at `path`, or an answer of one token
    by `model`. Who gets as far as `passed` has a good key too.
    """

    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    passed: tuple[type[ModelError], ...] = (ModelRateLimited,)


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor. Nothing of its format is imported before `wire` is called."""

    name: str
    base_url: Callable[[str], str]
    """Where it is usually, for those who are in that AWS region."""
    format: str
    """The module of its format below this package, and the class of it."""
    variable: str
    """Of the environment: the key for everybody on this server."""
    check: Check
    authorize: Callable[[SecretStr], Authorize] = bearer
    """How a key is presented."""
    regional: bool = False
    """Whether it is elsewhere in each AWS region, and called from none."""
    sign: Callable[[str], Authorize] | None = None
    """Signs for that region with the AWS credentials that are found here, in place of a key."""

    @property
    def prefix(self) -> str:
        """How the names of its models begin."""
        return f"{self.name}/"

    def wire(self) -> Wire:
        """Its format."""
        module, _, name = self.format.partition(":")
        return cast("Wire", getattr(import_module(f"{_WIRES}.{module}"), name)(self.prefix))


def _bedrock_url(region: str) -> str:
    from promptpilot.adapters.models.bedrock.wire import bedrock_url  # noqa: PLC0415 - its format's

    return bedrock_url(region)


def _bedrock_key(key: SecretStr) -> Authorize:
    from promptpilot.adapters.models.bedrock.signing import api_key  # noqa: PLC0415 - its format's

    return api_key(key)


def _bedrock_signature(region: str) -> Authorize:
    from promptpilot.adapters.models.bedrock.signing import (  # noqa: PLC0415 - its format's
        default_credentials,
        sigv4,
    )

    return sigv4(default_credentials, region)


# Where each vendor's list of models is, says its API reference; listing takes no tokens.
_ALL = (
    Vendor(
        name="openai",
        base_url=lambda _: "https://api.openai.com/v1",
        format="responses.wire:Responses",
        variable="OPENAI_API_KEY",
        check=Check("models"),
    ),
    Vendor(
        name="anthropic",
        base_url=lambda _: "https://api.anthropic.com",
        format="anthropic_messages.wire:AnthropicMessages",
        variable="ANTHROPIC_API_KEY",
        check=Check("v1/models?limit=1", {"anthropic-version": "2023-06-01"}),
        authorize=partial(key_header, header="x-api-key"),
    ),
    Vendor(
        name="google",
        base_url=lambda _: "https://generativelanguage.googleapis.com",
        format="gemini.wire:Gemini",
        variable="GEMINI_API_KEY",
        check=Check("v1beta/models?pageSize=1"),
        authorize=partial(key_header, header="x-goog-api-key"),
    ),
    Vendor(
        name="bedrock",
        base_url=_bedrock_url,
        format="bedrock.wire:BedrockConverse",
        variable="AWS_BEARER_TOKEN_BEDROCK",
        # Its list of models is another service, which a key need not be good for. Who is called
        # wrong, or not found, was let in before.
        check=Check(
            model="amazon.nova-micro-v1:0",
            passed=(
                ModelRateLimited,
                ModelUnknown,
                ModelRejectedRequest,
                ModelRefused,
                ContextTooLong,
            ),
        ),
        authorize=_bedrock_key,
        regional=True,
        sign=_bedrock_signature,
    ),
)
VENDORS: Mapping[str, Vendor] = {vendor.name: vendor for vendor in _ALL}
