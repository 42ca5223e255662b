"""What makes an access token of a Cognito user pool a good one.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import jwt

from promptpilot.adapters.aws.jwks import ALGORITHM, KeySet
from promptpilot.clock import epoch_ms
from promptpilot.domain.identity import Claims
from promptpilot.domain.ids import user_id_of
from promptpilot.errors import Unauthenticated

LEEWAY_SECONDS = 5
"""How far the pool's clock may be ahead of ours. A token that has ended has ended."""

_REQUIRED = ("exp", "iat", "iss", "sub", "client_id", "token_use")


class AccessTokens:
    """Verifies the access tokens of one client of a pool. The algorithm is pinned, whatever a token
    says. An access token has no audience; `client_id` is in its place.
    """

    def __init__(self, keys: KeySet, *, issuer: str, client_id: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._wanted = {"client_id": client_id, "token_use": "access"}

    def verify(self, token: str) -> Claims:
        """The claims of a token that is good now. Raises `Unauthenticated`, `Unavailable`."""
        try:
            claims = jwt.decode(
                token,
                self._key(token),
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": [*_REQUIRED], "verify_aud": False},
            )
            return self._claims_of(claims)
        except (jwt.PyJWTError, ValueError) as error:  # a subject that is no UUID
            raise Unauthenticated from error

    def _key(self, token: str) -> jwt.PyJWK:
        named = jwt.get_unverified_header(token).get("kid")
        key = self._keys.find(named) if isinstance(named, str) else None
        if key is None:
            raise Unauthenticated
        return key

    def _claims_of(self, claims: Mapping[str, Any]) -> Claims:
        if any(claims[name] != value for name, value in self._wanted.items()):
            raise Unauthenticated
        ends = int(claims["exp"])
        if ends * 1000 <= epoch_ms():
            raise Unauthenticated
        return Claims(user=user_id_of(UUID(claims["sub"])), expires_at=ends)
