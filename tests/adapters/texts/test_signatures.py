"""Twilio's signature, with the test vector its own library accepts."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.texts.signatures import _signature, is_genuine

TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - invented
URL = "https://voice.example.test/twilio/status?acct=7"
POSTED = {
    "CallSid": ["CA00000000000000000000000000000001"],
    "CallStatus": ["no-answer"],
    "To": ["+15005550006"],
    "From": ["+15005550001"],
}
SIGNATURE = "fJO9FxEPeYlUeuzgRntcE8Gz47s="


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        (URL, True),
        (URL.replace(".test/", ".test:443/"), True),
        (URL.replace("https", "http"), False),
        (URL.replace("acct=7", "acct=8"), False),
        (URL.replace("voice", "noise"), False),
    ],
)
def test_only_the_address_twilio_asked_is_signed(url: str, *, is_ours: bool) -> None:
    genuine = is_genuine(SIGNATURE, url=url, posted=POSTED, body=b"", auth_token=TOKEN)

    assert genuine is is_ours


@pytest.mark.parametrize("name", POSTED)
def test_a_changed_or_added_field_is_noticed(name: str) -> None:
    for posted in ({**POSTED, name: ["x"]}, {**POSTED, "Extra": ["1"]}):
        assert not is_genuine(SIGNATURE, url=URL, posted=posted, body=b"", auth_token=TOKEN)


def test_a_json_body_is_held_to_its_hash() -> None:
    body = b'{"a": 1}'
    url = f"{URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"
    signed = _signature(url, {}, TOKEN).decode()

    assert is_genuine(signed, url=url, posted={}, body=body, auth_token=TOKEN)
    assert not is_genuine(signed, url=url, posted={}, body=body + b" ", auth_token=TOKEN)


@given(st.text(max_size=60))
def test_nonsense_is_refused(given_signature: str) -> None:
    assert not is_genuine(given_signature, url=URL, posted=POSTED, body=b"", auth_token=TOKEN)
