"""Verified tokens, remembered until they expire: a signature costs more than the request itself."""

import threading

from promptpilot.domain.identity import Claims


class TokenCache:
    """At most `limit` claims by the digest of their token; the oldest go first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._claims: dict[bytes, Claims] = {}

    def get(self, digest: bytes, now: int) -> Claims | None:
        """The claims of a token that is still good at `now` (seconds since 1970)."""
        claims = self._claims.get(digest)
        return claims if claims is not None and claims.expires_at > now else None

    def put(self, digest: bytes, claims: Claims) -> None:
        """Remember them."""
        with self._lock:
            while len(self._claims) >= self._limit:
                del self._claims[next(iter(self._claims))]
            self._claims[digest] = claims
