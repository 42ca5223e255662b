"""The Lambda authorizer of the HTTP API (payload 2.0, simple responses): whose token is it?

API Gateway, and the embedded gateway, keep its answer for a while; `expires_at` says until when at
most.
"""

from collections.abc import Mapping
from typing import Any

from promptpilot.errors import Unauthenticated
from promptpilot.platform import current

REFUSED: Mapping[str, Any] = {"isAuthorized": False, "context": {}}
MAX_TOKEN_LENGTH = 8_192


def handler(event: Mapping[str, Any], context: object) -> Mapping[str, Any]:
    """Vouch for the user of a valid bearer token, and for nobody else."""
    token = _bearer_token(event)
    if token is None:
        return REFUSED
    try:
        claims = current().identity.verify(token)
    except Unauthenticated:
        return REFUSED
    return {
        "isAuthorized": True,
        "context": {"user": claims.user, "expires_at": claims.expires_at},
    }


def _bearer_token(event: Mapping[str, Any]) -> str | None:
    scheme, _, token = (event.get("headers") or {}).get("authorization", "").partition(" ")
    token = token.strip()
    usable = scheme.lower() == "bearer" and 0 < len(token) <= MAX_TOKEN_LENGTH
    return token if usable else None
