"""Rejects: what could not be read is cleared away with its time."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

DROP = """
DROP INDEX ix_pms_rejects_created_at;
REVOKE DELETE ON pms_rejects FROM pms_sync_dispatch;
REVOKE SELECT (id, run_id, created_at) ON pms_rejects FROM pms_sync_dispatch;
DROP POLICY all_ages ON pms_rejects;
"""


def upgrade() -> None:
    carry(SQL / "0016_rejects.sql")


def downgrade() -> None:
    """They are kept for good again."""
    run(DROP)
