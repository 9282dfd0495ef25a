"""Rejects: what could not be read is cleared away with its time."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

DROP = """
DROP INDEX ix_pms_rejects_created_at;
REVOKE DELETE ON pms_rejects FROM pms_sync_dispatch;
REVOKE SELECT (id, run_id, created_at) ON pms_rejects FROM pms_sync_dispatch;
DROP POLICY all_ages ON pms_rejects;
"""


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0016_rejects.sql")


def downgrade() -> None:
    """They are kept for good again."""
    _run(DROP)
