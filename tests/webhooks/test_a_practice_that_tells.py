"""What staff do at the vendor reaches the sheet by webhook, without a poll."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.jobs import JobState
from tests.webhooks.practice import Practice
from tests.webhooks.truth import assert_equals_the_pms

pytestmark = pytest.mark.integration


def told(clinic: Practice) -> None:
    """Every webhook has come and every job it made has ended."""
    clinic.heard()
    clinic.work()


@pytest.mark.parametrize(
    "action",
    [
        {"action": "cancel"},
        {"action": "delete"},
        {"action": "reschedule", "minutes": 35},
        {"action": "arrive"},
        {"action": "rename", "last": "Quillfeather"},
        {"action": "phone", "phone": "0491 570 006"},
    ],
    ids=lambda action: action["action"],
)
def test_what_staff_do_reaches_the_sheet_without_a_poll(
    clinic: Practice, action: dict[str, Any]
) -> None:
    before = clinic.rows()

    clinic.change(clinic.somebody(), **action)
    told(clinic)

    assert clinic.rows() != before
    assert_equals_the_pms(clinic)
    assert {one["state"] for one in clinic.deliveries()} == {"done"}
    assert clinic.runs() == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_living_practice_is_followed_without_a_poll(clinic: Practice, seed: int) -> None:
    for step in range(4):
        clinic.control("live", changes=6, seed=seed * 10 + step)
        told(clinic)

        assert_equals_the_pms(clinic)
    assert clinic.runs() == 1


def test_a_new_booking_on_a_day_nobody_asked_for_stays_off_the_sheet(clinic: Practice) -> None:
    pms_id = clinic.somebody()
    start = datetime.fromisoformat(clinic.truth()[pms_id]["start_utc"]) + timedelta(days=40)
    clinic.execute("DELETE FROM run_sheet_history; DELETE FROM run_sheet_appointments")

    clinic.change(pms_id, action="reschedule", start_utc=start.isoformat())
    told(clinic)

    assert clinic.rows() == {}
    assert clinic.deliveries()[0]["note"] == "on a day the sheet does not keep"


def test_a_row_that_is_held_is_followed_to_any_day(clinic: Practice) -> None:
    pms_id = clinic.somebody()
    patient = clinic.truth()[pms_id]["patients"][0]["id"]
    start = datetime.fromisoformat(clinic.truth()[pms_id]["start_utc"]) + timedelta(days=40)

    clinic.change(pms_id, action="reschedule", start_utc=start.isoformat())
    told(clinic)

    assert clinic.rows()[pms_id, patient]["start"] == start


def test_who_moves_to_a_clinician_we_do_not_show_leaves_the_sheet(clinic: Practice) -> None:
    pms_id = clinic.somebody()
    clinic.execute("UPDATE pms_clinician_mappings SET sync_enabled = false")

    clinic.notify(pms_id)
    clinic.work()

    assert all(key[0] != pms_id for key in clinic.rows())
    assert clinic.deliveries()[0]["note"] == "taken off"


def test_deleted_is_not_believed_while_the_pms_still_has_it(clinic: Practice) -> None:
    pms_id, before = clinic.somebody(), clinic.rows()

    assert clinic.notify(pms_id, event="deleted") == 202
    clinic.work()

    assert clinic.rows() == before
    assert clinic.deliveries()[0]["note"] == "as it was"


def test_an_appointment_nobody_ever_had_is_settled_and_changes_nothing(clinic: Practice) -> None:
    before = clinic.rows()

    clinic.notify("99999999", event="created")
    clinic.work()

    assert clinic.rows() == before
    assert clinic.deliveries()[0]["note"] == "no longer at the PMS"


def test_a_persons_edit_outlives_what_a_webhook_brings(clinic: Practice) -> None:
    pms_id = clinic.somebody()
    [key] = [key for key in clinic.rows() if key[0] == pms_id]
    clinic.edit(clinic.rows()[key]["id"], "patient_phone", "0491 570 156")

    clinic.change(pms_id, action="cancel")
    told(clinic)

    row = clinic.rows()[key]
    assert (row["status"], row["patient_phone"]) == ("cancelled", "0491 570 156")


def test_what_a_webhook_changed_is_in_the_history_and_the_audit(clinic: Practice) -> None:
    pms_id = clinic.somebody()

    clinic.change(pms_id, action="cancel")
    told(clinic)

    [past] = clinic.select("SELECT what, by, fields FROM run_sheet_history")
    assert (past["what"], past["by"], past["fields"]) == ("synced", "halaxy", ["status"])
    audit = clinic.select("SELECT action, phi_accessed FROM pms_audit_logs ORDER BY id")[-2:]
    assert [one["action"] for one in audit] == ["webhook.received", "webhook.refetched"]
    assert [one["phi_accessed"] for one in audit] == [False, True]
    events = clinic.select("SELECT kind, detail FROM run_sheet_events ORDER BY seq")
    assert (events[-1]["kind"], events[-1]["detail"]["days"]) == (
        "sheet_changed",
        [clinic.day.isoformat()],
    )


def test_a_burst_is_one_job_and_each_appointment_is_read_once(clinic: Practice) -> None:
    pms_ids = sorted({key[0] for key in clinic.rows()})
    asked = len(clinic.requests())
    for second in range(3):
        for pms_id in pms_ids:
            clinic.notify(pms_id, at=clinic.clock + timedelta(seconds=second))

    assert len(clinic.jobs("ready")) == 1
    assert clinic.work() == [JobState.DONE]

    records = [path for path in clinic.requests()[asked:] if path.startswith("/main/Appointment/")]
    assert len(records) == len(pms_ids)
    assert len(clinic.deliveries()) == 3 * len(pms_ids)
    assert {one["state"] for one in clinic.deliveries()} == {"done"}
