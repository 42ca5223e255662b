"""Which IP addresses are public: reachable by anybody, and nobody's own network or machine.

The lists are those of IANA's registries of special-purpose addresses (RFC 6890 and its updates),
kept here since what Python's `is_global` says differs from version to version, and lets through
addresses that carry another one within them.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

_IPV4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared behind carriers' NAT; some clouds' metadata
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's host of every machine, public by its looks alone
            "169.254.0.0/16",  # link-local, and most clouds' metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocols' own; a cloud's metadata
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and the broadcast
        ),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is assigned for the public of IPv6. What lies outside is loopback, link-local, private,
multicast, unassigned, or has an IPv4 address in it (mapped, translated by NAT64).
"""
_IPV6 = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocols' own, tunnels of Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: has any IPv4 address in it
            "3fff::/20",  # documentation
        ),
    )
)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is anybody's to reach."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _IPV4)
    if address.scope_id is not None or address not in _GLOBAL_UNICAST:
        return False
    return not any(address in network for network in _IPV6)
