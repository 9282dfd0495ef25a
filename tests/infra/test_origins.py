"""Whose request it is, whatever stands in front, and lists of addresses as people write them."""

from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from infra.origins import address, by_sender, is_among, networks, origin

PROXIES = networks("10.0.0.0/8, 2001:db8:ffff::/48")
CALLER = "198.51.100.7"


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        # Nobody in between, and nobody who would be believed.
        (CALLER, [], CALLER),
        (CALLER, ["203.0.113.1"], CALLER),
        (CALLER, ["10.0.0.1"], CALLER),
        # One proxy, then two, then whatever the caller wrote before the first of them.
        ("10.0.0.1", [CALLER], CALLER),
        ("10.0.0.1", [f"{CALLER}, 10.0.0.2"], CALLER),
        ("10.0.0.1", [f"127.0.0.1, 203.0.113.9, {CALLER}, 10.0.0.2"], CALLER),
        ("10.0.0.1", [f"10.0.0.77, {CALLER}"], CALLER),
        # Two lines are one list, in their order.
        ("10.0.0.1", ["203.0.113.9", CALLER], CALLER),
        ("10.0.0.1", [f"203.0.113.9,{CALLER}", "10.0.0.3"], CALLER),
        # A probe of the proxy itself, and one that passed only proxies.
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.5"], "10.0.0.5"),
        # As proxies write: with ports, in brackets, with a zone, wrapped in IPv6.
        ("10.0.0.1", [f"{CALLER}:50123"], CALLER),
        ("10.0.0.1", ["[2001:db8::7]:50123"], "2001:db8::7"),
        ("10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["fe80::1%eth0"], "fe80::1"),
        ("::ffff:10.0.0.1", [f"::ffff:{CALLER}"], CALLER),
        ("::ffff:c633:6407", ["203.0.113.1"], CALLER),
        ("2001:db8:ffff::1", [CALLER], CALLER),
        # Not an address: nobody can say who it is, so nobody is assumed.
        ("10.0.0.1", ["unknown"], None),
        ("10.0.0.1", [f"{CALLER}, garbage"], None),
        ("10.0.0.1", [f"{CALLER}, "], None),
        ("10.0.0.1", ["0x7f.0.0.1"], None),
        ("10.0.0.1", ["198.51.100.007"], None),
        ("10.0.0.1", ["198.51.100.7/32"], None),
        ("10.0.0.1", ["[2001:db8::7"], "2001:db8::7"),
        ("testclient", [], None),
        ("", [CALLER], None),
    ],
)
def test_a_hop_is_believed_only_from_one_that_is_trusted(
    peer: str, forwarded: Sequence[str], found: str | None
) -> None:
    seen = origin(peer, forwarded, PROXIES)

    assert (str(seen) if seen else None) == found


def test_where_no_proxy_is_trusted_no_header_counts() -> None:
    assert str(origin("10.0.0.1", [CALLER], ())) == "10.0.0.1"


def test_a_long_chain_of_inventions_is_not_read_past_the_first_stranger() -> None:
    chain = ", ".join(["garbage"] * 5_000 + [CALLER])

    assert str(origin("10.0.0.1", [chain], PROXIES)) == CALLER


@pytest.mark.parametrize(
    ("listed", "inside", "outside"),
    [
        ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.0/24", "::ffff:192.0.2.9", "::ffff:192.0.3.9"),
        ("::ffff:192.0.2.0/120", "192.0.2.9", "192.0.3.9"),
        ("2001:db8::/32", "2001:db8:1::1", "2001:db9::1"),
        ("0.0.0.0/0", "203.0.113.1", "2001:db8::1"),
        (" 192.0.2.7 ,\n198.51.100.0/25 ", "198.51.100.127", "198.51.100.128"),
    ],
)
def test_an_address_is_inside_a_list_however_either_is_written(
    listed: str, inside: str, outside: str
) -> None:
    assert is_among(address(inside), networks(listed))
    assert not is_among(address(outside), networks(listed))


def test_nobody_is_inside_an_empty_list_and_an_unknown_address_is_inside_none() -> None:
    assert not is_among(address(CALLER), ())
    assert not is_among(None, networks("0.0.0.0/0, ::/0"))


@pytest.mark.parametrize(
    "written", ["192.0.2.0/33", "192.0.2.7/24", "example.com", "2001:db8::/129", "*", "1.2.3"]
)
def test_what_is_no_network_is_said_without_quoting_it(written: str) -> None:
    with pytest.raises(ValueError, match="neither an address nor a network") as caught:
        networks(f"192.0.2.0/24, {written}")

    assert written not in str(caught.value).replace("192.0.2.0/24", "")


def test_an_entry_with_a_name_is_for_that_sender_alone() -> None:
    found = by_sender("vapi=167.150.224.0/23, VAPI=192.0.2.7, 198.51.100.0/24")

    assert found == {
        "vapi": (ip_network("167.150.224.0/23"), ip_network("192.0.2.7")),
        "": (ip_network("198.51.100.0/24"),),
    }
