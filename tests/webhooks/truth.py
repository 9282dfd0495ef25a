"""Whether the sheet shows what the practice's own book says."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.webhooks.practice import ZONE, Practice

FIELDS = (
    "start",
    "status",
    "pms_practitioner_id",
    "patient_name",
    "patient_phone",
    "patient_date_of_birth",
)


def expected(clinic: Practice) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of the practice's day: one for each patient, one for a block."""
    rows = {}
    for one in clinic.book():
        start = datetime.fromisoformat(one["start_utc"])
        if start.astimezone(ZoneInfo(ZONE)).date() == clinic.day:
            for patient in one["patients"] or [None]:
                rows[one["id"], patient["id"] if patient else ""] = {
                    "start": start,
                    "status": "booked" if one["meaning"] == "unknown" else one["meaning"],
                    "pms_practitioner_id": one["practitioner_id"],
                    "patient_name": patient and patient["full"],
                    "patient_phone": patient and patient["phone"],
                    "patient_date_of_birth": patient and patient["date_of_birth"],
                }
    return rows


def shown(clinic: Practice) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        key: {name: row[name] for name in FIELDS}
        for key, row in clinic.rows().items()
        if row["start"].astimezone(ZoneInfo(ZONE)).date() == clinic.day
    }


def assert_equals_the_pms(clinic: Practice) -> None:
    wanted, held = expected(clinic), shown(clinic)
    assert wanted.keys() ^ held.keys() == set()
    assert {key: row for key, row in held.items() if row != wanted[key]} == {}
