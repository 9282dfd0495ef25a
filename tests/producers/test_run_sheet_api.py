"""The run sheet over JSON, on a real database."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.producers.conftest import Site
from tests.producers.seeding import DAY, DEMO, NOW, Practice, Slot, pms_says, seed

pytestmark = pytest.mark.integration

SHEET = "/api/run-sheet"
KEYS = {
    "pms_appointment_id", "connection_id", "start", "end", "duration_minutes", "timezone", "status",
    "is_telehealth", "appointment_type", "patient", "practitioner", "clinician", "notes", "source",
    "removed", "provenance", "pms_connection_id", "pms_last_synced_at",
}  # fmt: skip
PATIENT_KEYS = {
    "pms_id", "full_name", "first_name", "last_name", "phone", "email", "date_of_birth",
}  # fmt: skip


def row(site: Site, patient: str) -> dict[str, Any]:
    answer = site.client.get(SHEET, params={"date": str(DAY)}, headers=site.bearer())
    found = [
        one
        for one in answer.json()["appointments"]
        if one["patient"] and one["patient"]["full_name"] == patient
    ]
    assert len(found) == 1
    result: dict[str, Any] = found[0]
    return result


def edit(site: Site, patient: str, version: object = 1, **changes: object) -> httpx.Response:
    return site.client.patch(
        f"{SHEET}/appointments/{site.ids[patient]}",
        headers=at(site, version),
        json=changes,
    )


def at(site: Site, version: object) -> dict[str, str]:
    """Headers of someone who read that version."""
    return {**site.bearer(), "If-Match": f'"{version}"'}


def dispute(site: Site, patient: str = "Grace Invented") -> dict[str, Any]:
    """A person and the PMS both changed the phone."""
    edit(site, patient, patient_phone="03 7010 4321")
    with site.everything() as db:
        pms_says(db, site.seal(), site.ids[patient], patient_phone="0400 555 019")
    return row(site, patient)


def audit(site: Site) -> list[Any]:
    with site.everything() as db:
        return list(db.execute(text("SELECT * FROM pms_audit_logs ORDER BY id")))


def test_a_day_holds_every_row_in_the_promised_shape(site: Site) -> None:
    answer = site.client.get(SHEET, params={"date": str(DAY)}, headers=site.bearer()).json()

    expected = sum(len(book) for practice in DEMO for book in practice.books.values())
    assert answer["success"] is True
    assert len(answer["appointments"]) == expected
    ann = row(site, "Ann Example")
    assert set(ann) >= KEYS
    assert set(ann["patient"]) == PATIENT_KEYS
    assert (ann["start"], ann["end"]) == ("2026-11-22T21:30:00Z", "2026-11-22T21:45:00Z")
    assert ann["practitioner"]["full_name"] == ann["clinician"] == "Dr Priya Nair"
    blocks = [one for one in answer["appointments"] if one["patient"] is None]
    assert [one["appointment_type"] for one in blocks] == ["Lunch"]
    assert row(site, "Pavel Noone")["removed"] is True


def test_today_is_what_no_date_means(site: Site) -> None:
    answer = site.client.get(SHEET, headers=site.bearer()).json()

    assert answer["first_day"] == answer["last_day"] == str(DAY)


def test_a_day_is_each_practices_own(site: Site) -> None:
    before = {"from": str(DAY - timedelta(days=1)), "to": str(DAY - timedelta(days=1))}

    answer = site.client.get(SHEET, params=before, headers=site.bearer()).json()

    assert answer["appointments"] == []


def test_one_connection_can_be_asked_for_with_its_status(site: Site) -> None:
    one = row(site, "Zara Madeupson")["connection_id"]

    answer = site.client.get(
        SHEET,
        params={"date": str(DAY), "connection_id": one, "include": "pms_status"},
        headers=site.bearer(),
    ).json()

    assert {entry["connection_id"] for entry in answer["appointments"]} == {one}
    statuses = {c["name"]: c["status"] for c in answer["pms_status"]["connections"]}
    assert statuses == {
        "Example Clinic": "on_time",
        "Harbour Allied Health": "late",
        "Northside Specialists": "needs_sign_in",
    }


def test_a_practice_is_not_late_while_it_is_closed(site: Site) -> None:
    with site.everything() as db:
        hours = """UPDATE pms_connections SET opening_hours = '{"tue": [["08:00", "17:00"]]}'"""
        db.execute(text(hours))

    answer = site.client.get(
        SHEET, params={"date": str(DAY), "include": "pms_status"}, headers=site.bearer()
    ).json()

    told = {one["name"]: one for one in answer["pms_status"]["connections"]}
    assert told["Harbour Allied Health"]["status"] == "closed"
    assert told["Harbour Allied Health"]["sentence"].startswith("Closed until Tue 08:00")
    assert told["Northside Specialists"]["status"] == "needs_sign_in"


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"date": "tomorrow"}, "query.date"),
        ({"from": "2026-11-24", "to": "2026-11-23"}, "swap"),
        ({"from": "2026-01-01", "to": "2026-12-31"}, "at most"),
        ({"patient": "x"}, "query.patient"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_so(
    site: Site, params: dict[str, str], says: str
) -> None:
    answer = site.client.get(SHEET, params=params, headers=site.bearer())

    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_each_read_leaves_one_audit_row(site: Site) -> None:
    site.client.get(SHEET, params={"date": str(DAY)}, headers=site.bearer())

    (written,) = audit(site)
    assert (written.action, written.user_id, written.phi_accessed) == (
        "run_sheet.read",
        "script",
        True,
    )
    assert "patient_phone" in written.phi_fields
    assert written.endpoint == SHEET
    assert written.trace_id


def test_an_edit_stands_and_says_whose_it_is(site: Site) -> None:
    answer = edit(site, "Grace Invented", patient_phone="(03) 7010 4321", notes="Call first.")

    found = answer.json()["appointment"]
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert found["patient"]["phone"] == "(03) 7010 4321"
    assert found["notes"] == "Interpreter booked (Vietnamese).\nCall first."
    origin = found["provenance"]["patient_phone"]
    assert (origin["source"], origin["by"]) == ("manual", "script")
    assert origin["other"]["value"] == "0400 000 000"


def test_an_edit_is_audited_by_field_and_never_by_value(site: Site) -> None:
    edit(site, "Grace Invented", patient_phone="(03) 7010 4321")

    (written,) = audit(site)
    assert (written.action, list(written.phi_fields)) == ("run_sheet.edited", ["patient_phone"])
    assert "7010" not in str(written)


def test_an_edit_keeps_what_was_there_before(site: Site) -> None:
    edit(site, "Grace Invented", patient_phone="(03) 7010 4321")

    with site.everything() as db:
        kept = db.execute(text("SELECT * FROM run_sheet_history")).one()
    seal, entry = site.seal(), site.ids["Grace Invented"]
    before = seal.open_document(entry, "before", kept.before, table="run_sheet_history")
    assert (kept.what, kept.by, kept.fields) == ("edited", "script", ["patient_phone"])
    assert before["patient_phone"] == "0400 000 000"
    assert b"0400" not in kept.before


def test_an_edit_of_an_old_version_changes_nothing(site: Site) -> None:
    edit(site, "Grace Invented", notes="First.")

    late = edit(site, "Grace Invented", version=1, notes="Second.")

    assert late.status_code == 412
    assert "Second." not in row(site, "Grace Invented")["notes"]


def test_no_change_is_taken_without_the_version_it_is_based_on(site: Site) -> None:
    disputed = dispute(site)
    mine = f"{SHEET}/appointments/{site.ids['Grace Invented']}"
    theirs = f"{SHEET}/conflicts/{disputed['conflicts'][0]['id']}/settle"

    answers = [
        site.client.patch(mine, headers=site.bearer(), json={"notes": "x"}),
        site.client.post(f"{mine}/revert", headers=site.bearer(), json={"field": "patient_phone"}),
        site.client.post(theirs, headers=site.bearer(), json={"choice": "theirs"}),
    ]

    assert [one.status_code for one in answers] == [428, 428, 428]
    assert row(site, "Grace Invented") == disputed


def test_repeating_what_is_shown_changes_nothing(site: Site) -> None:
    answer = edit(site, "Grace Invented", patient_phone="0400 000 000")

    assert answer.json()["appointment"]["version"] == 1


def test_a_time_is_on_the_practices_clock(site: Site) -> None:
    edit(site, "Zara Madeupson", start="08:10")

    assert row(site, "Zara Madeupson")["start"] == "2026-11-23T00:10:00Z"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"patient_phone": "12"}, "not a phone number"),
        ({"patient_phone": 12}, "must be text"),
        ({"start": "25:00"}, "HH:MM"),
        ({"start": "9:60"}, "HH:MM"),
        ({"start": "930"}, "HH:MM"),
        ({"start": "2:50 PM"}, "HH:MM"),
        ({"start": "٠٩:٣٠"}, "HH:MM"),
        ({"start": "2026-11-24"}, "HH:MM"),
        ({"start": "2026-W48-2T09:30"}, "HH:MM"),
        ({"start": ""}, "HH:MM"),
        ({"start": "2026-10-04T02:30"}, "clocks go forward"),
        ({"start": "2026-04-05T02:30"}, "happens twice"),
        ({"duration_minutes": 0}, "from 1 to"),
        ({"duration_minutes": True}, "from 1 to"),
        ({"status": "late"}, "must be one of"),
        ({"patient_email": "nobody"}, "one @"),
        ({"patient_date_of_birth": "3/2/80"}, "YYYY-MM-DD"),
        ({"patient_date_of_birth": "19800203"}, "YYYY-MM-DD"),
        ({"patient_date_of_birth": "1980-W05-7"}, "YYYY-MM-DD"),
        ({"patient_date_of_birth": "1980-02-30"}, "YYYY-MM-DD"),
        ({"patient_name": " "}, "cannot be empty"),
        ({"notes": "x" * 4001}, "too long"),
        ({"is_telehealth": "yes"}, "true or false"),
        ({"pms_patient_id": "1"}, "cannot be edited"),
        ({}, "at least one field"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_one_sentence(
    site: Site, changes: dict[str, object], says: str
) -> None:
    answer = edit(site, "Grace Invented", **changes)

    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert row(site, "Grace Invented")["version"] == 1


def test_undoing_a_field_brings_the_pms_value_back(site: Site) -> None:
    edit(site, "Grace Invented", patient_phone="(03) 7010 4321", start="11:40")

    answer = site.client.post(
        f"{SHEET}/appointments/{site.ids['Grace Invented']}/revert",
        headers=at(site, 2),
        json={"field": "patient_phone"},
    )

    found = answer.json()["appointment"]
    assert found["patient"]["phone"] == "0400 000 000"
    assert found["start"] == "2026-11-23T00:40:00Z"
    assert set(found["provenance"]) == {"start"}


@pytest.mark.parametrize(
    ("choice", "phone"), [("mine", "(03) 7010 4321"), ("theirs", "0400 555 019")]
)
def test_a_conflict_shows_both_sides_until_one_is_chosen(
    site: Site, choice: str, phone: str
) -> None:
    disputed = dispute(site)
    (conflict,) = disputed["conflicts"]

    answer = site.client.post(
        f"{SHEET}/conflicts/{conflict['id']}/settle",
        headers=at(site, disputed["version"]),
        json={"choice": choice},
    )

    assert (conflict["ours"], conflict["theirs"]) == ("(03) 7010 4321", "0400 555 019")
    assert disputed["patient"]["phone"] == "(03) 7010 4321"
    found = answer.json()["appointment"]
    assert found["patient"]["phone"] == phone
    assert found["conflicts"] == []
    with site.everything() as db:
        closed = db.execute(text("SELECT * FROM run_sheet_conflicts")).one()
    assert (closed.settled_as, closed.settled_by) == (choice, "script")


def test_a_conflict_is_settled_once(site: Site) -> None:
    disputed = dispute(site)
    (conflict,) = disputed["conflicts"]
    path = f"{SHEET}/conflicts/{conflict['id']}/settle"
    first = site.client.post(path, headers=at(site, disputed["version"]), json={"choice": "mine"})
    now = first.json()["appointment"]["version"]

    again = site.client.post(path, headers=at(site, now), json={"choice": "theirs"})

    assert again.status_code == 409


def test_a_conflict_whose_row_moved_on_is_not_settled_blindly(site: Site) -> None:
    disputed = dispute(site)
    with site.everything() as db:
        pms_says(db, site.seal(), site.ids["Grace Invented"], patient_phone="0400 555 077")

    answer = site.client.post(
        f"{SHEET}/conflicts/{disputed['conflicts'][0]['id']}/settle",
        headers={**site.bearer(), "If-Match": str(disputed["version"])},
        json={"choice": "theirs"},
    )

    assert answer.status_code == 412


def test_an_undo_of_an_old_version_changes_nothing(site: Site) -> None:
    edit(site, "Grace Invented", patient_phone="(03) 7010 4321")

    late = site.client.post(
        f"{SHEET}/appointments/{site.ids['Grace Invented']}/revert",
        headers=at(site, 1),
        json={"field": "patient_phone"},
    )

    assert late.status_code == 412
    assert row(site, "Grace Invented")["patient"]["phone"] == "(03) 7010 4321"


def test_another_account_sees_and_changes_nothing(site: Site) -> None:
    with site.everything() as db:
        seed(db, site.seal("other"), (), account_id="other")
    (conflict,) = dispute(site)["conflicts"]
    stranger = site.bearer(account_id="other")
    mine, absent = site.ids["Grace Invented"], "00000000-0000-4000-8000-000000000000"

    def answers(entry: object, disputed: object) -> list[tuple[int, str]]:
        found = [
            site.client.get(f"{SHEET}/appointments/{entry}", headers=stranger),
            site.client.patch(
                f"{SHEET}/appointments/{entry}",
                headers={**stranger, "If-Match": "*"},
                json={"notes": "x"},
            ),
            site.client.post(
                f"{SHEET}/conflicts/{disputed}/settle",
                headers={**stranger, "If-Match": "*"},
                json={"choice": "mine"},
            ),
        ]
        return [(one.status_code, one.json()["detail"]) for one in found]

    foreign = answers(mine, conflict["id"])

    assert foreign == answers(absent, absent)
    assert {status for status, _ in foreign} == {404}
    sheet = site.client.get(SHEET, params={"date": str(DAY)}, headers=stranger).json()
    assert (sheet["appointments"], sheet["clinicians"]) == ([], [])


def test_asking_for_a_sync_writes_a_job_for_each_connection_and_once(site: Site) -> None:
    first = site.client.post(f"{SHEET}/sync", headers=site.bearer())
    again = site.client.post(f"{SHEET}/sync", headers=site.bearer())

    assert first.status_code == 202
    assert len(first.json()["jobs"]) == len(DEMO)
    assert again.json() == first.json()
    status = site.client.get(f"{SHEET}/sync", headers=site.bearer()).json()["sync"]
    assert [job["job_id"] for job in status["waiting"]] == [
        job["id"] for job in first.json()["jobs"]
    ]
    assert status["workers"] == 0


def test_a_sync_of_a_foreign_connection_is_not_there(site: Site) -> None:
    body = {"connection_id": "00000000-0000-4000-8000-000000000000"}

    answer = site.client.post(f"{SHEET}/sync", headers=site.bearer(), json=body)

    assert answer.status_code == 404


def test_a_row_synced_long_ago_is_as_fresh_as_its_connections_last_pass(site: Site) -> None:
    with site.everything() as db:
        seed(
            db,
            site.seal("second"),
            (Practice(vendor="gentu", name="Second", timezone="Australia/Perth",
                      books={"Dr A": (Slot(at="09:00", patient="Zoe Example"),)}),),
            account_id="second",
        )  # fmt: skip
        db.execute(text("UPDATE pms_connections SET last_sync_at = :at"), {"at": NOW})

    answer = site.client.get(
        SHEET, params={"date": str(DAY)}, headers=site.bearer(account_id="second")
    ).json()

    assert answer["appointments"][0]["pms_last_synced_at"] == "2026-11-23T00:05:00Z"


@pytest.mark.parametrize("params", [{"date": "9999-12-31"}, {"date": "0001-01-01"}])
def test_a_day_nobody_can_mean_is_refused_in_a_sentence(site: Site, params: dict[str, str]) -> None:
    answer = site.client.get(SHEET, params=params, headers=site.bearer())

    assert answer.status_code == 422
    assert "between 1990 and 2100" in answer.json()["detail"]


def test_a_clinician_without_a_name_is_called_by_the_end_of_their_id(site: Site) -> None:
    with site.everything() as db:
        raw = "00000000-0000-4000-8000-00000000d001"
        values = {"name": raw}
        db.execute(
            text("UPDATE run_sheet_clinicians SET name = :name WHERE name = 'Dr Tom Whitfield'"),
            values,
        )

    found = site.client.get(SHEET, params={"date": str(DAY)}, headers=site.bearer()).json()
    site.sign_in()
    page = site.client.get(f"/?date={DAY}").text

    shown = "Unnamed clinician (…d001)"
    assert shown in {one["name"] for one in found["clinicians"]}
    assert shown in {one["clinician"] for one in found["appointments"]}
    assert f">{raw}<" not in page
