"""Scale: what is asked all the time of tables that are kept for good reads little of them."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

DROP = """
DROP INDEX ix_deliveries_sender;
DROP INDEX ix_run_sheet_appointments_unlinked_start;
DROP INDEX ix_webhook_messages_delivered;
DROP INDEX ix_pms_writes_untold;
DROP INDEX ix_run_sheet_conflicts_settled;
DROP INDEX ix_pms_sync_log_diff;
DROP INDEX ix_pms_sync_log_whole;
CREATE INDEX ix_pms_sync_log_days ON pms_sync_log USING gist (daterange(day_from, day_to, '[]'));
"""


def upgrade() -> None:
    carry(SQL / "0030_scale.sql")


def downgrade() -> None:
    """The index that nothing can use is there again, for the migrations before to take away."""
    run(DROP)
