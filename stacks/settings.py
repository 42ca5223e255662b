"""What a deployment can choose. The only place for names, sizes, limits and options of a stage."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

PRODUCT = "promptpilot"
DEFAULT_STAGE = "dev"
PRODUCTION = "prod"


class SettingsInvalid(Exception):
    """The settings cannot be used; `faults` tells where and why, one sentence each."""

    def __init__(self, source: str, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join((f"{source}:", *(f"  {fault}" for fault in faults))))
        self.faults = faults


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Size(_Model):
    """How large one Lambda function is."""

    memory_mb: int = Field(ge=128, le=10_240)
    timeout_seconds: int = Field(ge=1, le=900)
    reserved_concurrency: int | None = Field(None, ge=0)
    """So many of the account's concurrent executions, for this function alone and at most."""


DEFAULT_SIZES: Mapping[str, Size] = {
    "api": Size(memory_mb=512, timeout_seconds=30),  # API Gateway waits no longer
    "authorizer": Size(memory_mb=256, timeout_seconds=10),
    # 100 MB when it has started, and ten answers of at most 8 MB each. It waits for most of its
    # time, which is paid for by memory.
    "step_worker": Size(memory_mb=384, timeout_seconds=900),
    "abandoned_steps": Size(memory_mb=256, timeout_seconds=60),
    "execution_events": Size(memory_mb=256, timeout_seconds=20),
    "machine_collector": Size(memory_mb=256, timeout_seconds=300),
    "outbox": Size(memory_mb=256, timeout_seconds=60),
    "live": Size(memory_mb=256, timeout_seconds=29),  # nor for a WebSocket route
}


def _over_defaults(given: Any) -> Any:
    """Each function's own fields over its default size, so that one may be changed alone."""
    if not isinstance(given, Mapping):
        return given
    if unknown := set(given) - set(DEFAULT_SIZES):
        raise ValueError(f"no such function: {', '.join(sorted(unknown))}")
    return {
        name: {**size.model_dump(), **given.get(name, {})} for name, size in DEFAULT_SIZES.items()
    }


class StepQueue(_Model):
    """How step jobs reach the worker."""

    batch_size: int = Field(10, ge=1, le=10)
    maximum_concurrency: int = Field(50, ge=2, le=1_000)
    """Batches at once; together with the batch size, how many models are waited for at once."""
    receives: int = Field(3, ge=1)
    """How often a job is tried before it is given up."""


class Throttling(_Model):
    """Requests a second, and how many may come at once beyond that."""

    rate: PositiveInt = 100
    burst: PositiveInt = 200


class Domain(_Model):
    """A name of your own for the web app and the API."""

    name: str = Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
    certificate_arn: str = Field(pattern=r"^arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate/.+$")
    """CloudFront takes certificates of us-east-1 only."""


BedrockArn = Annotated[
    str, Field(pattern=r"^arn:aws[a-z-]*:bedrock:[a-z0-9*-]+:(\d{12})?:[a-z-]+/[A-Za-z0-9.:*/_-]+$")
]
"""A model, an inference profile, or several by a `*`."""


class CustomModels(_Model):
    """An OpenAI-compatible server. Its key is not a setting: it lives in the Parameter Store."""

    base_url: HttpUrl
    models: tuple[str, ...] = ()
    profile: Mapping[str, Any] | None = None
    """What its models can do and take, as PROMPTPILOT_CUSTOM_MODELS has it."""
    price: Mapping[str, Any] | None = None
    """What they cost, likewise."""


class ModelLimit(_Model):
    """Calls, and tokens in and out together, of one minute. None is no limit."""

    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None


class Valkey(_Model):
    """A Valkey server of yours in a VPC, such as one of ElastiCache Serverless, for the cache and
    the rate limits.

    The worker is put into the VPC for it, so its subnets need a way out, to the vendors of models
    and to AWS: a NAT gateway, as a rule. It has no password: its security group lets the worker's
    in, and nobody else.
    """

    url: str = Field(pattern=r"^(valkeys|rediss)://[a-z0-9.-]+(:\d{1,5})?$")
    """By TLS: `valkeys://` or `rediss://`, its host and port."""
    subnets: Annotated[
        tuple[Annotated[str, Field(pattern=r"^subnet-([0-9a-f]{8}|[0-9a-f]{17})$")], ...],
        Field(min_length=1, max_length=16),
    ]
    security_groups: Annotated[
        tuple[Annotated[str, Field(pattern=r"^sg-([0-9a-f]{8}|[0-9a-f]{17})$")], ...],
        Field(min_length=1, max_length=5),
    ]
    """The worker's."""


class Traces(_Model):
    """Who collects traces, by OTLP over HTTP. The headers it wants, which may hold a token, are no
    setting: they live in the Parameter Store.
    """

    endpoint: HttpUrl
    """Its base URL, as OTEL_EXPORTER_OTLP_ENDPOINT has it, without `/v1/traces`."""
    sampled: float = Field(1, ge=0, le=1)
    """What share of the traces is told, chosen by their ids, so that each is told whole or not."""

    @field_validator("endpoint")
    @classmethod
    def _without_a_password(cls, endpoint: HttpUrl) -> HttpUrl:
        if endpoint.username or endpoint.password or endpoint.query:
            raise ValueError("has no user, password or query: a template can be read")
        return endpoint


class Retention(_Model):
    """How many days things are kept, and when blobs move to cheaper storage."""

    logs: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 30
    events: PositiveInt = 30
    """Of the bus's archive, from which events can be replayed."""
    old_blobs: PositiveInt = 30
    """Of versions of a blob that were deleted or written over."""
    blobs_infrequent_after: int = Field(60, ge=30)
    blobs_archive_after: int = Field(180, ge=60)
    """In Glacier Instant Retrieval, which is as quick to read, and dearer."""


