"""What bodies name, Halaxy's above all; bytes of any kind are read or refused in one sentence."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.pms import registered
from domain.deliveries import Focus, UnreadableError
from producers.webhooks import handshakes
from producers.webhooks.bodies import DEEPEST, document
from producers.webhooks.halaxy import read
from producers.webhooks.senders import senders
from tests.webhooks.practice import bundle

STAMP = "2026-06-01T02:03:04+00:00"
AT = datetime(2026, 6, 1, 2, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "reference",
    [
        "/main/Appointment/700001",
        "Appointment/700001",
        "https://au-api.halaxy.com/main/Appointment/700001",
        "http://127.0.0.1:1/anything/Appointment/700001",
    ],
)
def test_only_the_end_of_a_reference_counts(reference: str) -> None:
    assert read(bundle(reference, stamp=STAMP)) == [Focus("Appointment", "700001", AT)]


@pytest.mark.parametrize("stamp", [None, "", "soon", "2026-06-01T02:03:04", "9" * 60])
def test_an_instant_that_is_none_is_left_out(stamp: str | None) -> None:
    assert read(bundle("/main/Appointment/1", stamp=stamp)) == [Focus("Appointment", "1")]


def test_ids_of_no_shape_of_theirs_are_passed_over() -> None:
    odd = ["Appointment/", "Appointment/a b", "Appointment/%2e%2e", "/", "1", "Appointment/é"]

    assert read(bundle(*odd, "Patient/7", stamp=STAMP)) == [Focus("Patient", "7", AT)]


@given(st.binary() | st.text().map(str.encode))
def test_bytes_of_any_kind_are_refused_in_one_sentence(body: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"^The .*\.$"):
        read(body)


@given(st.integers(1, 2 * DEEPEST), st.sampled_from(["[]", "{}"]))
def test_depth_is_counted_outside_strings_only(depth: int, kind: str) -> None:
    opening = {"[]": "[", "{}": '{"a[\\"{":'}[kind]
    body = (opening * depth + '"[[[{{{"' + kind[1] * depth).encode()

    if depth <= DEEPEST:
        assert document(body) is not None
    else:
        with pytest.raises(UnreadableError, match="deeper"):
            document(body)


def test_senders_are_found_by_their_files() -> None:
    assert senders()["halaxy"].read is read


def test_whoever_is_said_to_tell_of_changes_has_an_address_to_tell_them_at() -> None:
    said = {name for name, vendor in registered().items() if vendor.capabilities.webhooks}

    assert said == set(senders())


def test_more_than_an_office_has_to_say_is_not_read() -> None:
    told = {"office_id": "D1", "padding": "x" * handshakes.LONGEST_BODY}

    with pytest.raises(UnreadableError, match="longer than any of Sikka's"):
        handshakes.read(json.dumps(told).encode(), state=None)
