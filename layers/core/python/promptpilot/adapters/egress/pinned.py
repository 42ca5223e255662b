"""Connections to addresses that were checked, and to no others."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""The addresses of a host. Raises `OSError`."""


_lookups = ThreadPoolExecutor(8, thread_name_prefix="lookups")
"""Threads of their own: a name whose server does not answer holds one for long, and those that wait
for the store must not be among them.
"""


async def resolve(host: str, port: int) -> Sequence[Address]:
    """What this machine's resolver says."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_lookups, _look_up, host, port)
    return tuple(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


def _look_up(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class _Pinned(AbstractResolver):
    """Knows the addresses of one host, and asks nobody."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


def pinned_connector(addresses: Sequence[Address]) -> aiohttp.TCPConnector:
    """Connects to `addresses`, whatever name is asked for, and to each request anew.

    A host that is an address itself is not resolved, so what is connected to is looked at once
    more where the socket is made.
    """
    allowed = frozenset(addresses)

    def make_socket(info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, where = info
        if ip_address(where[0]) not in allowed:
            raise OSError(f"{where[0]} was not checked")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)  # noqa: FBT003 - has no keyword
        return made

    return aiohttp.TCPConnector(
        resolver=_Pinned(addresses),
        use_dns_cache=False,
        force_close=True,
        socket_factory=make_socket,
    )
