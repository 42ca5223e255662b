"""The product's API as the benchmarks call it: few lines over an aiohttp session."""

from dataclasses import dataclass
from typing import Any

import aiohttp

TIMEOUT = aiohttp.ClientTimeout(total=60)


class UnexpectedAnswerError(Exception):
    """The API answered otherwise than the benchmark needs."""


def session(connections: int) -> aiohttp.ClientSession:
    """A session that keeps up to `connections` connections open."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections), timeout=TIMEOUT, raise_for_status=False
    )


@dataclass(frozen=True)
class Api:
    """The API at `url` as one user."""

    http: aiohttp.ClientSession
    url: str
    token: str = ""

    async def signed_up(self, number: int) -> "Api":
        """A new user, logged in."""
        who = {"email": f"client{number}@example.com", "password": f"a long secret phrase {number}"}
        await self.send("POST", "/auth/signup", 201, {**who, "name": f"Client {number}"})
        tokens = await self.send("POST", "/auth/login", 200, who)
        return Api(self.http, self.url, tokens["access_token"])

    async def send(
        self, method: str, path: str, status: int, body: Any = None, **headers: str
    ) -> Any:
        """The decoded answer, which must have this `status`."""
        async with self._request(method, path, body, headers) as response:
            if response.status != status:
                text = (await response.text())[:500]
                raise UnexpectedAnswerError(f"{method} {path}: {response.status} {text}")
            return await response.json()

    async def load(self, method: str, path: str, status: int, body: Any = None) -> None:
        """Send, check the status and read the answer without decoding it: for measured loops."""
        async with self._request(method, path, body, {}) as response:
            raw = await response.read()
            if response.status != status:
                raise UnexpectedAnswerError(f"{method} {path}: {response.status} {raw[:500]!r}")

    def _request(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> "aiohttp.client._RequestContextManager":
        if self.token:
            headers = {**headers, "Authorization": f"Bearer {self.token}"}
        return self.http.request(method, self.url + path, json=body, headers=headers)
