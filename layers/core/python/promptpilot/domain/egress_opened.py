"""What an operator opens to workflows besides what is public: hosts and networks of their own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from promptpilot.domain.egress import split_port

_HOST = re.compile(r"(?:[a-z0-9_.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Opened:
    """Hosts by name and port (None is every port), and networks on every port."""

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def read(cls, entries: Iterable[str]) -> "Opened":
        """Out of `host`, `host:port` and `10.0.0.0/8`. Raises `ValueError`."""
        hosts: set[tuple[str, int | None]] = set()
        networks: list[Network] = []
        for entry in (each.strip().lower() for each in entries):
            if "/" in entry:
                networks.append(ip_network(entry))
            elif _HOST.fullmatch(entry):
                hosts.add(split_port(entry))
            else:
                raise ValueError(f"{entry!r} is no host, host:port or network")
        return cls(frozenset(hosts), tuple(networks))

    def opens(self, host: str, port: int, address: Address) -> bool:
        """Whether a request to that host and port may be sent to that address of it."""
        if (host, None) in self.hosts or (host, port) in self.hosts:
            return True
        return any(address in network for network in self.networks)
