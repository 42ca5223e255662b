"""Where actions may send requests to: the hosts that a workspace allows."""

from typing import Annotated

from pydantic import Field, StringConstraints

from promptpilot.domain.base import Model

STANDARD_PORTS = frozenset({80, 443})

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*"
_IPV6 = r"\[[0-9A-Fa-f:]{2,45}\]"
_PORT = r"(?::[1-9][0-9]{0,4})?"

HostPattern = Annotated[
    str,
    StringConstraints(
        to_lower=True,
        strip_whitespace=True,
        max_length=280,
        pattern=rf"^(?:{_NAME}|{_IPV6}){_PORT}$",
    ),
]
"""`api.example.com` (on the ports 80 and 443), `*.example.org` (every name below it, not itself),
`api.example.com:8443` (on that port only).
"""


class EgressRules(Model):
    """Which hosts the actions of a workspace may call; null is every public one, on the ports 80
    and 443. Whatever is allowed here, addresses that are not public stay out of reach, but for what
    the operator opens.
    """

    allow: Annotated[tuple[HostPattern, ...], Field(max_length=500)] | None = None

    def allows(self, host: str, port: int) -> bool:
        """Whether a request may go to that host, written in lower case, and port."""
        if self.allow is None:
            return port in STANDARD_PORTS
        return any(_fits(pattern, host, port) for pattern in self.allow)


def _fits(pattern: str, host: str, port: int) -> bool:
    name, allowed = split_port(pattern)
    if port not in (STANDARD_PORTS if allowed is None else {allowed}):
        return False
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def split_port(text: str) -> tuple[str, int | None]:
    """The name or address in `host[:port]`, an IPv6 one without its brackets, and the port."""
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        name, _, port = text.partition(":")
    return name, int(port) if port else None
