"""One line for each request: who asked for what, what became of it, and how long that took.

It is written without the logging module, whose own cost would be a good part of a request's. There
are no headers, bodies, queries or tokens in it.
"""

import json
from dataclasses import dataclass

from promptpilot.clock import epoch_ms
from promptpilot.observability import SERVICE, Lines, timestamp

LOGGER = "promptpilot.access"


@dataclass(frozen=True, slots=True)
class Access:
    """One request that was answered; `seconds` is how long that took."""

    request_id: str
    method: str
    path: str
    status: int
    seconds: float
    user: str | None


class AccessLog:
    """Writes JSON lines like those of `JsonFormatter`."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def record(self, access: Access) -> None:
        """Write the line of one request."""
        user = f'"{access.user}"' if access.user else "null"
        self._lines.write(
            f'{{"level":"INFO","timestamp":"{timestamp(epoch_ms())}",'
            f'"service":"{SERVICE}","logger":"{LOGGER}","message":"request",'
            f'"request_id":"{access.request_id}","method":"{access.method}",'
            f'"path":{json.dumps(access.path)},"status":{access.status},'
            f'"ms":{access.seconds * 1000:.2f},"user":{user}}}\n'
        )
