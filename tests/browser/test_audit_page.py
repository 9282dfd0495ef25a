"""The audit as an owner uses it, in a real browser: a finding, a patient, an agreement."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from adapters.storage.tables import audit_findings, pms_audit_logs
from tests.browser.driving import drive
from tests.producers.conftest import Site
from tests.producers.seeding import NOW

pytestmark = [pytest.mark.browser, pytest.mark.integration]

DEEDS = (
    ("run_sheet.read", "/api/run-sheet", True, "2026-11-23 to 2026-11-23: 21 rows"),
    ("run_sheet.history_read", "/sheet/entries/{entry_id}/history", True, "3 steps"),
    ("run_sheet.edited", "/api/run-sheet/appointments/{entry_id}", True, "status"),
    ("queue.paused", "/api/queues/{queue}/pause", False, "sync: the line to Gentu is cut"),
    ("connection.resumed", "/api/pms/connections/{connection_id}/resume", False, None),
)
PEOPLE = ("Ada Invented", "Bo Fictional", "cli:operator", "voice")


@pytest.fixture
def watched(site: Site) -> Site:
    """A week of accesses, and two things somebody should look at."""
    with site.everything() as db:
        for number in range(96):
            action, endpoint, is_phi, summary = DEEDS[number % len(DEEDS)]
            refused = number % 17 == 3
            row = {
                "account_id": "default",
                "user_id": PEOPLE[number % len(PEOPLE)],
                "action": "access.denied" if refused else action,
                "endpoint": endpoint,
                "method": "GET" if is_phi else "POST",
                "ip_address": "192.0.2.17" if number % 5 else "2001:db8:85a3::8a2e:370:7334",
                "request_summary": summary,
                "response_status": 403 if refused else 200,
                "success": not refused,
                "phi_accessed": is_phi and not refused,
                "phi_fields": ["patient_name", "patient_phone"] if is_phi else [],
                "patient_id": ("p-77" if number % 10 == 1 else f"p-{number}") if is_phi else None,
                "trace_id": f"{number:032x}",
                "created_at": NOW - timedelta(hours=1.7 * number, minutes=number % 7),
            }
            db.execute(insert(pms_audit_logs), row)
        for rule, person, counted, threshold in (
            ("many_patients", "Ada Invented", 74, 60),
            ("unusual_hours", "Bo Fictional", 12, 1),
        ):
            db.execute(
                insert(audit_findings),
                {
                    "account_id": "default",
                    "rule": rule,
                    "person": person,
                    "since": NOW - timedelta(hours=2),
                    "until": NOW - timedelta(hours=1),
                    "counted": counted,
                    "threshold": threshold,
                },
            )
    return site


def test_an_owner_settles_a_finding_and_sees_who_saw_a_patient(
    watched: Site, browser_parts: Path, tmp_path: Path
) -> None:
    found = drive("auditing", base=watched.ports.base_url, token=watched.link(), shots=tmp_path)

    assert found["title"] == "Audit"
    assert found["count"] == "2"
    assert "flagged from" in found["finding"]
    assert "Letters to everybody on the list." in found["settled"]
    assert (found["left"], found["focused"]) == ("1", True)
    assert "Ann Example" in found["agreement"]
    assert found["typed"] == ["Still to be asked.", "half a", ""]
    assert found["rows"] == 11
    assert found["printed"] == 0, "on A4 no column is cut off"
    assert found["file"] == "accesses-of-a-patient.csv"
    assert (found["width-light"], found["width-dark"]) == (390, 390)
    assert found["trouble"] == []
