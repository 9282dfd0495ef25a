"""Only what was signed with one of our secrets, just now and as it stands, is genuine."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.vapi.verifying import OAuth2, Plan, Signed, is_genuine, plan_of, short_plans
from domain.errors import BadInput

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BODY = b'{"message":{"type":"tool-calls"}}'
SECRET = "a-secret-of-the-tests"  # noqa: S105 - invented
KEY = "a-signing-key-of-the-tests-that-is-long"


def request(**headers: str) -> Signed:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Signed(headers=named, body=BODY, url="https://ingress.example/vapi/webhook", now=NOW)


def plan(**fields: Any) -> Plan:
    return plan_of(fields, signing_key=KEY)


def signature(text: bytes, *, secret: bytes = SECRET.encode(), algorithm: str = "sha256") -> bytes:
    return hmac.new(secret, text, getattr(hashlib, algorithm)).digest()


def in_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


STAMP = str(int(NOW.timestamp()))
STAMPED = STAMP.encode() + b"." + BODY


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"type": "bearer", "token": SECRET}, {"authorization": f"Bearer {SECRET}"}),
        (
            {"type": "bearer", "token": SECRET, "headerName": "X-Vapi-Secret"},
            {"x_vapi_secret": SECRET},
        ),
        (
            {
                "type": "bearer",
                "token": SECRET,
                "headerName": "X-Ours",
                "bearerPrefixEnabled": True,
            },
            {"x_ours": f"bearer {SECRET}"},
        ),
        (
            {"type": "hmac", "secretKey": SECRET},
            {"x_signature": signature(STAMPED).hex(), "x_timestamp": STAMP},
        ),
        (
            {"type": "hmac", "secretKey": SECRET},
            {
                "x_signature": signature(STAMP.encode() + b"000." + BODY).hex(),
                "x_timestamp": f"{STAMP}000",
            },
        ),
        (
            {
                "type": "hmac",
                "secretKey": SECRET,
                "algorithm": "sha512",
                "signatureHeader": "X-Hub",
                "signaturePrefix": "sha512=",
                "includeTimestamp": False,
                "encoding": "base64",
            },
            {"x_hub": f"sha512={in_base64(signature(BODY, algorithm='sha512'))}"},
        ),
        (
            {
                "type": "hmac",
                "secretKey": base64.b64encode(SECRET.encode()).decode(),
                "secretIsBase64": True,
                "algorithm": "sha1",
                "signatureEncoding": "base64",
                "payloadFormat": "{svix-id}.{timestamp}.{method}.{url}.{body}",
                "messageIdHeader": "Webhook-Id",
                "timestampHeader": "Webhook-Timestamp",
            },
            {
                "webhook_id": "m1",
                "webhook_timestamp": STAMP,
                "x_signature": in_base64(
                    signature(
                        b"m1."
                        + STAMP.encode()
                        + b".POST.https://ingress.example/vapi/webhook."
                        + BODY,
                        algorithm="sha1",
                    )
                ),
            },
        ),
        (
            {"authenticationPlan": {"type": "hmac", "secrets": ["an-old-one", SECRET]}},
            {"x_signature": signature(STAMPED).hex(), "x_timestamp": STAMP},
        ),
    ],
    ids=[
        "bearer",
        "own header",
        "own header with prefix",
        "hmac",
        "milliseconds",
        "sha512, prefix, no time",
        "everything else",
        "the second of two secrets",
    ],
)
def test_every_way_of_signing_is_recognised(
    fields: dict[str, Any], headers: dict[str, str]
) -> None:
    one = plan(**fields)

    assert one.proves(request(**headers))
    assert not one.proves(request(**dict.fromkeys(headers, "")))
    assert not one.proves(Signed(headers={}, body=BODY, now=NOW))


@pytest.mark.parametrize(
    "headers",
    [
        {"x_signature": signature(STAMPED).hex()[:-2], "x_timestamp": STAMP},
        {"x_signature": "ü" * 64, "x_timestamp": STAMP},
        {"x_signature": "zz" * 32, "x_timestamp": STAMP},
        {"x_signature": signature(STAMPED).hex() * 1000, "x_timestamp": STAMP},
        {"x_signature": signature(STAMPED).hex()},
        {"x_signature": signature(STAMPED).hex(), "x_timestamp": "now"},
        {"x_signature": signature(STAMPED).hex(), "x_timestamp": "9" * 15},
        {"x_signature": signature(STAMPED).hex(), "x_timestamp": "9" * 40},
        {"x_signature": signature(STAMPED).hex(), "x_timestamp": f"-{STAMP}"},
        {"x_signature": signature(BODY).hex(), "x_timestamp": STAMP},
        {"x_signature": signature(STAMPED, secret=b"other").hex(), "x_timestamp": STAMP},
    ],
)
def test_a_signature_that_is_not_whole_and_ours_proves_nothing(headers: dict[str, str]) -> None:
    assert not plan(type="hmac", secretKey=SECRET).proves(request(**headers))


@pytest.mark.parametrize("age", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_an_old_signature_cannot_be_used_again(age: timedelta) -> None:
    stamp = str(int((NOW - age).timestamp()))
    signed = signature(stamp.encode() + b"." + BODY).hex()

    assert not plan(type="hmac", secretKey=SECRET).proves(
        request(x_signature=signed, x_timestamp=stamp)
    )


def test_a_changed_body_proves_nothing() -> None:
    headers = {"x_signature": signature(STAMPED).hex(), "x_timestamp": STAMP}

    assert not plan(type="hmac", secretKey=SECRET).proves(
        replace(request(**headers), body=BODY + b" ")
    )


def test_a_body_that_names_a_part_is_not_filled_in_again() -> None:
    body = b"{timestamp}{body}"
    signed = signature(STAMP.encode() + b"." + body).hex()

    assert plan(type="hmac", secretKey=SECRET).proves(
        replace(request(x_signature=signed, x_timestamp=STAMP), body=body)
    )


# The first letters of a fresh checkout are slow to make; that is no fault of what is judged.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    headers=st.dictionaries(
        st.sampled_from(["x-signature", "x-timestamp", "authorization", "x-vapi-secret"]),
        st.text(max_size=80),
    ),
    body=st.binary(max_size=60),
)
def test_nonsense_is_refused_and_never_breaks_anything(
    headers: dict[str, str], body: bytes
) -> None:
    plans = [
        plan(type="hmac", secretKey=SECRET),
        plan(type="bearer", token=SECRET),
        plan(type="oauth2", clientId="vapi", clientSecret=SECRET),
        *short_plans(SECRET, allow_bare=True),
    ]

    assert not is_genuine(plans, Signed(headers=headers, body=body, now=NOW))


def test_the_short_form_takes_the_secret_in_its_own_header_or_a_signature() -> None:
    plans = short_plans(SECRET, allow_bare=False)

    assert is_genuine(plans, request(x_vapi_secret=SECRET))
    assert is_genuine(plans, request(x_vapi_signature=signature(BODY).hex()))
    assert not is_genuine(plans, request(x_vapi_signature=SECRET))
    assert is_genuine(short_plans(SECRET, allow_bare=True), request(x_vapi_signature=SECRET))


def test_without_a_plan_nothing_is_genuine() -> None:
    assert not is_genuine([], request(authorization="Bearer "))


def test_a_bought_token_is_good_for_its_hour() -> None:
    ours = OAuth2(client_id="vapi", client_secret=SECRET, signing_key=KEY)
    token = ours.sell("vapi", SECRET, now=NOW)

    assert token is not None
    assert ours.proves(request(authorization=f"Bearer {token}"))
    later = Signed(
        headers={"authorization": f"Bearer {token}"}, body=BODY, now=NOW + timedelta(hours=2)
    )
    assert not ours.proves(later)
    assert ours.sell("vapi", "guess", now=NOW) is None
    assert ours.sell("guess", SECRET, now=NOW) is None


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"type": "none"}, "type is one of"),
        ({"type": "hmac"}, "needs secretKey"),
        ({"type": "hmac", "secretKey": "x", "algorithm": "md5"}, "algorithm is"),
        ({"type": "hmac", "secretKey": "x", "payloadFormat": "{url}"}, "must contain {body}"),
        ({"type": "hmac", "secretKey": "§", "secretIsBase64": True}, "not base64"),
        ({"type": "bearer", "secrets": []}, "needs token"),
        ({"type": "oauth2", "clientId": "x"}, "clientSecret"),
        ({"authenticationPlan": "hmac"}, "must be an object"),
    ],
)
def test_a_plan_that_cannot_be_used_says_why(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        plan(**fields)
