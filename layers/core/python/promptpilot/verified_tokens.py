"""Verified tokens, remembered until they expire: a signature costs more than the request itself."""

import hashlib
import threading
from collections.abc import Callable

from promptpilot.clock import epoch_ms
from promptpilot.domain.identity import Claims
from promptpilot.errors import Unauthenticated

LIMIT = 10_000


class VerifiedTokens:
    """Verifies tokens by `verify`, which raises `Unauthenticated`, and keeps at most `limit` of
    their claims; the oldest go first.
    """

    def __init__(self, verify: Callable[[str], Claims], limit: int = LIMIT) -> None:
        self._verify = verify
        self._limit = limit
        self._lock = threading.Lock()
        self._claims: dict[bytes, Claims] = {}

    def claims(self, token: str) -> Claims:
        """The claims of a token that is good now. Raises what `verify` raises."""
        if not token.isascii():
            raise Unauthenticated
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._claims.get(digest)
        if claims is None or claims.expires_at <= epoch_ms() // 1000:
            claims = self._verify(token)
            self._keep(digest, claims)
        return claims

    def _keep(self, digest: bytes, claims: Claims) -> None:
        with self._lock:
            while len(self._claims) >= self._limit:
                del self._claims[next(iter(self._claims))]
            self._claims[digest] = claims
