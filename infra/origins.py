"""Who really asks: the address behind the proxies that are believed, and lists of addresses."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAPPED = IPv6Network("::ffff:0:0/96")
EVERY_SENDER = ""
HERE: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def address(text: str) -> Address | None:
    """One hop as proxies write it, perhaps with its port; an IPv4 address however it is wrapped."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def origin(peer: str, forwarded: Sequence[str], trusted: Iterable[Network]) -> Address | None:
    """Read from the right, each hop believed only from one that is trusted; None is unknown.

    What stands further left than the first stranger was written by that stranger.
    """
    believed = tuple(trusted)
    here = address(peer)
    for hop in reversed([hop for line in forwarded for hop in line.split(",")]):
        if here is None or not is_among(here, believed):
            return here
        here = address(hop)
    return here


def is_among(found: Address | None, listed: Iterable[Network]) -> bool:
    return found is not None and any(found in network for network in listed)


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks in CIDR notation, separated by commas; ValueError quotes none."""
    return tuple(_network(part) for part in _listed(text))


def by_sender(text: str) -> Mapping[str, tuple[Network, ...]]:
    """`vapi=192.0.2.0/24` counts for that sender alone, an entry without a name for every one."""
    found: dict[str, tuple[Network, ...]] = {}
    for part in _listed(text):
        name, _, where = part.rpartition("=")
        sender = name.strip().lower() or EVERY_SENDER
        found[sender] = (*found.get(sender, ()), _network(where))
    return found


def _network(text: str) -> Network:
    try:
        found = ip_network(text.strip())
    except ValueError:
        raise ValueError(
            "holds something that is neither an address nor a network such as 192.0.2.0/24"
        ) from None
    if isinstance(found, IPv6Network) and found.subnet_of(MAPPED):
        inner = IPv4Address(int(found.network_address) & 0xFFFFFFFF)
        return IPv4Network((inner, found.prefixlen - MAPPED.prefixlen))
    return found


def _listed(text: str) -> list[str]:
    return [part for part in text.replace("\n", ",").split(",") if part.strip()]
