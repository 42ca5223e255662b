"""The headers of requests that workflows send, and what becomes of them on a redirect."""

import re
from collections.abc import Mapping

from promptpilot.step_errors import StepInvalid

MAX_HEADERS = 100
MAX_HEADERS_BYTES = 32 * 1024

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""What belongs to the connection, or must agree with the request."""
_PROXY = "proxy-"
_CREDENTIALS = re.compile(
    r"auth|cookie|key|token|secret|signature|credential|password|session", re.IGNORECASE
)
_OF_A_BODY = "content-"


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise `StepInvalid` for headers that may not be sent."""
    if len(headers) > MAX_HEADERS:
        raise StepInvalid(reason=f"A request has at most {MAX_HEADERS} headers.")
    size = 0
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise StepInvalid(reason="A header has characters in it that no header may have.")
        if name.lower() in _OURS or name.lower().startswith(_PROXY):
            raise StepInvalid(reason=f"The header {name} is not a workflow's to set.")
        size += len(name) + len(value)
    if size > MAX_HEADERS_BYTES:
        raise StepInvalid(reason=f"A request's headers have at most {MAX_HEADERS_BYTES} bytes.")


def elsewhere(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that go along to another origin: none that proves who asks."""
    return {name: value for name, value in headers.items() if not _CREDENTIALS.search(name)}


def without_body(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request that has lost its body."""
    return {name: each for name, each in headers.items() if not name.lower().startswith(_OF_A_BODY)}
