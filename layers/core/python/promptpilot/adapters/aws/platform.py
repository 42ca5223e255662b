"""The AWS platform: every port served by a managed service, each made when it is first used.

An adapter's module is imported with it, since a function uses a few of them and importing all takes
as long as the rest of its start.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pydantic import SecretStr

from promptpilot.domain.egress_opened import Opened
from promptpilot.ports.event_bus import Hears, everything
from promptpilot.ports.offload import Offload
from promptpilot.settings import Deployed, Settings

if TYPE_CHECKING:
    from promptpilot.adapters.aws.blobs import S3Blobs
    from promptpilot.adapters.aws.clients import Clients
    from promptpilot.adapters.aws.cognito import CognitoIdentity
    from promptpilot.adapters.aws.event_bus import EventBridgeBus
    from promptpilot.adapters.aws.polling_waiter import PollingWaiter
    from promptpilot.adapters.aws.scheduler import EventBridgeScheduler
    from promptpilot.adapters.aws.shared_state import SharedState
    from promptpilot.adapters.aws.ssm_secrets import SsmSecrets
    from promptpilot.adapters.aws.step_functions import StepFunctions
    from promptpilot.adapters.aws.step_queue import SqsStepQueue
    from promptpilot.adapters.aws.table import DynamoTable
    from promptpilot.adapters.aws.websocket_connections import WebSocketConnections
    from promptpilot.adapters.egress.client import AiohttpEgress
    from promptpilot.adapters.models.registry import ModelRegistry
    from promptpilot.adapters.nobody_follows import NobodyFollows
    from promptpilot.adapters.partial_texts import TablePartialTexts
    from promptpilot.ports.cache import Cache
    from promptpilot.ports.rate_limiter import RateLimiter

P = ParamSpec("P")
T = TypeVar("T")

PLATFORM = "platform"
"""Whose the secrets are that belong to no workspace."""

_ADAPTERS = "promptpilot.adapters.aws"
_CLIENTS = f"{_ADAPTERS}.clients"


@dataclass(frozen=True, slots=True)
class _Port:
    name: str
    modules: tuple[str, ...]
    """What a process needs of it that has just been started."""


_PORTS = {
    Deployed.TABLE: _Port("table", (f"{_ADAPTERS}.table", _CLIENTS)),
    Deployed.BLOBS_BUCKET: _Port("blobs", (f"{_ADAPTERS}.blobs", _CLIENTS)),
    Deployed.MACHINES: _Port("orchestrator", (f"{_ADAPTERS}.step_functions", _CLIENTS)),
    Deployed.STEP_QUEUE_URL: _Port("step_queue", (f"{_ADAPTERS}.step_queue", _CLIENTS)),
    Deployed.EVENT_BUS: _Port("event_bus", (f"{_ADAPTERS}.event_bus", _CLIENTS)),
    Deployed.USER_POOL_ID: _Port("identity", (f"{_ADAPTERS}.cognito",)),
    Deployed.SECRETS_PREFIX: _Port("secrets", (f"{_ADAPTERS}.ssm_secrets", _CLIENTS)),
    Deployed.SCHEDULE_GROUP: _Port("scheduler", (f"{_ADAPTERS}.scheduler", _CLIENTS)),
    Deployed.LIVE_ENDPOINT: _Port("live", (f"{_ADAPTERS}.websocket_connections", _CLIENTS)),
}
"""The port that each setting is for, the most telling one where a port has several."""

_VALKEY = (f"{_ADAPTERS}.shared_state", "promptpilot.adapters.valkey.client")

CURSOR_KEY = "cursor-key"
CURSOR_KEY_BYTES = 32
OTLP_HEADERS = "otlp-headers"


async def in_a_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`Offload` for calls that wait for the network."""
    return await asyncio.to_thread(call, *args, **kwargs)