class Alarms(_Model):
    """What is worth waking somebody for."""

    email: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+$")
    api_error_percent: float = Field(5, gt=0, le=100)
    api_p99_ms: PositiveInt = 10_000
    """Requests that ask to wait for their execution (`Prefer: wait=`) count as well."""
    outbox_age_seconds: PositiveInt = 60
    failed_executions: PositiveInt = 20
    """In fifteen minutes."""
    monthly_budget_usd: PositiveInt = 20
    """Of the whole account: a budget cannot tell deployments apart before their tags are activated
    for billing.
    """


class Settings(_Model):
    """One deployment of the product. The defaults synthesise anywhere, without an account."""

    stage: str = Field(DEFAULT_STAGE, pattern=r"^[a-z][a-z0-9]{0,14}$")
    """Without a hyphen, so that no deployment's names begin with another's."""
    account: str | None = Field(None, pattern=r"^\d{12}$")
    region: str | None = Field(None, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    protected: bool
    """Data cannot be deleted along with the stacks. Of prod by default."""

    python: Literal["3.13"] = "3.13"
    architecture: Literal["arm64", "x86_64"] = "arm64"
    functions: Annotated[Mapping[str, Size], BeforeValidator(_over_defaults)] = DEFAULT_SIZES
    snap_start: bool = False
    """Start the API and the authorizer from a snapshot. It is paid for all month, used or not: some
    $2 for each snapshot, which is more than all the rest of an idle month.
    """

    step_queue: StepQueue = StepQueue()
    throttling: Throttling = Throttling()
    retention: Retention = Retention()
    alarms: Alarms = Alarms()
    dashboard: bool = True
    """Three dashboards of an account are free of charge, each further one $3 a month."""

    domain: Domain | None = None
    web_acl_arn: str | None = Field(
        None, pattern=r"^arn:aws[a-z-]*:wafv2:us-east-1:\d{12}:global/webacl/.+$"
    )
    """A web application firewall of yours before CloudFront. None by default: one costs $5 a month
    and more.
    """
    self_sign_up: bool = True
    """Anybody may sign up. Otherwise administrators make users, in Cognito."""
    threat_protection: bool = False
    """Cognito's own: it blocks stolen passwords and odd log-ins, at $0.02 a user and month."""
    custom_models: Mapping[str, CustomModels] = {}
    vendor_keys: tuple[Literal["openai", "anthropic", "google", "bedrock"], ...] = ()
    """Vendors whose key for everybody is the parameter `platform/models/<vendor>`: workspaces that
    have none of their own call them at your cost.
    """
    bedrock: tuple[BedrockArn, ...] = ()
    """What of Amazon Bedrock everybody may call at this account's cost, without a key; nothing by
    default. An inference profile takes two: its own ARN and its model's, in each of its regions.
    """
    model_limits: Mapping[str, ModelLimit] = {}
    """How often a vendor (`openai`), or a model (`openai/gpt-5`), is called in a minute with the
    keys for everybody.
    """
    egress_allow: tuple[str, ...] = ()
    """What the actions of workflows may reach besides public addresses: hosts, hosts with a port,
    networks.
    """
    valkey: Valkey | None = None
    """Without one the table is the cache and holds the rate limits, which costs by use."""
    traces: Traces | None = None
    """Without one nothing is recorded but what X-Ray sees of AWS's own services."""

    @model_validator(mode="before")
    @classmethod
    def _protect_production(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {"protected": given.get("stage") == PRODUCTION, **given}

    @model_validator(mode="after")
    def _account_and_region_together(self) -> Self:
        if (self.account is None) != (self.region is None):
            raise ValueError("account and region are given together or not at all")
        return self

    @property
    def prefix(self) -> str:
        """How every name of this deployment begins."""
        return f"{PRODUCT}-{self.stage}"

    @property
    def secrets_prefix(self) -> str:
        """How the name of every parameter of this deployment begins."""
        return f"/{PRODUCT}/{self.stage}"

    @property
    def models_without_keys(self) -> str:
        """The custom models as the functions read them, JSON; empty where there are none."""
        models = {
            name: each.model_dump(mode="json", exclude_none=True)
            for name, each in self.custom_models.items()
        }
        return json.dumps(models, sort_keys=True) if models else ""

    @property
    def limits_of_models(self) -> str:
        """The limits as the functions read them, JSON; empty where there are none."""
        limits = {
            name: each.model_dump(exclude_none=True) for name, each in self.model_limits.items()
        }
        return json.dumps(limits, sort_keys=True) if limits else ""

    @property
    def platform_keys(self) -> str:
        """The vendors that everybody may call here, as the functions read them."""
        return ",".join(sorted({*self.vendor_keys, *(["bedrock"] if self.bedrock else [])}))

    @classmethod
    def read(cls, stage: str | None = None, file: Path | None = None) -> "Settings":
        """The settings of `file` (JSON), of `stage` where it is given.

        Raises `SettingsInvalid`, with every fault.
        """
        source = str(file) if file else "settings"
        given = _read(file) if file else {}
        written = given.get("stage", stage)
        if stage and written != stage:
            raise SettingsInvalid(source, (f"stage: is {written}, and {stage} was asked for",))
        try:
            return cls.model_validate({**given, **({"stage": stage} if stage else {})})
        except ValidationError as error:
            faults = (
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
            )
            raise SettingsInvalid(source, tuple(faults)) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsInvalid(str(file), (str(error),)) from error
    if not isinstance(given, dict):
        raise SettingsInvalid(str(file), ("has to be a JSON object",))
    return given
