"""What an operator can set from outside. The only reader of the environment."""

import json
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
)

from promptpilot.domain.egress_opened import Opened
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.price import Price
from promptpilot.errors import Invalid
from promptpilot.valkey_url import require_valkey_url
from promptpilot.vendor_settings import VendorSettings


def _parse_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _parse_list(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(filter(None, map(str.strip, value.split(","))))


def _opened(entries: tuple[str, ...]) -> tuple[str, ...]:
    Opened.read(entries)
    return entries


def _valkey_url(given: SecretStr | None) -> SecretStr | None:
    if given is None or not given.get_secret_value():
        return None
    require_valkey_url(given.get_secret_value())
    return given


ValkeyUrl = Annotated[SecretStr | None, AfterValidator(_valkey_url)]
OpenedEntries = Annotated[tuple[str, ...], BeforeValidator(_parse_list), AfterValidator(_opened)]


class CustomModels(BaseModel):
    """One OpenAI-compatible server, whose models are called `custom/<its name here>/<model>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: HttpUrl
    api_key: SecretStr = SecretStr("")
    models: tuple[str, ...] = ()
    """The names of models to list; others of the same server can be called as well."""
    profile: ModelProfile | None = None
    """What all of its models can do and take; what is left out is guessed, and without any of it
    nothing is refused."""
    price: Price | None = None
    """What all of its models cost."""


class Deployed(StrEnum):
    """The variables that a deployment on AWS sets on its functions, on each those it needs."""

    TABLE = "PROMPTPILOT_TABLE"
    BLOBS_BUCKET = "PROMPTPILOT_BLOBS_BUCKET"
    STEP_QUEUE_URL = "PROMPTPILOT_STEP_QUEUE_URL"
    MACHINES = "PROMPTPILOT_MACHINES"
    """How the ARN of every state machine of this deployment begins."""
    MACHINE_ROLE_ARN = "PROMPTPILOT_MACHINE_ROLE_ARN"
    MACHINE_LOG_GROUP_ARN = "PROMPTPILOT_MACHINE_LOG_GROUP_ARN"
    EVENT_BUS = "PROMPTPILOT_EVENT_BUS"
    EVENT_BUS_ARN = "PROMPTPILOT_EVENT_BUS_ARN"
    SCHEDULE_GROUP = "PROMPTPILOT_SCHEDULE_GROUP"
    SCHEDULER_ROLE_ARN = "PROMPTPILOT_SCHEDULER_ROLE_ARN"
    USER_POOL_ID = "PROMPTPILOT_USER_POOL_ID"
    USER_POOL_CLIENT_ID = "PROMPTPILOT_USER_POOL_CLIENT_ID"
    SECRETS_PREFIX = "PROMPTPILOT_SECRETS_PREFIX"
    LIVE_ENDPOINT = "PROMPTPILOT_LIVE_ENDPOINT"
    """The URL of the WebSocket stage, by https."""


class Settings(VendorSettings):
    """Read once at start by `Settings.read()`; passed to whoever needs it."""

    data: Path = Field(Path(".promptpilot"), alias="PROMPTPILOT_DATA")
    """The folder that holds everything durable of the embedded platform."""

    custom_models: Annotated[Mapping[str, CustomModels], BeforeValidator(_parse_json)] = Field(
        default_factory=dict, alias="PROMPTPILOT_CUSTOM_MODELS"
    )

    egress_allow: OpenedEntries = Field((), alias="PROMPTPILOT_EGRESS_ALLOW")
    """What actions of workflows may reach besides public addresses: hosts, hosts with a port,
    networks, between commas."""

    valkey_url: ValkeyUrl = Field(None, alias="PROMPTPILOT_VALKEY_URL")
    """A Valkey or Redis server for the cache and the rate limits, `valkey://` or, by TLS,
    `valkeys://`; it may hold a password."""

    otlp_endpoint: str = Field("", alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    otlp_traces_endpoint: str = Field("", alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    """Where traces go, by OTLP over HTTP; nowhere without either. The SDK reads these variables
    too, and with them its others."""
    captures_content: bool = Field(
        default=False, alias="OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
    )
    """Whether traces hold what is said to models, and what they say."""

    aws_endpoint: str = Field("", alias="AWS_ENDPOINT_URL")
    """Where all of AWS is, when it is an emulator. The SDK reads the same variable."""

    initialization: str = Field("", alias="AWS_LAMBDA_INITIALIZATION_TYPE")
    """How Lambda starts this process; "snap-start" from a snapshot."""

    deployment: Mapping[Deployed, str] = {}

    @property
    def traces(self) -> bool:
        """Whether anybody collects traces."""
        return bool(self.otlp_endpoint or self.otlp_traces_endpoint)

    def deployed(self, variable: Deployed) -> str:
        """What the deployment set. Raises `Invalid` where it did not."""
        if not self.deployment.get(variable):
            raise Invalid(reason=f"{variable}: is not set, and this function needs it")
        return self.deployment[variable]

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """The settings of this process. Raises `Invalid` with every wrong variable named."""
        given = dict(os.environ if environ is None else environ)
        deployment = {each: given[each] for each in Deployed if each in given}
        try:
            return cls.model_validate(given | {"deployment": deployment})
        except ValidationError as error:
            # Told without what was given, which may hold a key; so the cause is not shown either.
            told = error.errors(include_url=False, include_input=False, include_context=False)
            wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in told)
            raise Invalid(reason="; ".join(wrong)) from None
