"""Reading the address of a request, without any of the ways to write one that means another."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from yarl import URL

from promptpilot.step_errors import EgressRefused, StepInvalid

MAX_URL_CHARACTERS = 8_000
_SCHEMES = frozenset({"http", "https"})
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
"""What parsers read in different ways: control characters, spaces, backslashes."""
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request goes. `host` is in lower case, in ASCII, an IPv6 address without brackets."""

    url: URL
    host: str
    port: int

    @property
    def origin(self) -> tuple[str, str, int]:
        """What a browser would call the same site: scheme, host and port."""
        return self.url.scheme, self.host, self.port

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The address that the host is itself; None where it is a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None


def read_destination(text: str, base: URL | None = None) -> Destination:
    """The destination that a URL means, or a redirect from `base`. Raises `StepInvalid` for what is
    no URL, `EgressRefused` for one that is not taken.
    """
    if len(text) > MAX_URL_CHARACTERS or _UNSAFE.search(text):
        raise StepInvalid(reason="The URL is too long, or has spaces or control characters in it.")
    try:
        url = URL(text)
        url = (url if base is None else base.join(url)).with_fragment(None)
        host, port = url.raw_host, url.port
    except ValueError as error:
        raise StepInvalid(reason="The URL cannot be read.") from error
    if url.scheme not in _SCHEMES:
        raise EgressRefused(reason="Only http and https URLs are called.")
    if not host or port is None:
        raise StepInvalid(reason="The URL has no host.")
    if url.raw_user is not None or url.raw_password is not None:
        raise EgressRefused(reason="A URL may not have a user or a password in it.")
    _check_host(host)
    return Destination(url, host.lower().removesuffix("."), port)


def _check_host(host: str) -> None:
    """Raise `EgressRefused` for an address that is not written the one usual way: `127.1`,
    `2130706433`, `0x7f.1`, `0177.0.0.1`, one with a zone. What else ends in a number is no name
    (WHATWG URL, "ends in a number").
    """
    last = host.lower().removesuffix(".").rpartition(".")[2]
    try:
        if ":" in host:
            plain = IPv6Address(host).scope_id is None
        else:
            plain = not _NUMBER.fullmatch(last) or str(IPv4Address(host)) == host
    except ValueError:
        plain = False
    if not plain:
        raise EgressRefused(reason="The URL's host is an IP address in an unusual spelling.")
