"""An HTTP request as the event that API Gateway gives a Lambda function (payload format 2.0)."""

import base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from functions.api.refusals import ValidationFailed
from functions.api.requests import parse_query

Headers = Iterable[tuple[bytes, bytes]]

API_ID = "embedded"
ACCOUNT_ID = "000000000000"
ROUTE_KEY = "$default"


def event_of(
    scope: Mapping[str, Any], body: bytes, request_id: str, epoch_ms: int
) -> dict[str, Any]:
    """The event of an ASGI request."""
    headers, cookies = _headers(scope["headers"])
    query = scope["query_string"].decode("latin-1")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": ROUTE_KEY,
        "rawPath": scope["path"],
        "rawQueryString": query,
        "headers": headers,
        "requestContext": _context(scope, headers, request_id, epoch_ms),
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = _joined(query)
    if body:
        event["body"], event["isBase64Encoded"] = _text(body)
    return event


def authorizer_event_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """What API Gateway asks a Lambda authorizer about that request."""
    context = event["requestContext"]
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"arn:aws:execute-api:local:{ACCOUNT_ID}:{API_ID}/{ROUTE_KEY}",
        "identitySource": [event["headers"]["authorization"]],
        "routeKey": ROUTE_KEY,
        "rawPath": event["rawPath"],
        "rawQueryString": event["rawQueryString"],
        "headers": event["headers"],
        "requestContext": context,
    }


def _headers(pairs: Headers) -> tuple[dict[str, str], list[str]]:
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";")]
        elif name in headers:
            headers[name] += f",{value}"
        else:
            headers[name] = value
    return headers, cookies


def _context(
    scope: Mapping[str, Any], headers: Mapping[str, str], request_id: str, epoch_ms: int
) -> dict[str, Any]:
    host = headers.get("host", "")
    client = scope.get("client")
    return {
        "accountId": ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": scope["method"],
            "path": scope["path"],
            "protocol": f"HTTP/{scope['http_version']}",
            "sourceIp": client[0] if client else "",
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": ROUTE_KEY,
        "stage": "$default",
        "time": _time(epoch_ms // 1000),
        "timeEpoch": epoch_ms,
    }


def _joined(query: str) -> dict[str, str]:
    try:
        fields = parse_query(query)
    except ValidationFailed:
        return {}  # far too many; the handler, which reads the raw query, refuses it
    return {name: ",".join(values) for name, values in fields.items()}


@lru_cache(maxsize=4)
def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def _text(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True
