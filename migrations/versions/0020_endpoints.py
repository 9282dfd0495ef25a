"""Endpoints: addresses that are told when the sheet changes, and what they were told."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

DROP = """
DROP TABLE webhook_messages;
DROP TABLE webhook_endpoints;
REVOKE SELECT (account_id, changed_in) ON run_sheet_appointments FROM pms_sync_dispatch;
"""


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0020_endpoints.sql")


def downgrade() -> None:
    """Nobody is told any more."""
    _run(DROP)
