"""A dental office lets us in at Sikka's marketplace: believed nowhere, connected once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest
import redis

from adapters.storage.practices import authorisation_tokens
from domain.authorisations import shown_code
from domain.jobs import JobState
from tests.documented import curl
from tests.webhooks.marketplace import ACCOUNT, OFFICE, OTHER, SECOND, Market, market
from workers.works import works

pytestmark = pytest.mark.integration

HANDSHAKE = {"Source": "Sikka", "MasterCustomerID": OFFICE, "Status": "Purchased"}


@pytest.fixture
def sikka(database_url: str, redis_client: redis.Redis) -> Iterator[Market]:
    with market(database_url, redis_client) as made:
        yield made


@pytest.mark.parametrize("shape", ["seed", "handshake"])
def test_an_event_with_our_state_connects_every_practice_of_the_office(
    sikka: Market, shape: str
) -> None:
    statuses = sikka.buys(state=sikka.state(), shape=shape)

    assert sikka.work() == [JobState.DONE]
    assert statuses == [202]
    found = sikka.connections()
    assert [(one["account_id"], one["site"], one["state"]) for one in found] == [
        (ACCOUNT, OFFICE, "ACTIVE"),
        (ACCOUNT, f"{OFFICE}:1-1", "ACTIVE"),
    ]
    assert {one["timezone"] for one in found} <= {"America/New_York", "America/Phoenix"}
    assert found[0]["features"]["online_booking"] is True
    assert found[0]["booking_rules"]["min_notice_minutes"] == 60
    assert found[0]["next_sync_at"] is not None
    assert sikka.states() == ["connected"]
    assert sikka.audited("connection.authorised") == 2


def test_the_address_is_tried_by_hand_as_the_documents_say(sikka: Market) -> None:
    answer = sikka.ingress.post(**curl("sikka.md", "/pms/sikka/webhook/authorize", given={}))

    assert answer.status_code == 202
    assert (sikka.rows(), sikka.jobs()) == ([], [])


def test_the_secret_is_sikkas_own_and_never_the_messages(sikka: Market) -> None:
    sikka.buys(state=sikka.state(), extra={"secret_key": "planted-by-somebody"})

    sikka.work()
    kept = sikka.secrets.kept
    truth = sikka.vendor.get("/_sim/credentials", params={"tenant": OFFICE}).json()
    assert set(kept) == {f"tests/sikka/{ACCOUNT}/{OFFICE}", f"tests/sikka/{ACCOUNT}/{OFFICE}/1-1"}
    assert {one["secret_key"] for one in kept.values()} == {truth["secret_key"]}


def test_an_event_without_a_state_waits_for_its_account(sikka: Market) -> None:
    sikka.buys()

    sikka.work()
    row = sikka.rows()[0]
    assert (row["state"], row["account_id"], row["pms_type"]) == ("pending", None, "Dentrix")
    assert row["practice_name"].startswith("Example Dental")
    assert (sikka.connections(), sikka.secrets.kept) == ([], {})


def test_twenty_events_at_once_and_two_jobs_make_one_connection(sikka: Market) -> None:
    state = sikka.state()
    sikka.control("authorise", tenant=OFFICE)
    events = [sikka.event(n=number) for number in range(20)]

    with ThreadPoolExecutor(20) as crowd:
        statuses = list(crowd.map(lambda event: sikka.post(event, state=state), events))
    jobs = sikka.claimed_together(2)
    run = works(sikka.parts)["authorise"].run
    with ThreadPoolExecutor(2) as pair:
        list(pair.map(run, jobs))

    assert statuses == [202] * 20
    assert [one["site"] for one in sikka.connections()] == [OFFICE, f"{OFFICE}:1-1"]
    assert len(sikka.secrets.kept) == 2
    assert [(one["state"], one["times"]) for one in sikka.rows()] == [("connected", 20)]
    assert sikka.audited("connection.authorised") == 2


def test_replays_have_no_second_effect(sikka: Market) -> None:
    state = sikka.state()
    sikka.buys(state=state, times=5)
    sikka.work()
    before = [(one["id"], one["version"], one["updated_at"]) for one in sikka.connections()]

    sikka.buys(state=state, times=5)
    sikka.work()

    after = [(one["id"], one["version"], one["updated_at"]) for one in sikka.connections()]
    assert after == before
    assert sikka.states() == ["connected"]
    assert len(sikka.secrets.kept) == 2
    assert sum(one["times"] for one in sikka.deliveries()) == 10


@pytest.mark.parametrize(
    "forged", ["unknown-office", "unauthorised", "other-app", "not-json", "empty"]
)
def test_what_is_forged_is_answered_and_connects_nothing(sikka: Market, forged: str) -> None:
    statuses = sikka.buys(state=sikka.state(), forged=forged)
    sikka.work()

    assert statuses == [202]
    assert sikka.connections() == []
    assert sikka.secrets.kept == {}


def test_an_office_that_is_never_listed_is_dropped(sikka: Market) -> None:
    sikka.post(sikka.event("D12345"))
    sikka.work()
    assert sikka.states() == ["pending"]

    sikka.grow_older(timedelta(hours=2))
    sikka.work()

    assert sikka.states() == ["dropped"]


def test_another_application_changes_nothing(sikka: Market) -> None:
    status = sikka.post({**sikka.event(), "app_id": "somebody-else"}, state=sikka.state())

    assert status == 202
    assert (sikka.rows(), sikka.deliveries(), sikka.jobs()) == ([], [], [])


def test_a_state_is_good_once_and_for_one_office(sikka: Market) -> None:
    state = sikka.state()
    sikka.buys(OFFICE, state=state)
    sikka.buys(SECOND, state=state)

    sikka.work()

    assert {one["site"].partition(":")[0] for one in sikka.connections()} == {OFFICE}
    assert sorted(sikka.states()) == ["connected", "pending"]


@pytest.mark.parametrize("state", ["nonsense", "AAAA.BBBB", "é", "x" * 5000, "%00", "2345-6789"])
def test_a_state_that_is_not_ours_leaves_the_office_waiting(sikka: Market, state: str) -> None:
    assert sikka.post(sikka.event(), state=state) == 202

    assert sikka.states() == ["pending"]


def test_a_state_that_is_old_leaves_the_office_waiting(sikka: Market) -> None:
    state = sikka.state()
    sikka.execute("UPDATE authorisation_states SET expires_at = now()")

    sikka.post(sikka.event(), state=state)

    assert sikka.states() == ["pending"]


def test_a_state_does_not_fetch_an_office_that_waited_before(sikka: Market) -> None:
    sikka.buys()

    sikka.post(sikka.event(), state=sikka.state(OTHER))
    sikka.work()

    assert sikka.states() == ["pending"]
    assert sikka.connections() == []


def test_a_state_does_not_fetch_an_office_of_another_account(sikka: Market) -> None:
    sikka.buys(state=sikka.state())
    sikka.work()

    sikka.post(sikka.event(note="mine now"), state=sikka.state(OTHER))
    sikka.work()

    assert {one["account_id"] for one in sikka.connections()} == {ACCOUNT}


def test_who_waited_for_another_practices_office_does_not_get_it(sikka: Market) -> None:
    sikka.post(sikka.event(), state=sikka.state(OTHER))

    sikka.buys(state=sikka.state())
    sikka.work()

    assert sikka.states() == ["pending"]
    assert sikka.rows()[0]["note"].startswith("Two accounts ask")
    assert sikka.connections() == []
    for account in (ACCOUNT, OTHER):
        named = sikka.ask("GET", account_id=account, params={"named": OFFICE})
        assert named.status_code == 404
    code = authorisation_tokens.office_code(sikka.parts.sealer, sikka.row_id())
    assert sikka.ask("GET", params={"named": code}).status_code == 200


def test_a_code_typed_at_the_marketplace_connects_the_office(sikka: Market) -> None:
    typed = shown_code(sikka.code()).lower()

    sikka.buys(shape="handshake", extra={"PartnerRegistrationID": typed})
    sikka.work()

    assert [one["account_id"] for one in sikka.connections()] == [ACCOUNT, ACCOUNT]


def test_a_practice_that_leaves_needs_to_sign_in_and_keeps_its_sheet(sikka: Market) -> None:
    sikka.buys(state=sikka.state())
    sikka.work()

    sikka.leaves()
    sikka.work()

    found = sikka.connections()
    assert {one["state"] for one in found} == {"NEEDS_SIGN_IN"}
    assert "no longer lists this practice" in found[0]["state_reason"]
    assert sikka.audited("connection.deauthorised") == 2


def test_a_forged_cancellation_changes_nothing(sikka: Market) -> None:
    sikka.buys(state=sikka.state())
    sikka.work()

    assert sikka.post({**HANDSHAKE, "Status": "Cancelled"}) == 202
    sikka.work()

    assert {one["state"] for one in sikka.connections()} == {"ACTIVE"}


def test_a_practice_that_comes_back_is_the_same_connection(sikka: Market) -> None:
    sikka.buys(state=sikka.state())
    sikka.work()
    before = [one["id"] for one in sikka.connections()]
    sikka.leaves()
    sikka.work()

    sikka.buys()
    sikka.work()

    found = sikka.connections()
    assert [one["id"] for one in found] == before
    assert {(one["state"], one["state_reason"]) for one in found} == {("ACTIVE", None)}


def test_the_daily_look_finds_what_no_event_told(sikka: Market) -> None:
    sikka.buys(state=sikka.state())
    sikka.work()
    sikka.control("authorise", tenant=SECOND)
    sikka.leaves(tells=False)

    sikka.put_job()
    sikka.work()

    assert {one["state"] for one in sikka.connections()} == {"NEEDS_SIGN_IN"}
    assert [(one["office_id"], one["state"]) for one in sikka.rows()] == [
        (OFFICE, "connected"),
        (SECOND, "pending"),
    ]


def test_a_paused_practice_stays_paused(sikka: Market) -> None:
    sikka.buys(state=sikka.state())
    sikka.work()
    sikka.execute("UPDATE pms_connections SET state = 'INACTIVE', sync_enabled = false")

    sikka.buys(extra={"again": 1})
    sikka.work()

    assert {one["state"] for one in sikka.connections()} == {"INACTIVE"}


def test_an_outage_of_sikka_is_waited_out(sikka: Market) -> None:
    sikka.buys(state=sikka.state())
    sikka.control("faults", kind="500", times=1)

    sikka.work()

    assert [one["state"] for one in sikka.connections()] == ["ACTIVE", "ACTIVE"]


def test_nothing_makes_the_ingress_refuse(sikka: Market) -> None:
    chance = Random(11)  # noqa: S311 - garbage, the same each time
    whole = json.dumps({**sikka.event(), **HANDSHAKE}).encode()
    bodies = [
        b"",
        b"\x00\xff\xfe",
        b"[" * 50_000,
        b'{"office_id":' * 2_000,
        b"null",
        b"[[]]",
        b'{"office_id": 1e999}',
        b'{"office_id": "D1\\u0000"}',
        b'{"office_id": {"a": []}, "app_id": []}',
        b'{"office_id": "D90001", "state": "\\ud800"}',
        b'{"office_id": "' + b"D" * 100_000 + b'"}',
        b'{"office_id": ' + b"9" * 10_000 + b"}",
        "{'MasterCustomerID': 'D1'}".encode("utf-16"),
        *(_mutated(whole, chance) for _ in range(150)),
    ]

    statuses = {sikka.post(body, state="a\x00b\ud7ff") for body in bodies}

    assert statuses == {202}
    assert sikka.connections() == []


def test_what_nobody_vouches_for_is_kept_within_bounds(sikka: Market) -> None:
    for number in range(200):
        sikka.post(sikka.event(f"D{number}"))
    state = sikka.state()
    sikka.buys(state=state)

    assert len(sikka.rows()) <= 61
    assert len(sikka.deliveries()) <= 121
    assert len(sikka.jobs()) <= 2
    assert "claimed" in sikka.states()


def test_bodies_are_sealed_and_hold_nothing_in_clear(sikka: Market) -> None:
    sikka.post({**sikka.event(), "secret_key": "canary-secret", "practice_name": "Canary Dental"})

    (kept,) = sikka.deliveries()
    assert (kept["subject"], kept["account_id"]) == (f"Office/{OFFICE}", None)
    assert b"canary" not in bytes(kept["body"])
    opened = sikka.parts.sealer.open(
        kept["body"], table="deliveries", column="body", row=kept["id"], account="unclaimed"
    )
    assert b"canary-secret" in opened
    assert "Canary" not in str(sikka.rows()) and "canary" not in str(sikka.rows())


def test_with_a_callback_key_only_sikkas_events_count(
    database_url: str, redis_client: redis.Redis
) -> None:
    with market(database_url, redis_client, callback_key="only-sikka-knows") as sikka:
        state = sikka.state()
        assert sikka.buys(state=state) == [202]
        assert sikka.buys(state=state, headers={"callback-key": "wrong"}) == [202]
        assert sikka.buys(state=state, headers={"callback-key": "wröng"}) == [202]
        assert sikka.rows() == []

        sikka.buys(state=state, headers={"callback-key": "only-sikka-knows"})
        sikka.work()

        assert [one["state"] for one in sikka.connections()] == ["ACTIVE", "ACTIVE"]


def _mutated(whole: bytes, chance: Random) -> bytes:
    changed = bytearray(whole)
    for _ in range(chance.randint(1, 12)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed[: chance.randint(1, len(changed))])
