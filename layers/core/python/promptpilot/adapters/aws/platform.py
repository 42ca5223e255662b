"""The AWS platform: every port served by a managed service, each made when it is first used."""

import asyncio
import secrets
from collections.abc import Callable
from functools import cached_property
from typing import ParamSpec, TypeVar

from pydantic import SecretStr

from promptpilot.adapters.aws.blobs import S3Blobs
from promptpilot.adapters.aws.clients import Clients
from promptpilot.adapters.aws.cognito import CognitoIdentity
from promptpilot.adapters.aws.event_bus import EventBridgeBus
from promptpilot.adapters.aws.polling_waiter import PollingWaiter
from promptpilot.adapters.aws.scheduler import EventBridgeScheduler
from promptpilot.adapters.aws.ssm_secrets import SsmSecrets
from promptpilot.adapters.aws.step_functions import StepFunctions
from promptpilot.adapters.aws.step_queue import SqsStepQueue
from promptpilot.adapters.aws.table import DynamoTable
from promptpilot.adapters.aws.websocket_connections import WebSocketConnections
from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.ports import Offload
from promptpilot.settings import Deployed, Settings

P = ParamSpec("P")
T = TypeVar("T")

PLATFORM = "platform"
"""Whose the secrets are that belong to no workspace."""

_PORTS = {
    Deployed.TABLE: "table",
    Deployed.BLOBS_BUCKET: "blobs",
    Deployed.MACHINES: "orchestrator",
    Deployed.STEP_QUEUE_URL: "step_queue",
    Deployed.EVENT_BUS: "event_bus",
    Deployed.USER_POOL_ID: "identity",
    Deployed.SECRETS_PREFIX: "secrets",
    Deployed.SCHEDULE_GROUP: "scheduler",
    Deployed.LIVE_ENDPOINT: "live",
}
"""The port that each setting is for, the most telling one where a port has several."""

CURSOR_KEY = "cursor-key"
CURSOR_KEY_BYTES = 32


async def in_a_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`Offload` for calls that wait for the network."""
    return await asyncio.to_thread(call, *args, **kwargs)


class AwsPlatform:
    """A `Platform`. A function uses, and so is configured and allowed for, just some of it: a port
    whose settings are not there raises `Invalid` when it is asked for.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients = Clients(settings.region)

    def prepare(self) -> None:
        """Make every port that is configured now rather than when it is first used."""
        for variable, port in _PORTS.items():
            if variable in self._settings.deployment:
                getattr(self, port)

    @cached_property
    def table(self) -> DynamoTable:
        """DynamoDB."""
        return DynamoTable(self._clients.dynamodb, self._set(Deployed.TABLE))

    @cached_property
    def blobs(self) -> S3Blobs:
        """S3."""
        return S3Blobs(self._clients.s3, self._set(Deployed.BLOBS_BUCKET))

    @cached_property
    def orchestrator(self) -> StepFunctions:
        """Step Functions."""
        return StepFunctions(
            self._clients.stepfunctions,
            machines=self._set(Deployed.MACHINES),
            role=self._set(Deployed.MACHINE_ROLE_ARN),
            log_group=self._set(Deployed.MACHINE_LOG_GROUP_ARN),
            step_queue_url=self._set(Deployed.STEP_QUEUE_URL),
        )

    @cached_property
    def step_queue(self) -> SqsStepQueue:
        """SQS."""
        return SqsStepQueue(self._clients.sqs, self._set(Deployed.STEP_QUEUE_URL))

    @cached_property
    def event_bus(self) -> EventBridgeBus:
        """EventBridge."""
        return EventBridgeBus(self._clients.events, self._set(Deployed.EVENT_BUS))

    @cached_property
    def waiter(self) -> PollingWaiter:
        """Looking again and again."""
        return PollingWaiter()

    @cached_property
    def identity(self) -> CognitoIdentity:
        """Cognito."""
        pool = self._set(Deployed.USER_POOL_ID)
        cognito = f"https://cognito-idp.{self._settings.region}.amazonaws.com"
        return CognitoIdentity(
            self._clients.cognito,
            pool=pool,
            client_id=self._set(Deployed.USER_POOL_CLIENT_ID),
            issuer=f"{cognito}/{pool}",
            jwks_url=f"{self._settings.aws_endpoint or cognito}/{pool}/.well-known/jwks.json",
        )

    @cached_property
    def secrets(self) -> SsmSecrets:
        """The Parameter Store."""
        return SsmSecrets(self._clients.ssm, self._set(Deployed.SECRETS_PREFIX))

    @cached_property
    def scheduler(self) -> EventBridgeScheduler:
        """EventBridge Scheduler."""
        return EventBridgeScheduler(
            self._clients.scheduler,
            group=self._set(Deployed.SCHEDULE_GROUP),
            bus_arn=self._set(Deployed.EVENT_BUS_ARN),
            role=self._set(Deployed.SCHEDULER_ROLE_ARN),
        )

    @cached_property
    def live(self) -> WebSocketConnections:
        """API Gateway's WebSocket connections."""
        return WebSocketConnections(self._clients.websocket(self._set(Deployed.LIVE_ENDPOINT)))

    @cached_property
    def models(self) -> ModelRegistry:
        """The vendors."""
        return ModelRegistry(self._settings.custom_models, secrets=self.secrets)

    @property
    def offload(self) -> Offload:
        """Threads."""
        return in_a_thread

    @cached_property
    def cursor_key(self) -> bytes:
        """Made by whoever needs it first, the same for everybody."""
        known = self.secrets.get(PLATFORM, CURSOR_KEY)
        if known is None:
            new = SecretStr(secrets.token_hex(CURSOR_KEY_BYTES))
            known = self.secrets.create(PLATFORM, CURSOR_KEY, new)
        return bytes.fromhex(known.get_secret_value())

    def _set(self, variable: Deployed) -> str:
        return self._settings.deployed(variable)
