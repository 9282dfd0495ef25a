"""The page on what is kept where names every table that holds anything of patients."""

import re
from pathlib import Path

from adapters.storage.tables import metadata
from adapters.storage.upkeep.sealed import SEALED

PAGE = Path(__file__).parents[2] / "docs" / "hipaa-checklist.md"
OF_NOBODY = {
    *("accounts", "agreements", "users", "login_links", "sessions", "webhook_endpoints"),
    *("audit_chain", "audit_cuts", "audit_findings", "audit_heads"),
    *("authorisation_states", "pms_authorisations", "paused_queues", "turned_away"),
    *("pms_connections", "pms_connection_checks", "pms_drift", "pms_backfills"),
    *("pms_appointment_types", "pms_clinician_mappings", "run_sheet_clinicians", "run_sheets"),
    *("patient_reading", "sheet_days_read", "sync_summaries"),
    *("schedules", "vendor_requests", "workers"),
}
"""What tells of practices, of people who work there, and of ourselves."""


def named() -> set[str]:
    section = PAGE.read_text().partition("## What is kept where")[2].partition("\n## ")[0]
    return set(re.findall(r"`(\w+)`", section)) & set(metadata.tables)


def test_every_table_with_something_sealed_is_on_the_page() -> None:
    assert {one.name for one in SEALED} <= named()


def test_every_table_is_on_the_page_or_holds_nothing_of_patients() -> None:
    assert named() & OF_NOBODY == set()
    assert named() | OF_NOBODY == set(metadata.tables)