class AwsPlatform:
    """A `Platform`. A function uses, and so is configured and allowed for, just some of it: a port
    whose settings are not there raises `Invalid` when it is asked for.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def load(self) -> None:
        """Import what the ports that are configured need; no client is made, nothing connected."""
        valkey = () if self._settings.valkey_url is None else _VALKEY
        for module in {each for port in self._configured() for each in port.modules}.union(valkey):
            import_module(module)

    def prepare(self) -> None:
        """Make every port that is configured now rather than when it is first used."""
        for port in self._configured():
            getattr(self, port.name)

    def _configured(self) -> list[_Port]:
        return [port for variable, port in _PORTS.items() if variable in self._settings.deployment]

    @cached_property
    def _clients(self) -> "Clients":
        from promptpilot.adapters.aws.clients import Clients

        return Clients(self._settings.region)

    @cached_property
    def table(self) -> "DynamoTable":
        """DynamoDB."""
        from promptpilot.adapters.aws.table import DynamoTable

        return DynamoTable(self._clients.dynamodb, self._set(Deployed.TABLE))

    @cached_property
    def blobs(self) -> "S3Blobs":
        """S3."""
        from promptpilot.adapters.aws.blobs import S3Blobs

        return S3Blobs(self._clients.s3, self._set(Deployed.BLOBS_BUCKET))

    @cached_property
    def orchestrator(self) -> "StepFunctions":
        """Step Functions."""
        from promptpilot.adapters.aws.step_functions import StepFunctions

        return StepFunctions(
            self._clients.stepfunctions,
            machines=self._set(Deployed.MACHINES),
            role=self._set(Deployed.MACHINE_ROLE_ARN),
            log_group=self._set(Deployed.MACHINE_LOG_GROUP_ARN),
            step_queue_url=self._set(Deployed.STEP_QUEUE_URL),
        )

    @cached_property
    def step_queue(self) -> "SqsStepQueue":
        """SQS."""
        from promptpilot.adapters.aws.step_queue import SqsStepQueue

        return SqsStepQueue(self._clients.sqs, self._set(Deployed.STEP_QUEUE_URL))

    @cached_property
    def event_bus(self) -> "EventBridgeBus":
        """EventBridge."""
        from promptpilot.adapters.aws.event_bus import EventBridgeBus

        return EventBridgeBus(self._clients.events, self._set(Deployed.EVENT_BUS))

    @cached_property
    def waiter(self) -> "PollingWaiter":
        """Looking again and again."""
        from promptpilot.adapters.aws.polling_waiter import PollingWaiter

        return PollingWaiter()

    @cached_property
    def identity(self) -> "CognitoIdentity":
        """Cognito."""
        from promptpilot.adapters.aws.cognito import CognitoIdentity

        pool = self._set(Deployed.USER_POOL_ID)
        cognito = f"https://cognito-idp.{self._settings.region}.amazonaws.com"
        return CognitoIdentity(
            lambda: self._clients.cognito,
            pool=pool,
            client_id=self._set(Deployed.USER_POOL_CLIENT_ID),
            issuer=f"{cognito}/{pool}",
            jwks_url=f"{self._settings.aws_endpoint or cognito}/{pool}/.well-known/jwks.json",
        )

    @cached_property
    def secrets(self) -> "SsmSecrets":
        """The Parameter Store."""
        from promptpilot.adapters.aws.ssm_secrets import SsmSecrets

        return SsmSecrets(self._clients.ssm, self._set(Deployed.SECRETS_PREFIX))

    @cached_property
    def scheduler(self) -> "EventBridgeScheduler":
        """EventBridge Scheduler."""
        from promptpilot.adapters.aws.scheduler import EventBridgeScheduler

        return EventBridgeScheduler(
            self._clients.scheduler,
            group=self._set(Deployed.SCHEDULE_GROUP),
            bus_arn=self._set(Deployed.EVENT_BUS_ARN),
            role=self._set(Deployed.SCHEDULER_ROLE_ARN),
        )

    @cached_property
    def live(self) -> "WebSocketConnections":
        """API Gateway's WebSocket connections."""
        from promptpilot.adapters.aws.websocket_connections import WebSocketConnections

        return WebSocketConnections(self._clients.websocket(self._set(Deployed.LIVE_ENDPOINT)))

    @cached_property
    def models(self) -> "ModelRegistry":
        """The vendors."""
        from promptpilot.adapters.models.registry import ModelRegistry

        settings = self._settings
        return ModelRegistry(
            settings.custom_models, secrets=self.secrets, vendors=settings.on_a_function()
        )

    @property
    def cache(self) -> "Cache":
        """Valkey where a server is told, or else items of the table."""
        return self._shared.cache

    @property
    def rate_limiter(self) -> "RateLimiter":
        """As the cache."""
        return self._shared.rate_limiter

    @property
    def degraded(self) -> tuple[str, ...]:
        """See `Platform.degraded`; of what this process has used."""
        return self._shared.degraded if "_shared" in vars(self) else ()

    @cached_property
    def _shared(self) -> "SharedState":
        from promptpilot.adapters.aws.shared_state import SharedState
        from promptpilot.adapters.valkey.server import ValkeyServer

        # The table's name is the deployment's own, where several share a server.
        url, prefix = self._settings.valkey_url, self._set(Deployed.TABLE)
        valkey = None if url is None else ValkeyServer(url, prefix=prefix)
        return SharedState(valkey, lambda: self.table, self.offload)

    @cached_property
    def egress(self) -> "AiohttpEgress":
        """Requests of workflows, by the functions that have the library for them."""
        from promptpilot.adapters.egress.client import AiohttpEgress

        return AiohttpEgress(Opened.read(self._settings.egress_allow))

    @cached_property
    def partial_texts(self) -> "TablePartialTexts":
        """Items of the table."""
        from promptpilot.adapters.partial_texts import TablePartialTexts

        return TablePartialTexts(self.table)

    @cached_property
    def followers(self) -> "NobodyFollows":
        """Clients ask for what states do."""
        from promptpilot.adapters.nobody_follows import NobodyFollows

        return NobodyFollows()

    @property
    def offload(self) -> Offload:
        """Threads."""
        return in_a_thread

    @property
    def sole_worker(self) -> bool:
        """Many functions run steps, and a queue may deliver a job to two of them."""
        return False

    @property
    def hears(self) -> Hears:
        """Rules of others may be on the bus."""
        return everything

    @cached_property
    def cursor_key(self) -> bytes:
        """Made by whoever needs it first, the same for everybody."""
        known = self.secrets.get(PLATFORM, CURSOR_KEY)
        if known is None:
            new = SecretStr(secrets.token_hex(CURSOR_KEY_BYTES))
            known = self.secrets.create(PLATFORM, CURSOR_KEY, new)
        return bytes.fromhex(known.get_secret_value())

    def otlp_headers(self) -> SecretStr | None:
        """What the collector of traces wants with each request; None where operators put nothing.

        Raises `StoreUnavailable`, and `Invalid` where this function is not told of secrets.
        """
        return self.secrets.get(PLATFORM, OTLP_HEADERS)

    def _set(self, variable: Deployed) -> str:
        return self._settings.deployed(variable)
