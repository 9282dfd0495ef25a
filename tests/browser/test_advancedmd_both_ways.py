"""AdvancedMD both ways in a real browser, against processes and a vendor that really run."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.browser.both_ways import ZONE, BothWays, both_ways
from tests.browser.driving import drive

pytestmark = [pytest.mark.browser, pytest.mark.integration]

_TODAY = """
    SELECT entry.id, pms_appointment_id AS there FROM run_sheet_appointments AS entry
    WHERE appointment_status = 'booked' AND pms_patient_id <> '' AND removed_at IS NULL
    ORDER BY appointment_time, entry.id
"""

_FREE = """
    SELECT name FROM run_sheet_clinicians AS clinician
    WHERE NOT EXISTS (SELECT FROM run_sheet_appointments
                      WHERE run_sheet_clinician_id = clinician.id)
"""


@pytest.fixture
def practice(browser_parts: Path, database_url: str, redis_url: str) -> Iterator[BothWays]:
    with both_ways(database_url, redis_url) as made:
        yield made


def _patient(practice: BothWays, visit: str) -> dict[str, Any]:
    """Who a visit is for, as the practice knows them."""
    rows = practice.control("GET", "truth")["appointments"]
    found: dict[str, Any] = next(one for one in rows if one["id"] == visit)["patients"][0]
    return found


def test_a_status_goes_there_and_one_set_there_comes_here_live(
    practice: BothWays, tmp_path: Path
) -> None:
    ours, theirs, later = practice.read(_TODAY)[:3]
    free = practice.read(_FREE)[0]["name"]
    patient = _patient(practice, theirs["there"])

    found = drive(
        "both_ways",
        base=practice.base,
        token=practice.link(),
        shots=tmp_path,
        vendor=practice.vendor,
        ours=str(ours["id"]),
        oursThere=ours["there"],
        theirs=str(theirs["id"]),
        theirsThere=theirs["there"],
        later=str(later["id"]),
        laterThere=later["there"],
        connection=str(practice.connection),
        free=free,
        patient=patient["full"],
        patientThere=patient["id"],
    )

    assert found["there"] == 1
    assert found["history"] == "Status set, taken"
    assert found["deepLink"] == f"https://app.example.org/visits/{ours['there']}"
    assert found["said"] == "1 appointment updated."
    assert found["shown"] == "In progress"
    assert "Status set" in " ".join(found["lines"])
    assert found["warned"] == "Not in AdvancedMD"
    assert found["asked"].startswith("Link the patient first.")
    assert found["linked"] == patient["id"]
    assert found["past"][-1] == "Linked"
    assert found["visitThere"]["patients"][0]["id"] == patient["id"]
    start = datetime.fromisoformat(found["visitThere"]["start_utc"]).astimezone(ZoneInfo(ZONE))
    assert (start.hour, start.minute) == (10, 0)
    assert found["cards"] >= 1
    assert (found["range"], found["laterThere"]) == ("1 sent.", 12)
    assert "No patient there has that name" in found["stranger"]
    assert found["looked"] == "1 patient was looked up."
    assert found["trouble"] == []
    assert practice.control("GET", "invoice")["cents"] == 0
