"""Audit: rows chained account by account, heads kept outside, what was archived."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DROP = """
DROP TRIGGER append_only ON pms_audit_logs;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON pms_audit_logs
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP POLICY past_keeping ON pms_audit_logs;
DROP POLICY all_ids ON pms_audit_logs;
REVOKE ALL ON pms_audit_logs FROM pms_sync_archive;
REVOKE SELECT (id, account_id, created_at) ON pms_audit_logs FROM pms_sync_dispatch;
REVOKE USAGE ON SCHEMA public FROM pms_sync_archive;
DROP INDEX ix_pms_audit_logs_account_trace;
DROP INDEX ix_pms_audit_logs_account_patient;
DROP TABLE audit_cuts, audit_heads, audit_chain;
DROP FUNCTION keep_audit;
"""


def upgrade() -> None:
    carry(SQL / "0006_audit.sql")


def downgrade() -> None:
    """The rows stay, their chain goes; the anchor keeps what it was told."""
    run(DROP)
