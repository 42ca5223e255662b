"""A few lines of HTTP: the demo uses the product as any client would."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

TIMEOUT_SECONDS = 60


class RequestRefusedError(Exception):
    """The server answered with a problem."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status


@dataclass(frozen=True)
class Client:
    """Calls the API at `url`, with an access token once there is one."""

    url: str
    token: str | None = None

    def with_token(self, token: str) -> "Client":
        """The same client, authenticated."""
        return replace(self, token=token)

    def get(self, path: str) -> Any:
        """The JSON at `path`. Raises `RequestRefusedError`."""
        return self._send("GET", path, None, "application/json")

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Post JSON, return JSON. Raises `RequestRefusedError`."""
        return self._send("POST", path, json.dumps(body).encode(), "application/json")

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Put JSON, return JSON. Raises `RequestRefusedError`."""
        return self._send("PUT", path, json.dumps(body).encode(), "application/json")

    def post_yaml(self, path: str, body: str) -> Any:
        """Post YAML, return JSON. Raises `RequestRefusedError`."""
        return self._send("POST", path, body.encode(), "application/yaml")

    def _send(self, method: str, path: str, body: bytes | None, content_type: str) -> Any:
        headers = {"Content-Type": content_type}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - our own server
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise RequestRefusedError(error.code, _problem(error.read())) from error


def _problem(body: bytes) -> Mapping[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {"detail": body[:200].decode(errors="replace")}
    return problem if isinstance(problem, dict) else {"detail": str(problem)}
