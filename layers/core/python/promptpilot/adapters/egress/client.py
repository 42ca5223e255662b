"""Sending the requests of workflows, whose address anybody may have written, over `aiohttp`.

The rules of a request hold for every redirect of it anew: which hosts it may go to, that all their
addresses are public, and that the connection is made to just these addresses. No proxy, cookie or
credential of this process takes part.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address

import aiohttp
from yarl import URL

from promptpilot.adapters.egress.bodies import read_body
from promptpilot.adapters.egress.destination import Destination, read_destination
from promptpilot.adapters.egress.headers import check_headers, elsewhere, without_body
from promptpilot.adapters.egress.pinned import Resolve, pinned_connector, resolve
from promptpilot.domain.egress import STANDARD_PORTS, EgressRules
from promptpilot.domain.egress_opened import Opened
from promptpilot.domain.public_addresses import is_public
from promptpilot.ports.egress import OutboundAnswer, OutboundRequest
from promptpilot.step_errors import ActionError, ActionUnavailable, EgressRefused, StepInvalid

MAX_REDIRECTS = 5
MAX_BODY_BYTES = 256 * 1024
CONNECT_SECONDS = 10.0
MAX_LINE_BYTES = 8_190
MAX_ANSWER_HEADERS = 128

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER = 303
_MOVED = frozenset({301, 302})
_OWN_HEADERS = {"Accept-Encoding": "gzip, deflate", "User-Agent": "promptpilot"}


class AiohttpEgress:
    """An `Egress`. `opened` is what the operator lets workflows reach besides what is public."""

    def __init__(self, opened: Opened, *, resolve: Resolve = resolve) -> None:
        self._opened = opened
        self._resolve = resolve

    async def send(self, request: OutboundRequest, rules: EgressRules) -> OutboundAnswer:
        """See `Egress.send`."""
        check_headers(request.headers)
        if len(request.body) > MAX_BODY_BYTES:
            raise StepInvalid(reason=f"A request's body has at most {MAX_BODY_BYTES} bytes.")
        try:
            async with asyncio.timeout(request.timeout):
                return await self._follow(request, rules)
        except TimeoutError as error:
            reason = f"The server did not answer completely within {request.timeout:g} s."
            raise ActionUnavailable(reason=reason) from error

    async def _follow(self, request: OutboundRequest, rules: EgressRules) -> OutboundAnswer:
        destination = read_destination(request.url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._call(destination, request, rules)
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or target is None:
                return answer
            there = _redirected_to(target, destination)
            request = _redirected(request, answer.status, destination, there)
            destination = there
        raise ActionError(reason=f"The server redirects more than {MAX_REDIRECTS} times.")

    async def _call(
        self, destination: Destination, request: OutboundRequest, rules: EgressRules
    ) -> OutboundAnswer:
        addresses = await self._addresses(destination, rules)
        session = aiohttp.ClientSession(
            connector=pinned_connector(addresses),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            trust_env=False,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
            max_headers=MAX_ANSWER_HEADERS,
        )
        try:
            async with (
                session,
                session.request(
                    request.method,
                    destination.url,
                    headers={**_OWN_HEADERS, **request.headers},
                    data=request.body or None,
                    allow_redirects=False,
                    ssl=self._tls,
                ) as response,
            ):
                return await _answer(response, destination.url)
        except aiohttp.ClientSSLError as error:
            raise ActionUnavailable(reason="No safe connection to the server (TLS).") from error
        except aiohttp.ClientConnectorError as error:
            raise ActionUnavailable(reason="The server cannot be connected to.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ActionUnavailable(reason="The server's answer is broken off, or none.") from error

    async def _addresses(
        self, destination: Destination, rules: EgressRules
    ) -> Sequence[IPv4Address | IPv6Address]:
        """The addresses to connect to; every address that the host has may be connected to."""
        host, port = destination.host, destination.port
        if rules.allow is not None and not rules.allows(host, port):
            raise EgressRefused(reason=f"This workspace does not allow requests to {host}:{port}.")
        literal = destination.address
        try:
            found = [literal] if literal is not None else await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise ActionUnavailable(reason=f"There is no host {host}.") from error
        if not found:
            raise ActionUnavailable(reason=f"There is no host {host}.")
        for address in found:
            if self._opened.opens(host, port, address):
                continue
            if rules.allow is None and port not in STANDARD_PORTS:
                reason = f"Without an allow-list requests go to the ports 80 and 443, not {port}."
                raise EgressRefused(reason=reason)
            if not is_public(address):
                raise EgressRefused(reason=f"{host} is no public address.")
        return found

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()


async def _answer(response: aiohttp.ClientResponse, url: URL) -> OutboundAnswer:
    coding = response.headers.get("Content-Encoding", "")
    body = await read_body(response.content.iter_any(), coding)
    headers: dict[str, str] = {}
    for name, sent in response.headers.items():
        value = sent.encode(errors="surrogateescape").decode(errors="replace")
        known = headers.get(name.lower())
        headers[name.lower()] = value if known is None else f"{known}, {value}"
    return OutboundAnswer(response.status, headers, body, str(url))


def _redirected_to(target: str, before: Destination) -> Destination:
    """Raise `ActionError` for what is no URL: it is the server's, and not the workflow's."""
    try:
        return read_destination(target, before.url)
    except StepInvalid as error:
        raise ActionError(reason="The server redirects to what is no URL.") from error


def _redirected(
    request: OutboundRequest, status: int, before: Destination, after: Destination
) -> OutboundRequest:
    """The request that follows a redirect (RFC 9110, 15.4). Raises `EgressRefused` for one that
    would leave TLS.
    """
    if before.url.scheme == "https" and after.url.scheme != "https":
        raise EgressRefused(reason="The server redirects from https to http.")
    headers = request.headers
    if before.origin != after.origin:
        headers = elsewhere(headers)
    if not _asks_with_get(request.method, status):
        return replace(request, headers=headers)
    return replace(request, method="GET", headers=without_body(headers), body=b"")


def _asks_with_get(method: str, status: int) -> bool:
    """As browsers do it; 307 and 308 repeat the request as it is (RFC 9110, 15.4)."""
    if status == _SEE_OTHER:
        return method != "HEAD"
    return status in _MOVED and method == "POST"
