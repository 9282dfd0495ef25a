"""Endpoints: addresses that are told when the sheet changes, and what they were told."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

DROP = """
DROP TABLE webhook_messages;
DROP TABLE webhook_endpoints;
REVOKE SELECT (account_id, changed_in) ON run_sheet_appointments FROM pms_sync_dispatch;
"""


def upgrade() -> None:
    carry(SQL / "0020_endpoints.sql")


def downgrade() -> None:
    """Nobody is told any more."""
    run(DROP)
