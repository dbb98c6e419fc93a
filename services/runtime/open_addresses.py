"""To which addresses we connect when others say where: those of the open internet, and no other. Pure.

Subscribers and receivers choose where we call. So the address is looked at where the connection is made, after every
name was resolved (`services.public.hub_connect`): what is checked is what is called, whatever a name server says next.

The list is of what is refused, from the special-purpose registries of IANA (RFC 6890 and its updates), not from
`ipaddress.is_global`: that one lets through multicast, the addresses that carry an IPv4 address in them, and others.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final


def is_open(address: str) -> bool:
    """Whether it is an address of the open internet; an address as the system writes it, with or without a zone."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return _open_4(found)
    if found.scope_id is not None:
        return False
    carried = _carried(found)
    return _open_4(carried) if carried is not None else _open_6(found)


def _open_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _CLOSED_4)


def _open_6(address: IPv6Address) -> bool:
    return address in _UNICAST_6 and not any(address in network for network in _CLOSED_6)


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address at which a packet for this one ends, where a translator stands between."""
    if address.ipv4_mapped is not None or address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


_CLOSED_4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # "this network": many systems take it for themselves
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # RFC 1918
        "100.64.0.0/10",  # RFC 6598, behind a provider's translator; some clouds have their metadata there
        "127.0.0.0/8",
        "168.63.129.16/32",  # what Azure answers its own machines from
        "169.254.0.0/16",  # RFC 3927; metadata of most clouds
        "192.0.0.0/24",  # RFC 6890; metadata of one cloud
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  # RFC 5737, documentation
        "192.88.99.0/24",  # RFC 7526, relays to 6to4
        "198.18.0.0/15",  # RFC 2544, benchmarks
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)  # fmt: skip

_UNICAST_6: Final = IPv6Network("2000::/3")
"""RFC 4291: all that was ever given out. Loopback, link-local, unique local, site-local, multicast are outside."""

_CLOSED_6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # RFC 2928: Teredo, ORCHID, benchmarks and more, nothing that is called
        "2001:db8::/32", "3fff::/20",  # documentation
        "2002::/16",  # 6to4: carries an IPv4 address, by relays that nobody knows
    )
)  # fmt: skip

_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052
