"""A secret is changed while fifty calls a second come in, and none of them is turned away."""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.vapi.plans import plans
from adapters.vapi.verifying import Plan, Signed, is_genuine, sell
from domain.errors import BadInput
from infra.settings import Settings, load

BEGINS = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)
OLD, NEW = "the-secret-of-before", "the-secret-of-now"
A_SECOND = 50
BODY = b'{"message":{"type":"tool-calls"}}'
FIRST = '{"type": "hmac", "secretKey": "the-secret-of-before"}'
SECOND = '{"type": "hmac", "secretKey": "the-secret-of-now"}'


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def loaded(**variables: str) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load()

    return loaded


def in_force(settings: Settings) -> Sequence[Plan]:
    return plans(settings, signing_key="a-signing-key-of-the-tests-that-is-long")


def bare(secret: str, at: datetime) -> Mapping[str, str]:
    return {"x-vapi-secret": secret}


def signed(secret: str, at: datetime) -> Mapping[str, str]:
    stamp = str(int(at.timestamp()))
    text = stamp.encode() + b"." + BODY
    return {"x-timestamp": stamp, "x-signature": hmac.digest(secret.encode(), text, "sha256").hex()}


def call(headers: Mapping[str, str], at: datetime) -> Signed:
    return Signed(headers=headers, body=BODY, now=at)


@pytest.mark.parametrize(
    ("variables", "proof"),
    [
        ({"VAPI_WEBHOOK_SECRET": NEW, "VAPI_WEBHOOK_SECRET_OLD": OLD}, bare),
        ({"VAPI_AUTH": SECOND, "VAPI_AUTH_OLD": FIRST}, signed),
    ],
)
def test_no_call_is_turned_away_while_the_secret_changes(
    given: Any, variables: dict[str, str], proof: Any
) -> None:
    """Vapi changes over at some moment of the overlap, and its calls in flight a little later."""
    until = BEGINS + OVERLAP
    plans_now = in_force(given(**variables, VAPI_OLD_UNTIL=until.isoformat()))
    turned_away = 0
    for number in range(int(OVERLAP.total_seconds()) * A_SECOND):
        at = BEGINS + timedelta(seconds=number / A_SECOND)
        is_late = number % 7 == 0 and at < BEGINS + OVERLAP * 0.6
        secret = OLD if at < BEGINS + OVERLAP / 2 or is_late else NEW
        turned_away += not is_genuine(plans_now, call(proof(secret, at), at))

    assert turned_away == 0
    assert not is_genuine(plans_now, call(proof(OLD, until), until))
    assert is_genuine(plans_now, call(proof(NEW, until), until))
    assert not is_genuine(plans_now, call(proof("another", BEGINS), BEGINS))


def test_another_way_of_signing_takes_over_from_a_bare_secret(given: Any) -> None:
    plans_now = in_force(
        given(
            VAPI_AUTH=SECOND,
            VAPI_WEBHOOK_SECRET_OLD=OLD,
            VAPI_OLD_UNTIL=(BEGINS + OVERLAP).isoformat(),
        )
    )

    assert is_genuine(plans_now, call(bare(OLD, BEGINS), BEGINS))
    assert is_genuine(plans_now, call(signed(NEW, BEGINS), BEGINS))
    assert not is_genuine(plans_now, call(bare(OLD, BEGINS), BEGINS + OVERLAP))


def test_an_old_secret_needs_its_end(given: Any) -> None:
    with pytest.raises(BadInput, match="VAPI_OLD_UNTIL: say until when"):
        given(VAPI_WEBHOOK_SECRET=NEW, VAPI_WEBHOOK_SECRET_OLD=OLD)


def test_an_end_without_a_zone_is_refused(given: Any) -> None:
    with pytest.raises(BadInput, match="VAPI_OLD_UNTIL"):
        given(VAPI_WEBHOOK_SECRET_OLD=OLD, VAPI_OLD_UNTIL="2026-11-21T12:00:00")


def test_without_a_new_secret_the_old_one_ends_all_the_same(given: Any) -> None:
    plans_now = in_force(given(VAPI_WEBHOOK_SECRET_OLD=OLD, VAPI_OLD_UNTIL=BEGINS.isoformat()))

    assert not is_genuine(plans_now, call(bare(OLD, BEGINS), BEGINS))


def test_a_token_bought_before_the_signing_key_was_changed_is_believed_and_sold_no_more(
    given: Any,
) -> None:
    client = {"clientId": "assistant", "clientSecret": "an-invented-client-secret"}
    settings = given(VAPI_AUTH=json.dumps({"type": "oauth2", **client}))
    before, after = "b" * 40, "a" * 40
    sold = sell(plans(settings, signing_key=before), *client.values(), now=BEGINS)
    changed = plans(settings, signing_key=after, older_keys=[before])
    anew = sell(changed, *client.values(), now=BEGINS)

    assert sold is not None and anew is not None
    shown = {
        one.token: call({"authorization": f"Bearer {one.token}"}, BEGINS) for one in (sold, anew)
    }
    assert all(is_genuine(changed, one) for one in shown.values())
    assert is_genuine(plans(settings, signing_key=after), shown[anew.token])
    assert not is_genuine(plans(settings, signing_key=after), shown[sold.token])
