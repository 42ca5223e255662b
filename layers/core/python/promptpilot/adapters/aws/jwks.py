"""The public keys of a token issuer (RFC 7517), fetched from its URL and kept."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing

import jwt
import urllib3

from promptpilot.errors import Unavailable

ALGORITHM = "RS256"
FETCH_SECONDS = 2.0
PAUSE_SECONDS = 5.0
"""Between two fetches, whatever happens: forged tokens name as many unknown keys as they like."""

KEPT_SECONDS = 3600.0
"""After that the keys are fetched again, so that a withdrawn one is not trusted for ever."""

MAX_BYTES = 65_536

logger = logging.getLogger(__name__)


class KeySet:
    """The keys by id. An unknown id has them fetched again, since issuers change keys; while the
    issuer is out of reach the known ones serve on.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(FETCH_SECONDS))
        self._lock = threading.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")

    def find(self, id: str) -> jwt.PyJWK | None:
        """The key of that id; None where the issuer has none. Raises `Unavailable` before its keys
        have been had once.
        """
        if not self._settled(id):
            self._refresh(id)
        if not self._keys:
            raise Unavailable(reason="The keys of the token issuer cannot be had for now.")
        return self._keys.get(id)

    def _settled(self, id: str) -> bool:
        return id in self._keys and self._clock() - self._fetched_at < KEPT_SECONDS

    def _refresh(self, id: str) -> None:
        # One fetches. Whose key is known need not wait for it; the others may find theirs in it.
        if not self._lock.acquire(blocking=id not in self._keys):
            return
        try:
            now = self._clock()
            if self._settled(id) or now - self._tried_at < PAUSE_SECONDS:
                return
            self._tried_at = now
            self._keys = self._fetch()
            self._fetched_at = now
        except (urllib3.exceptions.HTTPError, jwt.PyJWTError, ValueError) as error:
            logger.warning("token issuer's keys not fetched", extra={"error": type(error).__name__})
        finally:
            self._lock.release()

    def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        response = self._http.request("GET", self._url, redirect=False, preload_content=False)
        with closing(response):  # and the connection: it is hours until the next time
            document = response.read(MAX_BYTES + 1)
        if response.status != 200 or len(document) > MAX_BYTES:
            raise ValueError("not a key set")
        return keys_of(document)


def keys_of(document: bytes) -> Mapping[str, jwt.PyJWK]:
    """The keys in a key set that sign tokens the way we take. Raises `ValueError`, `PyJWTError`."""
    found = json.loads(document)
    published = found.get("keys") if isinstance(found, dict) else None
    listed = published if isinstance(published, list) else []
    keys = {each["kid"]: jwt.PyJWK(each, ALGORITHM) for each in listed if _signs(each)}
    if not keys:
        raise ValueError("not a key set")
    return keys


def _signs(key: object) -> bool:
    return (
        isinstance(key, dict)
        and isinstance(key.get("kid"), str)
        and key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", ALGORITHM) == ALGORITHM
    )
