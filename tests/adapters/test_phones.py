"""Telephone numbers, from the reserved ranges where a country has one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.phones import Phone, normalised, region_of


@pytest.mark.parametrize(
    ("raw", "region", "e164", "shown"),
    [
        ("0491 570 156", "AU", "+61491570156", "0491 570 156"),
        ("(02) 5550 1234", "AU", "+61255501234", "(02) 5550 1234"),
        ("+61 491 570 156", "AU", "+61491570156", "0491 570 156"),
        ("+61 491 570 156", "NZ", "+61491570156", "+61 491 570 156"),
        ("0061 491 570 156", "AU", "+61491570156", "0491 570 156"),
        ("+61 491 570 156", None, "+61491570156", "+61 491 570 156"),
        ("212-555-0100", "US", "+12125550100", "(212) 555-0100"),
        ("+1 555 010 0001", "US", "+15550100001", "+1 555-010-0001"),
        ("020 7946 0000", "GB", "+442079460000", "020 7946 0000"),
        ("0491 570 156 ext 5", "AU", "+61491570156", "0491 570 156 ext. 5"),
    ],
)
def test_a_number_is_read_in_the_practice_country(
    raw: str, region: str | None, e164: str, shown: str
) -> None:
    assert normalised(raw, region) == Phone(raw, e164, shown)


@pytest.mark.parametrize(
    ("raw", "region"),
    [
        ("call her mother", "AU"),
        ("12", "AU"),
        ("0491 570 156", None),
        ("", "AU"),
        ("1" * 400, "AU"),
    ],
)
def test_what_cannot_be_dialled_is_kept_as_written(raw: str, region: str | None) -> None:
    assert normalised(raw, region) == Phone(raw, None, raw)


@given(raw=st.text(), region=st.sampled_from(["AU", "NZ", "GB", "US", "XX", None]))
def test_any_text_is_kept_and_what_is_dialled_reads_the_same_again(
    raw: str, region: str | None
) -> None:
    phone = normalised(raw, region)

    assert phone.raw == raw
    assert phone.e164 is None or normalised(phone.e164, region).e164 == phone.e164


def test_a_number_does_not_show_in_a_repr() -> None:
    assert "491" not in repr(normalised("0491 570 156", "AU"))


@pytest.mark.parametrize(
    ("timezone", "region"),
    [
        ("Australia/Melbourne", "AU"),
        ("Australia/ACT", "AU"),
        ("Pacific/Auckland", "NZ"),
        ("NZ", "NZ"),
        ("America/Los_Angeles", "US"),
        ("US/Pacific", "US"),
        ("Europe/London", "GB"),
        ("Asia/Calcutta", "IN"),
        ("UTC", None),
        ("EST", None),
        ("Nowhere/Land", None),
    ],
)
def test_a_zone_tells_the_country(timezone: str, region: str | None) -> None:
    assert region_of(timezone) == region
