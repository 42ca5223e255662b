"""A WebSocket as the events that API Gateway gives Lambda functions, and their answers."""

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from promptpilot.clock import epoch_ms

API_ID = "embedded"
ACCOUNT_ID = "000000000000"
STAGE = "live"
METHOD_ARN = f"arn:aws:execute-api:local:{ACCOUNT_ID}:{API_ID}/{STAGE}/$connect"

Event = dict[str, Any]


def _connection_id() -> str:
    return secrets.token_urlsafe(12)


@dataclass
class Handshake:
    """The request that opens a WebSocket, and whom the authorizer took its client for."""

    scope: Mapping[str, Any]
    connection: str = field(default_factory=_connection_id)
    connected_at: int = field(default_factory=epoch_ms)
    authorizer: Mapping[str, Any] = field(default_factory=dict)

    def authorizer_event(self) -> Event:
        """What the authorizer of the WebSocket API is asked."""
        return {"type": "REQUEST", "methodArn": METHOD_ARN, **self._request(), **self._connect()}

    def connect_event(self) -> Event:
        """The event of `$connect`."""
        return {**self._request(), **self._connect(), "isBase64Encoded": False}

    def message_event(self, message: Mapping[str, Any]) -> Event:
        """The event of `$default`: an ASGI message with text or bytes."""
        data = message.get("bytes")
        return {
            "requestContext": self._context("$default", "MESSAGE"),
            "body": message["text"] if data is None else base64.b64encode(data).decode(),
            "isBase64Encoded": data is not None,
        }

    def disconnect_event(self) -> Event:
        """The event of `$disconnect`."""
        context = self._context("$disconnect", "DISCONNECT")
        return {"requestContext": context, "headers": {}, "isBase64Encoded": False}

    def _connect(self) -> Event:
        return {"requestContext": self._context("$connect", "CONNECT")}

    def _request(self) -> Event:
        headers: dict[str, list[str]] = _grouped(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self.scope["headers"]
        )
        if self.scope["subprotocols"]:  # uvicorn takes these out of the headers
            headers["sec-websocket-protocol"] = [", ".join(self.scope["subprotocols"])]
        query = _grouped(
            parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        )
        return {
            "headers": {name: ",".join(values) for name, values in headers.items()},
            "multiValueHeaders": headers,
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "multiValueQueryStringParameters": query or None,
        }

    def _context(self, route: str, type: str) -> Event:
        client = self.scope.get("client")
        context = {
            "routeKey": route,
            "eventType": type,
            "messageDirection": "IN",
            "connectionId": self.connection,
            "connectedAt": self.connected_at,
            "requestId": secrets.token_hex(8),
            "requestTimeEpoch": epoch_ms(),
            "apiId": API_ID,
            "stage": STAGE,
            "identity": {"sourceIp": client[0] if client else ""},
        }
        return context | ({"authorizer": self.authorizer} if self.authorizer else {})


def allowed(verdict: Mapping[str, Any]) -> bool:
    """Whether an authorizer's policy lets the client connect."""
    statements = verdict["policyDocument"]["Statement"]
    return bool(statements) and all(each["Effect"] == "Allow" for each in statements)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
