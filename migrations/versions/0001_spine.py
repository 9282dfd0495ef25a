"""The spine: accounts, connections, the run sheet, the ledger, and who may see what."""

from migrations.guards import SQL
from migrations.steps import run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DROP = """
DROP VIEW pms_integrations;
DROP TABLE pms_cached_data, pms_audit_logs, vendor_requests, schedules, workers, jobs,
  run_sheet_events, run_sheet_history, run_sheet_conflicts, run_sheet_appointments,
  pms_removal_candidates, pms_drift, pms_rejects, pms_sync_log, pms_appointment_types,
  pms_clinician_mappings, run_sheet_clinicians, run_sheets, pms_connections, sessions,
  login_links, users, accounts;
DROP FUNCTION refuse_change;
REVOKE USAGE ON SCHEMA public FROM pms_sync_app, pms_sync_dispatch;
"""


def upgrade() -> None:
    run((SQL / "0001_tables.sql").read_text())
    run((SQL / "0001_access.sql").read_text())


def downgrade() -> None:
    """Roles stay: other databases of the same cluster may use them."""
    run(DROP)
