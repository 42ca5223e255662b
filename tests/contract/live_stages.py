"""Connections of every kind of `Live`, and what their clients have received."""

import asyncio
import itertools
from abc import ABC, abstractmethod
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from moto.apigatewaymanagementapi.models import apigatewaymanagementapi_backends
from moto.core import DEFAULT_ACCOUNT_ID

from embedded.live import LocalLive, Outgoing
from promptpilot.adapters.aws.websocket_connections import WebSocketConnections
from promptpilot.ports.live import Live
from tests.contract.stores import REGION

SECONDS = 10
_numbers = itertools.count()


class Stage(ABC):
    """Clients of one `Live`."""

    live: Live

    @abstractmethod
    def open(self) -> str:
        """A new connection."""

    @abstractmethod
    def hang_up(self, connection: str) -> None:
        """Its client goes away."""

    @abstractmethod
    async def received(self, connection: str, characters: int) -> str:
        """The next `characters` that its client gets, whatever messages they came in."""

    @abstractmethod
    async def ended(self, connection: str) -> bool:
        """Whether its client has seen the end."""


class LocalStage(Stage):
    def __init__(self) -> None:
        self.live: LocalLive = LocalLive()
        self._clients: dict[str, Outgoing] = {}

    def open(self) -> str:
        connection = f"connection-{next(_numbers)}"
        self._clients[connection] = Outgoing()
        self.live.add(connection, self._clients[connection])
        return connection

    def hang_up(self, connection: str) -> None:
        self.live.remove(connection)

    async def received(self, connection: str, characters: int) -> str:
        text = ""
        async with asyncio.timeout(SECONDS):
            while len(text) < characters:
                text += await self._clients[connection].take() or ""
        return text

    async def ended(self, connection: str) -> bool:
        async with asyncio.timeout(SECONDS):
            return await self._clients[connection].take() is None


class ApiGatewayStage(Stage):
    """moto's, which believes that every connection is open, until one hangs up."""

    def __init__(self) -> None:
        endpoint = f"https://api.execute-api.{REGION}.amazonaws.com/live"
        client = boto3.Session("testing", "testing", region_name=REGION).client(
            "apigatewaymanagementapi", endpoint_url=endpoint
        )
        client.meta.events.register_first("before-send", self._answer)
        self.live = WebSocketConnections(client)
        self._gone: set[str] = set()

    def open(self) -> str:
        return f"connection-{next(_numbers)}"

    def hang_up(self, connection: str) -> None:
        self._gone.add(connection)

    async def received(self, connection: str, characters: int) -> str:
        return str(self._known[connection].data.decode())

    async def ended(self, connection: str) -> bool:
        return connection not in self._known

    @property
    def _known(self) -> Any:
        return apigatewaymanagementapi_backends[DEFAULT_ACCOUNT_ID][REGION].connections

    def _answer(self, request: Any, **_: Any) -> AWSResponse | None:
        if request.url.rpartition("/")[2] not in self._gone:
            return None
        return canned(request.url, 410, "GoneException")


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Any:
        yield self._body


def canned(url: str, status: int, code: str) -> AWSResponse:
    """How API Gateway refuses."""
    headers = {"x-amzn-errortype": code, "content-type": "application/json"}
    return AWSResponse(url, status, headers, _Raw(b'{"message": "no"}'))


STAGES = {"local": LocalStage, "apigateway": ApiGatewayStage}
