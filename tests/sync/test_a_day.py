"""One practice's day arrives on the sheet as the PMS has it, and keeps up with it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest

from tests.sync.practice import Practice

pytestmark = pytest.mark.integration

MEANING = {"unknown": "booked"}


def expected_rows(clinic: Practice) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """What the sheet should hold of the practice's day: one row for each patient."""
    for one in clinic.truth().values():
        local = datetime.fromisoformat(one["start_utc"]).astimezone(clinic.zone)
        if local.date() != clinic.day:
            continue
        for patient in one["patients"] or [None]:
            yield (one["id"], patient["id"] if patient else ""), _row(one, patient)


def _row(one: Mapping[str, Any], patient: Mapping[str, Any] | None) -> dict[str, Any]:
    status = MEANING.get(one["meaning"], one["meaning"])
    notes = [text for text in (one["notes"], one["title"]) if text]
    row = {
        "start": datetime.fromisoformat(one["start_utc"]),
        "status": status,
        "pms_practitioner_id": one["practitioner_id"],
        "appointment_type_id": one["type_id"],
        "patient_name": patient and patient["full"],
        "patient_first_name": patient and patient["first"],
        "patient_last_name": patient and patient["last"],
        "patient_phone": patient and patient["phone"],
        "patient_email": patient and patient["email"],
        "patient_date_of_birth": patient and patient["date_of_birth"],
        "notes": "\n".join(dict.fromkeys(notes)) or None,
    }
    if one["end_utc"] is not None:
        length = datetime.fromisoformat(one["end_utc"]) - row["start"]
        row["duration_minutes"] = round(length.total_seconds() / 60)
    return row


def assert_equals_the_pms(clinic: Practice) -> None:
    expected = dict(expected_rows(clinic))
    rows = {
        key: row
        for key, row in clinic.live_rows().items()
        if row["start"].astimezone(clinic.zone).date() == clinic.day
    }
    assert set(rows) == set(expected)
    wrong = {
        (key, name): (rows[key][name], value)
        for key, row in expected.items()
        for name, value in row.items()
        if rows[key][name] != value
    }
    assert not wrong


def test_the_sheet_equals_the_pms_field_by_field(clinic: Practice) -> None:
    run = clinic.sync()

    assert (run["status"], run["error_message"]) == ("success", None)
    assert_equals_the_pms(clinic)


def test_a_second_sync_of_an_unchanged_day_writes_no_row(clinic: Practice) -> None:
    clinic.sync()
    before = clinic.versions()

    run = clinic.sync()

    assert run["created"] == run["updated"] == run["removed"] == 0
    assert run["unchanged"] == len(before)
    assert clinic.versions() == before


@pytest.mark.parametrize("seed", range(5))
def test_a_living_practice_is_followed(clinic: Practice, seed: int) -> None:
    clinic.sync()

    for step in range(4):
        clinic.control("live", {"changes": 6, "seed": seed * 10 + step})
        run = clinic.sync(allow_removals=True)

        assert run["status"] == "success"
        assert_equals_the_pms(clinic)


def test_a_deleted_appointment_leaves_the_sheet_but_not_the_database(clinic: Practice) -> None:
    clinic.sync()
    gone = next(key for key, row in clinic.live_rows().items() if row["patient_name"])
    clinic.control(f"appointments/{gone[0]}", {"action": "delete"})

    run = clinic.sync()

    assert run["removed"] >= 1
    assert gone not in clinic.live_rows()
    assert any(row["pms_appointment_id"] == gone[0] for row in clinic.rows())
    assert_equals_the_pms(clinic)


def test_an_appointment_moved_to_another_day_is_moved_not_lost(clinic: Practice) -> None:
    clinic.sync()
    key, row = next(iter(clinic.live_rows().items()))
    moved_to = row["start"].replace(day=row["start"].day + 5)
    start = moved_to.isoformat().replace("+00:00", "Z")
    clinic.control(f"appointments/{key[0]}", {"action": "reschedule", "start_utc": start})

    run = clinic.sync()

    assert run["removed"] == 0
    assert clinic.live_rows()[key]["start"] == moved_to


def test_most_of_a_day_vanishing_stops_for_a_person(clinic: Practice) -> None:
    clinic.sync()
    before = clinic.live_rows()
    for appointment_id in list(clinic.truth())[3:]:
        clinic.control(f"appointments/{appointment_id}", {"action": "delete"})

    stopped = clinic.sync()

    assert stopped["status"] == "partial"
    assert "of 2 June would leave the sheet, so none did" in stopped["error_message"]
    assert "--" not in stopped["error_message"]
    assert clinic.live_rows() == before
    approved = clinic.sync(allow_removals=True)
    assert approved["status"] == "success"
    assert_equals_the_pms(clinic)


def test_a_dry_run_tells_and_changes_nothing(clinic: Practice) -> None:
    clinic.sync()
    clinic.control("live", {"changes": 8, "seed": 3})
    before = clinic.versions()

    run = clinic.sync(dry_run=True)

    told = [line["what"] for line in clinic.diff_of(run)]
    assert set(told) <= {"add", "change", "remove"}
    assert told.count("add") == run["created"]
    assert told.count("change") == run["updated"]
    assert clinic.versions() == before
    assert clinic.sync(allow_removals=True)["created"] == told.count("add")
