"""Who may send webhooks, and that nothing they send is worse than ignored."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from adapters.storage.deliveries import webhook_keys
from infra.database import transaction
from producers.webhooks.arriving import MOST_WAITING
from producers.webhooks.halaxy import MOST
from tests.webhooks.practice import ACCOUNT, Practice, bundle, practice

pytestmark = pytest.mark.integration

STAMP = "2026-06-01T02:03:04+00:00"


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    """Never synced: nothing here looks at the sheet."""
    with practice(database_url, redis_client) as connected:
        yield connected


def nothing_happened(clinic: Practice) -> bool:
    audited = clinic.select("SELECT 1 FROM pms_audit_logs WHERE action LIKE 'webhook.%'")
    return not clinic.deliveries() and not clinic.jobs("ready") and not audited


@pytest.mark.parametrize("key", ["", "wrong", "a" * 43, "x" * 5000, "\xe4\xf6"])
def test_a_webhook_without_the_key_has_no_effect(clinic: Practice, key: str) -> None:
    body = bundle("/main/Appointment/1", stamp=STAMP)
    headers = httpx.Headers([(b"x-webhook-key", key.encode("latin-1"))] if key else [])

    answer = clinic.ingress.post("/webhooks/halaxy/updated", content=body, headers=headers)

    assert (answer.status_code, answer.content) == (401, b"")
    assert nothing_happened(clinic)


def test_the_key_may_come_as_a_bearer_token(clinic: Practice) -> None:
    headers = {"Authorization": f"Bearer {clinic.key}"}
    body = bundle("/main/Appointment/1", stamp=STAMP)

    answer = clinic.ingress.post("/webhooks/halaxy/updated", content=body, headers=headers)

    assert answer.status_code == 202
    assert len(clinic.deliveries()) == 1


def test_a_wrong_key_is_not_saved_by_a_right_bearer_token(clinic: Practice) -> None:
    headers = {"X-Webhook-Key": "wrong", "Authorization": f"Bearer {clinic.key}"}

    answer = clinic.ingress.post("/webhooks/halaxy/updated", content=b"{}", headers=headers)

    assert answer.status_code == 401


def test_a_new_key_ends_the_old_one_at_once(clinic: Practice) -> None:
    old, new = clinic.key, clinic.make_key()

    assert clinic.notify("1", key=old) == 401
    assert clinic.notify("1", key=new) == 202


def test_a_forgotten_key_and_one_of_a_removed_connection_open_nothing(clinic: Practice) -> None:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        webhook_keys.forget(db, clinic.connection_id)
    assert clinic.notify("1") == 401

    clinic.make_key()
    clinic.execute("UPDATE pms_connections SET removed_at = now()")
    assert clinic.notify("1") == 401
    assert nothing_happened(clinic)


def test_the_key_itself_is_stored_nowhere(clinic: Practice) -> None:
    [row] = clinic.select("SELECT pms_connections::text AS whole FROM pms_connections")

    assert clinic.key not in row["whole"]
    assert clinic.key.encode().hex() not in row["whole"]


def test_a_vendor_that_sends_nothing_has_no_address(clinic: Practice) -> None:
    assert clinic.post(b"{}", vendor="gentu") == 404
    assert clinic.post(b"{}", vendor="bodies") == 404
    assert nothing_happened(clinic)


def test_a_repeat_is_counted_and_has_no_other_effect(clinic: Practice) -> None:
    body = bundle("/main/Appointment/1", stamp=STAMP)
    clinic.post(body)
    clinic.work()
    before = clinic.audited()

    assert clinic.post(body) == 202

    [delivery] = clinic.deliveries()
    assert (delivery["times"], delivery["state"]) == (2, "done")
    assert clinic.jobs("ready") == []
    assert clinic.audited() == before


def test_the_same_of_another_event_or_instant_is_no_repeat(clinic: Practice) -> None:
    clinic.post(bundle("/main/Appointment/1", stamp=STAMP))
    clinic.post(bundle("/main/Appointment/1", stamp=STAMP), event="created")
    clinic.post(bundle("/main/Appointment/1", stamp="2026-06-01T02:03:05+00:00"))
    clinic.post(bundle("https://elsewhere.example/main/Appointment/1", stamp=STAMP))

    assert [one["times"] for one in clinic.deliveries()] == [2, 1, 1]


def test_without_an_instant_nothing_is_a_repeat(clinic: Practice) -> None:
    for _ in range(2):
        clinic.post(bundle("/main/Appointment/1", stamp=None))

    assert [one["times"] for one in clinic.deliveries()] == [1, 1]


def test_a_bundle_may_name_many_things_and_one_of_them_twice(clinic: Practice) -> None:
    references = [f"/main/Appointment/{number}" for number in range(MOST - 1)]

    assert clinic.post(bundle(*references, references[0], stamp=STAMP)) == 202

    rows = clinic.deliveries()
    assert len(rows) == MOST - 1
    assert sum(one["times"] for one in rows) == MOST
    assert len(clinic.jobs("ready")) == 1


@pytest.mark.parametrize(
    ("reference", "note"),
    [
        ("/main/Invoice/77", "Nothing of the sheet depends on a resource of type Invoice."),
        ("/main/Practitioner/PR-1", "Nothing of the sheet depends on a resource of type Practi"),
    ],
)
def test_what_the_sheet_does_not_depend_on_is_ignored(
    clinic: Practice, reference: str, note: str
) -> None:
    clinic.post(bundle(reference, stamp=STAMP))

    [delivery] = clinic.deliveries()
    assert delivery["state"] == "ignored"
    assert delivery["note"].startswith(note)
    assert clinic.jobs("ready") == []


def test_an_unknown_event_is_kept_and_asks_for_nothing(clinic: Practice) -> None:
    assert clinic.post(bundle("/main/Appointment/1", stamp=STAMP), event="exploded") == 202

    [delivery] = clinic.deliveries()
    assert (delivery["event"], delivery["state"]) == ("unknown", "ignored")


def test_a_paused_connection_keeps_what_comes_and_asks_its_pms_nothing(clinic: Practice) -> None:
    clinic.execute("UPDATE pms_connections SET state = 'INACTIVE'")

    assert clinic.notify("1") == 202

    assert clinic.deliveries()[0]["state"] == "ignored"
    assert clinic.jobs("ready") == []


NONSENSE: Mapping[str, bytes] = {
    "nothing": b"",
    "no JSON": b"hello",
    "half a body": b'{"resourceType": "Bundle", "entry": [',
    "not UTF-8": b"\xff\xfe{}",
    "a lone surrogate": json.dumps({"resourceType": "\ud800"}).encode(),
    "no number": b'{"resourceType": NaN}',
    "a number without end": b"1" * 6000,
    "a number beyond floats": b"[1e999999]",
    "too deep": b"[" * 100_000,
    "deep and whole": b"[" * 40 + b"]" * 40,
    "quotes without end": b'"\\"' * 300_000,
    "another resource": b'{"resourceType": "Patient"}',
    "an empty bundle": b'{"resourceType": "Bundle", "entry": []}',
    "wrong shapes": b'{"resourceType": "Bundle", "entry": {"resource": 1}}',
    "no reference": bundle("", stamp=STAMP),
    "a strange id": bundle("/main/Appointment/../../etc", stamp=STAMP),
    "a NUL": bundle("/main/Appointment/1\x00", stamp=STAMP),
    "too many": bundle(*[f"/main/Appointment/{one}" for one in range(MOST + 1)], stamp=STAMP),
    "nested references": json.dumps(
        {"resourceType": "Bundle", "entry": [{"resource": {"notificationEvent": [{"focus": []}]}}]}
    ).encode(),
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_with_the_key_is_kept_with_the_reason(clinic: Practice, body: bytes) -> None:
    assert clinic.post(body) == 202

    [delivery] = clinic.deliveries()
    assert (delivery["state"], delivery["subject"]) == ("ignored", None)
    assert delivery["note"].startswith("The ")
    assert clinic.jobs("ready") == []


def test_bodies_rest_sealed(clinic: Practice) -> None:
    body = bundle("/main/Appointment/1", "/main/Appointment/2", stamp=STAMP)
    clinic.post(body)

    kept = [one for one in clinic.deliveries() if one["body"] is not None]

    assert len(kept) == 1
    assert b"Appointment" not in bytes(kept[0]["body"])
    place = {"table": "deliveries", "column": "body", "row": kept[0]["id"], "account": ACCOUNT}
    assert clinic.parts.sealer.open(bytes(kept[0]["body"]), **place) == body


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
EVENT = st.fixed_dictionaries(
    {},
    optional={
        "timestamp": ANYTHING | st.just(STAMP),
        "focus": ANYTHING | st.fixed_dictionaries({"reference": st.text() | ANYTHING}),
    },
)
BUNDLE = st.fixed_dictionaries(
    {"resourceType": st.just("Bundle")},
    optional={
        "entry": ANYTHING
        | st.lists(
            st.fixed_dictionaries(
                {
                    "resource": ANYTHING
                    | st.fixed_dictionaries(
                        {"notificationEvent": ANYTHING | st.lists(EVENT | ANYTHING, max_size=3)}
                    )
                }
            ),
            max_size=3,
        )
    },
)


@given(told=BUNDLE | ANYTHING, raw=st.none() | st.binary(max_size=200), event=st.text(max_size=8))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_comes_with_the_key_is_accepted(
    clinic: Practice, told: Any, raw: bytes | None, event: str
) -> None:
    body = json.dumps(told).encode() if raw is None else raw
    name = "".join(one for one in event if one.isalnum() and one.isascii()) or "updated"

    assert clinic.post(body, event=name) == 202


def test_a_flood_asks_for_one_whole_pass_instead(clinic: Practice) -> None:
    for hundred in range(0, MOST_WAITING + 100, 100):
        references = [f"/main/Appointment/{hundred + number}" for number in range(100)]
        assert clinic.post(bundle(*references, stamp=STAMP)) == 202

    states = Counter(one["state"] for one in clinic.deliveries())
    assert states == {"stored": MOST_WAITING, "ignored": 100}
    with transaction(clinic.parts.engine) as db:
        row = db.execute(text("SELECT next_sync_at, last_full_at FROM pms_connections")).one()
    assert row.last_full_at is None
    assert row.next_sync_at is not None


def test_a_webhook_wakes_a_practice_that_rests(clinic: Practice) -> None:
    clinic.execute(
        "UPDATE pms_connections SET unchanged_runs = 9, next_sync_at = now() + interval '1 hour',"
        " rests_until = now() + interval '1 hour', last_sync_at = now() - interval '1 hour'"
    )

    assert clinic.notify("1") == 202

    with transaction(clinic.parts.engine) as db:
        row = db.execute(text("SELECT *, now() AS at FROM pms_connections")).one()
    assert row.rests_until <= row.at
    assert row.next_sync_at <= row.at
    assert row.unchanged_runs == 0
