"""Monitoring: what may be counted across accounts, and each account's weekly summary."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DROP = """
DROP TABLE sync_summaries;
REVOKE SELECT (pms_connection_id, run_sheet_clinician_id, push_state, linked_to, removed_at,
               updated_at)
  ON run_sheet_appointments FROM pms_sync_dispatch;
REVOKE SELECT (pms_connection_id, run_sheet_clinician_id)
  ON pms_clinician_mappings FROM pms_sync_dispatch;
DROP POLICY counted ON pms_clinician_mappings;
REVOKE SELECT (endpoint, user_id, phi_accessed) ON pms_audit_logs FROM pms_sync_dispatch;
REVOKE SELECT (id, account_id, connection_id, kind, state, call_id, entry_id, created_at,
               submitted_at, settled_at)
  ON pms_writes FROM pms_sync_dispatch;
DROP POLICY counted ON run_sheet_appointments;
DROP POLICY counted ON pms_writes;
"""


def upgrade() -> None:
    carry(SQL / "0010_monitoring.sql")


def downgrade() -> None:
    """The summaries go; they can be made again from the log of runs."""
    run(DROP)
