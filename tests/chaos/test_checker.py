"""The checker finds what is planted, and nothing where nothing is."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import NullPool, create_engine, make_url, text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry
from adapters.storage.practices import connections, practice_book
from infra.clock import system_clock
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from simulators.clinic import Clinic
from tests.chaos.checker import Finding, Line, Verdict, check, is_disputed, reference
from tests.conftest import databases_at
from tests.sync.practice import ACCOUNT, DAY, KEY, ZONE, Practice, practice

pytestmark = pytest.mark.integration

SEALER = Sealer(Keyring.from_hex(KEY))
TYPED = "+1 202-555-0123"


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    with practice(database_url, redis_client) as made:
        types = [one.id for one in whole(made).types.values() if one.is_telehealth]
        with transaction(made.engine, account_id=ACCOUNT) as db:
            stored = connections.load(db, made.connection_id)
            practice_book.mark_telehealth(db, stored, types)
        assert made.sync()["status"] == "success"
        yield made


@pytest.fixture
def history(clinic: Practice) -> list[Line]:
    """Of a run in which one person typed a phone."""
    row = a_row(clinic)
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        hand = Hand(account_id=ACCOUNT, by="Sam", at=system_clock(), access=Access(user="Sam"))
        edit_entry(
            db,
            clinic.seal(),
            row["id"],
            {"patient_phone": TYPED},
            expected_version=row["version"],
            hand=hand,
        )
    whose = str(clinic.connection_id)
    key = [whose, row["pms_appointment_id"], row["pms_patient_id"]]
    edit = {"field": "phone", "column": "patient_phone", "key": key, "row": str(row["id"])}
    told = list(clinic.truth().values())
    return [
        {"what": "connection", "id": whose},
        {"what": "edit", "at": 1.0, "base": row["patient_phone"], "value": TYPED, **edit},
        {
            "what": "truth",
            "vendor": "gentu",
            "connection": whose,
            "timezone": ZONE,
            "days": [f"{DAY}", f"{DAY}"],
            "appointments": told,
            "takes_calls": False,
        },
    ]


def whole(clinic: Practice) -> Clinic:
    (found,) = clinic.simulator.clinics.values()
    return found


def a_row(clinic: Practice) -> dict[str, Any]:
    return next(row for row in clinic.rows() if row["patient_phone"] and row["notes"])


def judged(
    clinic: Practice, history: Sequence[Line], *plants: tuple[str, dict[str, Any]]
) -> Verdict:
    """A copy of the database, with these changes made to it."""
    clinic.engine.dispose()
    address = clinic.engine.url.render_as_string(hide_password=False)
    template = str(make_url(address).database)
    with databases_at(address) as databases, databases.new(template=template) as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as db:
            for statement, values in plants:
                db.execute(text(statement), values)
        return check(engine, SEALER, history)


def another(clinic: Practice) -> dict[str, Any]:
    edited = a_row(clinic)["id"]
    return next(row for row in clinic.rows() if row["id"] != edited)


def test_where_nothing_is_planted_nothing_is_found(clinic: Practice, history: list[Line]) -> None:
    verdict = judged(clinic, history)

    assert verdict.findings == []
    assert (verdict.rows, verdict.edits) == (len(clinic.live_rows()), 1)


def test_a_lost_row_is_found(clinic: Practice, history: list[Line]) -> None:
    row = another(clinic)
    gone = "UPDATE run_sheet_appointments SET removed_at = now() WHERE id = :id"

    verdict = judged(clinic, history, (gone, {"id": row["id"]}))

    assert verdict.findings == [Finding("lost", key_of(clinic, row))]


def test_a_wrong_field_is_found(clinic: Practice, history: list[Line]) -> None:
    row = another(clinic)
    late = "UPDATE run_sheet_appointments SET appointment_time = :at WHERE id = :id"
    at = row["start"] + timedelta(minutes=5)

    verdict = judged(clinic, history, (late, {"id": row["id"], "at": at}))

    (found,) = verdict.findings
    assert (found.kind, found.row) == ("wrong fields", key_of(clinic, row))
    assert "start" in found.fields


def test_a_wrong_sealed_field_is_found(clinic: Practice, history: list[Line]) -> None:
    row = next(row for row in clinic.rows() if row["id"] == another(clinic)["id"])
    place = {"table": "run_sheet_appointments", "row": str(row["id"]), "account": ACCOUNT}
    other = SEALER.seal("somebody@example.com", column="patient_email", **place)
    forged = "UPDATE run_sheet_appointments SET patient_email = :email WHERE id = :id"

    verdict = judged(clinic, history, (forged, {"id": row["id"], "email": other}))

    assert verdict.findings == [Finding("wrong fields", key_of(clinic, row), ("email",))]


def test_an_overwritten_edit_is_found(clinic: Practice, history: list[Line]) -> None:
    base, (_, id_, patient) = history[1]["base"], history[1]["key"]
    row = next(row for row in clinic.rows() if str(row["id"]) == history[1]["row"])
    place = {"table": "run_sheet_appointments", "row": str(row["id"]), "account": ACCOUNT}
    back = "UPDATE run_sheet_appointments SET patient_phone = :phone WHERE id = :id"
    sealed = SEALER.seal(base, column="patient_phone", **place)

    verdict = judged(clinic, history, (back, {"id": row["id"], "phone": sealed}))

    key = (str(clinic.connection_id), id_, patient)
    assert verdict.findings == [Finding("manual edits overwritten", key, ("phone",))]


def test_a_duplicate_is_found(clinic: Practice, history: list[Line]) -> None:
    row = another(clinic)
    unguarded = "DROP INDEX uq_run_sheet_appointments_pms"
    copied = """
        INSERT INTO run_sheet_appointments (account_id, run_sheet_id, pms_connection_id,
            pms_appointment_id, pms_patient_id, pms_practitioner_id, source, appointment_time,
            appointment_duration_minutes, appointment_status, timezone)
        SELECT account_id, run_sheet_id, pms_connection_id, pms_appointment_id, pms_patient_id,
            pms_practitioner_id, source, appointment_time, appointment_duration_minutes,
            appointment_status, timezone
        FROM run_sheet_appointments WHERE id = :id
    """

    verdict = judged(clinic, history, (unguarded, {}), (copied, {"id": row["id"]}))

    assert Finding("duplicated", key_of(clinic, row)) in verdict.findings


def test_a_row_the_practice_does_not_have_is_found(clinic: Practice, history: list[Line]) -> None:
    row = another(clinic)
    invented = "UPDATE run_sheet_appointments SET pms_appointment_id = 'x' WHERE id = :id"

    verdict = judged(clinic, history, (invented, {"id": row["id"]}))

    whose = str(clinic.connection_id)
    assert {one.kind for one in verdict.findings} == {"lost", "extra"}
    assert Finding("extra", (whose, "x", row["pms_patient_id"])) in verdict.findings


def test_a_scan_that_displaced_the_pms_is_found(clinic: Practice, history: list[Line]) -> None:
    row = a_row(clinic)
    read: dict[str, Any] = {"what": "ocr", "row": str(row["id"]), "fields": {"notes": "as scanned"}}
    scanned: Line = {**read, "key": [str(clinic.connection_id), *key_of(clinic, row)[1:]]}
    place = {"table": "run_sheet_appointments", "row": str(row["id"]), "account": ACCOUNT}
    over = "UPDATE run_sheet_appointments SET notes = :notes WHERE id = :id"
    sealed = SEALER.seal("as scanned", column="notes", **place)

    quiet = judged(clinic, [*history, scanned])
    verdict = judged(clinic, [*history, scanned], (over, {"id": row["id"], "notes": sealed}))

    assert quiet.findings == []
    assert verdict.findings == [Finding("OCR over PMS", key_of(clinic, row), ("notes",))]


@pytest.mark.parametrize(("shown", "is_found"), [("(202) 555-0192", False), (None, True)])
def test_a_scanned_phone_stands_as_it_is_written_at_home(
    clinic: Practice, history: list[Line], shown: str | None, is_found: bool
) -> None:
    row = another(clinic)
    truth = dict(history[2])
    truth["appointments"] = [
        {**one, "patients": [{**who, "phone": None} for who in one["patients"]]}
        for one in truth["appointments"]
    ]
    read: dict[str, Any] = {"what": "ocr", "row": str(row["id"])}
    scanned = {**read, "key": key_of(clinic, row), "fields": {"phone": "+1 202-555-0192"}}
    place = {"table": "run_sheet_appointments", "row": str(row["id"]), "account": ACCOUNT}
    sealed = shown and SEALER.seal(shown, column="patient_phone", **place)
    over = "UPDATE run_sheet_appointments SET patient_phone = :phone WHERE id = :id"

    verdict = judged(clinic, [*history, truth, scanned], (over, {"id": row["id"], "phone": sealed}))

    assert (verdict.count("OCR over PMS") == 1) is is_found


def test_a_scan_that_is_on_the_sheet_no_more_is_found(
    clinic: Practice, history: list[Line]
) -> None:
    scanned: Line = {"what": "ocr", "row": "a row", "key": None, "fields": {}}

    verdict = judged(clinic, [*history, scanned])

    assert verdict.findings == [Finding("OCR lost or twice", ("a row",))]


@pytest.mark.parametrize(
    ("said", "bookings", "is_found"),
    [
        ("It is confirmed for nine.", 1, False),
        ("It is confirmed for nine.", 0, True),
        ("It is confirmed for nine.", 2, True),
        ("It is booked. The confirmation number is A, 6.", 1, False),
        ("It is booked. The confirmation number is A, 6.", 0, True),
        ("I have requested this, but it is not final yet.", 0, False),
        ("I could not reach the practice.", 1, True),
        ("Something went wrong on our side. Please ask me again in a moment.", 1, False),
        ("Something went wrong on our side. Please ask me again in a moment.", 2, True),
        (None, 1, False),
        (None, 2, True),
    ],
)
def test_a_caller_who_was_told_what_is_not_so_is_found(
    clinic: Practice, history: list[Line], said: str | None, bookings: int, is_found: bool
) -> None:
    call = {"what": "call", "call": "c", "patient": "p", "status": "200" if said else "ReadError"}
    told = dict(history[2])
    new = [
        {**told["appointments"][0], "id": f"n{n}", "patients": [{"id": "p"}]}
        for n in range(bookings)
    ]
    book = {**told, "connection": "c", "appointments": new, "takes_calls": True}

    verdict = judged(clinic, [*history, {**call, "said": said}, book])

    assert any(one.kind == "callers told what is not so" for one in verdict.findings) is is_found


def test_asking_on_before_the_wait_is_over_is_found(clinic: Practice, history: list[Line]) -> None:
    refused = {"what": "fault", "fault": "429", "seconds": 3}
    asked = {"what": "request", "vendor": "gentu", "bucket": "", "is_counted": True}
    lines = [{**asked, "monotonic": 10.0, "fault": "429"}]
    lines += [{**asked, "monotonic": 10.0 + after, "fault": None} for after in (0.1, 2.0, 4.0)]

    verdict = judged(clinic, [*history, refused, *lines])

    assert verdict.findings == [Finding("asked again before Retry-After", ("gentu", "", "1"))]


@pytest.mark.parametrize(
    ("vendor", "clock", "is_found"),
    [
        ("gentu", 10.2, False),
        ("gentu", 8.5, False),
        ("gentu", 7.0, True),
        ("gentu", 11.0, True),
        ("sikka", 10.2, True),
    ],
)
def test_a_429_that_was_lost_on_a_broken_line_is_not_held_against_whoever_asks_again(
    clinic: Practice, history: list[Line], vendor: str, clock: float, is_found: bool
) -> None:
    refused = {"what": "fault", "fault": "429", "seconds": 3}
    broken = {"what": "line", "vendor": vendor, "clock": clock, "seconds": 2}
    asked = {"what": "request", "vendor": "gentu", "bucket": "", "is_counted": True}
    lines = [{**asked, "monotonic": 10.0, "fault": "429"}]
    lines += [{**asked, "monotonic": 12.3, "fault": None}]

    verdict = judged(clinic, [*history, refused, broken, *lines])

    assert bool(verdict.findings) is is_found


@pytest.mark.parametrize(
    ("field", "final", "has_moved", "may_show"),
    [
        ("phone", "base", False, {"typed"}),
        ("phone", "new", True, {"typed"}),
        ("start", "new", True, {"typed"}),
        ("name", "base", False, {"typed"}),
        ("name", "new", True, {"new"}),
        ("status", "base", True, {"typed", "base"}),
        ("notes", "new", True, {"new\ntyped"}),
        ("notes", None, True, {"typed"}),
    ],
)
def test_the_reference_merge_is_that_of_the_design(
    field: str, final: str | None, has_moved: bool, may_show: set[str]
) -> None:
    assert (
        reference(field, manual="typed", base="base", final=final, has_moved=has_moved) == may_show
    )


def test_only_a_phone_or_a_time_that_both_changed_is_disputed() -> None:
    both = {"manual": "typed", "base": "base", "final": "new"}

    assert is_disputed("phone", **both)
    assert not is_disputed("name", **both)
    assert not is_disputed("phone", **{**both, "final": "base"})
    assert not is_disputed("phone", **{**both, "final": "typed"})


def key_of(clinic: Practice, row: dict[str, Any]) -> tuple[str, str, str]:
    return str(clinic.connection_id), row["pms_appointment_id"], row["pms_patient_id"]
