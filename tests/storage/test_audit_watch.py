"""Reading of patients that is worth a look: by account, by thresholds, told once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from adapters.storage.audit import audit_findings
from adapters.storage.audit.audit_watch import Watch
from adapters.storage.people.accounts import Account, add
from adapters.storage.tables import pms_audit_logs
from domain.accesses import FOLLOWING, FindingState, Rule, Thresholds
from domain.desk_calls import PATIENTS
from domain.errors import BadInput
from domain.rhythm import USUAL
from domain.sheet import NotOnSheet
from infra.database import dispatch, transaction
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # 13:30 on a Tuesday in Melbourne
FEW = Thresholds(
    patients_an_hour=5,
    denials_an_hour=3,
    exports_a_day=2,
    hours_outside=3,
    new_address_patients=4,
    wrong_answers=3,
)
OPEN = '{"mon": [["08:00", "17:00"]], "tue": [["08:00", "17:00"]]}'


@pytest.fixture
def watch(rig: Rig) -> Watch:
    return Watch(engine=rig.engine, clock=lambda: NOW, thresholds=FEW)


def accessed(rig: Rig, times: int = 1, *, account_id: str = ACCOUNT, **columns: Any) -> None:
    """So many accesses within the last hour, each to a patient of its own."""
    row = {
        "account_id": account_id,
        "user_id": "Ada",
        "action": "run_sheet.read",
        "phi_accessed": True,
        "created_at": NOW - timedelta(minutes=10),
        "ip_address": None,
    }
    with transaction(rig.engine, account_id=account_id) as db:
        for number in range(times):
            patient = {"patient_id": f"p-{number}", "account_id": account_id}
            db.execute(insert(pms_audit_logs), {**row, **patient, **columns})


def found(rig: Rig) -> dict[Rule, int]:
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        return {one.rule: one.counted for one in audit_findings.listed(db)}


def test_a_usual_day_is_no_finding(rig: Rig, watch: Watch) -> None:
    accessed(rig, FEW.patients_an_hour - 1)

    assert watch.watch(ACCOUNT) == 0
    assert found(rig) == {}


def test_patients_that_a_search_lists_were_not_opened(rig: Rig, watch: Watch) -> None:
    accessed(rig, 8, action=PATIENTS)

    assert watch.watch(ACCOUNT) == 0


def test_many_patients_within_an_hour_are_told_once(rig: Rig, watch: Watch) -> None:
    accessed(rig, 6)
    first = watch.watch(ACCOUNT)
    accessed(rig, 8)

    assert (first, watch.watch(ACCOUNT)) == (1, 0)
    assert found(rig) == {Rule.MANY_PATIENTS: 8}


def test_one_patient_again_and_again_is_one(rig: Rig, watch: Watch) -> None:
    accessed(rig, 20, patient_id="p-1")

    assert watch.watch(ACCOUNT) == 0


@pytest.mark.parametrize("user", ["voice", "sync", "webhook:halaxy", "push:advancedmd", "pms-sync"])
def test_callers_and_syncs_are_not_watched_as_one_person(rig: Rig, watch: Watch, user: str) -> None:
    accessed(rig, 30, user_id=user)

    assert watch.watch(ACCOUNT) == 0


@pytest.mark.parametrize(("wrong", "is_told"), [(2, False), (3, True)])
def test_callers_who_are_often_not_believed_are_told_of_together(
    rig: Rig, watch: Watch, *, wrong: int, is_told: bool
) -> None:
    calls = text(
        "INSERT INTO phone_calls (account_id, call_id, attempts, seen_at)"
        " VALUES (:account, 'c1', :wrong, :at)"
    )
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(calls, {"account": ACCOUNT, "wrong": wrong, "at": NOW})

    watch.watch(ACCOUNT)

    assert found(rig) == ({Rule.WRONG_ANSWERS: wrong} if is_told else {})


def test_repeated_refusals_and_many_exports_are_told(rig: Rig, watch: Watch) -> None:
    accessed(rig, 3, action="access.denied", phi_accessed=False, patient_id=None)
    accessed(rig, 2, action="audit.exported", user_id="Bo", patient_id=None)

    assert watch.watch(ACCOUNT) == 2
    assert found(rig) == {Rule.DENIALS: 3, Rule.EXPORTS: 2}


@pytest.mark.parametrize(
    ("at", "is_told"),
    [
        ("2026-11-23T15:00:00+00:00", True),  # 02:00
        ("2026-11-23T19:30:00+00:00", False),  # 06:30, less than three hours before opening
        ("2026-11-24T02:00:00+00:00", False),  # 13:00
        ("2026-11-23T08:30:00+00:00", False),  # 19:30, soon after closing
    ],
)
def test_reading_far_outside_opening_hours_is_told(
    rig: Rig, watch: Watch, at: str, is_told: bool
) -> None:
    rig.connect("s-1")
    rig.run(
        "UPDATE pms_connections SET opening_hours = CAST(:hours AS jsonb),"
        " timezone = 'Australia/Melbourne'",
        hours=OPEN,
    )
    accessed(rig, created_at=datetime.fromisoformat(at))

    watch.watch(ACCOUNT)

    assert (Rule.UNUSUAL_HOURS in found(rig)) is is_told


@pytest.mark.parametrize(
    ("zone", "usual", "is_told"),
    [
        ("America/New_York", USUAL, False),  # 10:00 there
        ("Australia/Perth", USUAL, True),  # 23:00 there
        ("Australia/Perth", {}, False),
    ],
    ids=["open elsewhere", "night elsewhere", "always open"],
)
def test_a_practice_that_told_no_hours_is_open_as_usual(
    rig: Rig, watch: Watch, zone: str, usual: dict[str, Any], is_told: bool
) -> None:
    rig.connect("s-1")
    rig.run(
        "UPDATE pms_connections SET opening_hours = CAST(:hours AS jsonb),"
        " timezone = 'Australia/Melbourne'",
        hours=OPEN,
    )
    rig.connect("s-2")
    rig.run("UPDATE pms_connections SET timezone = :zone WHERE site = 's-2'", zone=zone)
    accessed(rig, created_at=datetime.fromisoformat("2026-11-23T15:00:00+00:00"))

    replace(watch, usual_hours=usual).watch(ACCOUNT)

    assert (Rule.UNUSUAL_HOURS in found(rig)) is is_told


@pytest.mark.parametrize("route", FOLLOWING)
def test_what_follows_the_sheet_at_night_is_no_finding(rig: Rig, watch: Watch, route: str) -> None:
    rig.connect("s-1")
    rig.run("UPDATE pms_connections SET opening_hours = CAST(:hours AS jsonb)", hours=OPEN)
    at = datetime(2026, 11, 23, 15, tzinfo=UTC)
    accessed(rig, created_at=at, endpoint=route)

    assert watch.watch(ACCOUNT) == 0


def test_nothing_is_unusual_while_no_practice_says_when_it_is_open(rig: Rig, watch: Watch) -> None:
    accessed(rig, created_at=datetime(2026, 11, 23, 15, tzinfo=UTC))

    assert watch.watch(ACCOUNT) == 0


def test_many_patients_from_a_new_address_are_told(rig: Rig, watch: Watch) -> None:
    accessed(rig, ip_address="192.0.2.1", created_at=NOW - timedelta(days=9))
    accessed(rig, 4, ip_address="203.0.113.5")

    watch.watch(ACCOUNT)

    assert found(rig) == {Rule.NEW_ADDRESS: 4}


@pytest.mark.parametrize("known", ["203.0.113.5", None])
def test_a_known_address_and_a_new_colleague_are_not(
    rig: Rig, watch: Watch, known: str | None
) -> None:
    if known:
        accessed(rig, ip_address=known, created_at=NOW - timedelta(days=9))
    accessed(rig, 4, ip_address="203.0.113.5")

    assert watch.watch(ACCOUNT) == 0


def test_accounts_are_judged_apart(rig: Rig, watch: Watch) -> None:
    with dispatch(rig.engine) as db:
        add(db, Account(id="other", name="Another practice"))
    accessed(rig, 3)
    accessed(rig, 3, account_id="other")

    assert [watch.watch(one) for one in watch.accounts()] == [0, 0]


def test_what_was_looked_at_stays_so_though_more_comes(rig: Rig, watch: Watch) -> None:
    accessed(rig, 6)
    watch.watch(ACCOUNT)
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        (one,) = audit_findings.listed(db, state=FindingState.OPEN)
        audit_findings.acknowledge(db, one.id, note=" Letters. ", by="Sam", at=NOW)
    accessed(rig, 9)

    assert watch.watch(ACCOUNT) == 0
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        assert audit_findings.open_count(db) == 0
        (kept,) = audit_findings.listed(db)
    assert (kept.note, kept.counted) == ("Letters.", 9)


def test_a_note_says_something_and_the_finding_exists(rig: Rig, watch: Watch) -> None:
    accessed(rig, 6)
    watch.watch(ACCOUNT)
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        (one,) = audit_findings.listed(db)
        with pytest.raises(BadInput, match="found out"):
            audit_findings.acknowledge(db, one.id, note=" ", by="Sam", at=NOW)
        db.execute(text("SET LOCAL app.account = 'other'"))
        with pytest.raises(NotOnSheet):
            audit_findings.acknowledge(db, one.id, note="x", by="Sam", at=NOW)


def test_thresholds_are_what_is_set(rig: Rig, watch: Watch) -> None:
    accessed(rig, 6)

    assert replace(watch, thresholds=Thresholds()).watch(ACCOUNT) == 0
