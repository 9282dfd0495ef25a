"""Endpoints: addresses that are told when the sheet changes, and what they were told."""

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"
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
    _run((SQL / "0018_endpoints.sql").read_text())


def downgrade() -> None:
    """Nobody is told any more."""
    _run(DROP)
