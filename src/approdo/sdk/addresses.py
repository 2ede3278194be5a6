"""Which network addresses lie inside the operator's own network, and which nobody may be sent to reach."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from approdo.sdk.errors import ConfigError, TransientError

Address = IPv4Address | IPv6Address

METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)
"""Where clouds tell a machine its own credentials. Refused whatever is allowed."""

OWN = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "::1/128", "fc00::/7"),
    )
)
"""What the operator's own network can be: private, shared (RFC 6598, overlay networks), loopback, unique local."""

_TRANSLATED = ip_network("64:ff9b::/96")


def resolved(host: str, port: int, *, inner: bool) -> list[str]:
    """The addresses of a host, each of which may be reached; `inner` allows those of the operator's own network.

    One that may not be reached refuses them all: whoever gives a name such an address wants it tried.
    Raises `ConfigError` (`inner_address`, `forbidden_address`), and `TransientError("name_unknown")` without any.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransientError("name_unknown", host=host) from error
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    for address in addresses:
        if not is_outer(address) and not (inner and is_own(address)):
            code = "inner_address" if is_own(address) else "forbidden_address"
            raise ConfigError(code, host=host, address=address)
    return addresses


def is_outer(text: str) -> bool:
    """Whether the address is one of the internet's."""
    address = _meant(text)
    special = address.is_multicast or address.is_reserved or address.is_private or address.is_link_local
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not special and not site_local and address not in METADATA


def is_own(text: str) -> bool:
    """Whether the address can be the operator's own: no multicast, no link-local one, no cloud's metadata."""
    address = _meant(text)
    return address not in METADATA and any(address in network for network in OWN if network.version == address.version)


def _meant(text: str) -> Address:
    """The address that an address leads to: the IPv4 one inside of one that only wraps it."""
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    inside = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    return inside or address
