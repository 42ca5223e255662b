"""The Lambda authorizer of both APIs: whose token is it?

The HTTP API (payload 2.0) is answered by a simple response, the WebSocket API's `$connect` by a
policy, which is all that it takes. API Gateway keeps the first for a while; `expires_at` says until
when it is good at most.

A browser can set no header of a WebSocket but its subprotocols, so there the token may be one of
those: `new WebSocket(url, ["promptpilot", "bearer.<token>"])`, and `$connect` accepts the first. In
the URL it would end up in the logs of whatever is on the way.
"""

from collections.abc import Mapping
from typing import Any

from promptpilot.domain.identity import Claims
from promptpilot.errors import Unauthenticated
from promptpilot.platform import current

Event = Mapping[str, Any]
Verdict = Mapping[str, Any]

REFUSED: Verdict = {"isAuthorized": False, "context": {}}
MAX_TOKEN_LENGTH = 8_192
SUBPROTOCOL_PREFIX = "bearer."
POLICY_VERSION = "2012-10-17"
"""Of the language that policies are written in."""


def handler(event: Event, context: object) -> Verdict:
    """Vouch for the user of a valid bearer token, and for nobody else.

    Raises `Unavailable` where that cannot be found out, so that nobody takes it for a refusal.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if event.get("version") == "2.0":
        return _simple(_claims(_bearer_token(headers)))
    return _policy(_claims(_bearer_token(headers) or _subprotocol_token(headers)), event)


def _claims(token: str | None) -> Claims | None:
    if token is None or not 0 < len(token) <= MAX_TOKEN_LENGTH:
        return None
    try:
        return current().identity.verify(token)
    except Unauthenticated:
        return None


def _bearer_token(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _subprotocol_token(headers: Mapping[str, str]) -> str | None:
    offered = map(str.strip, headers.get("sec-websocket-protocol", "").split(","))
    tokens = (each for each in offered if each.startswith(SUBPROTOCOL_PREFIX))
    return next((each.removeprefix(SUBPROTOCOL_PREFIX) for each in tokens), None)


def _simple(claims: Claims | None) -> Verdict:
    if claims is None:
        return REFUSED
    return {"isAuthorized": True, "context": _context(claims)}


def _policy(claims: Claims | None, event: Event) -> Verdict:
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Deny" if claims is None else "Allow",
        "Resource": event["methodArn"],
    }
    return {
        "principalId": "nobody" if claims is None else claims.user,
        "policyDocument": {"Version": POLICY_VERSION, "Statement": [statement]},
        "context": {} if claims is None else _context(claims),
    }


def _context(claims: Claims) -> dict[str, str | int]:
    return {"user": claims.user, "expires_at": claims.expires_at}
