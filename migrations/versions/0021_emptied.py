"""Emptied: what the stored rows of a connection no longer hold."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0021_emptied.sql")


def downgrade() -> None:
    """What was emptied stays so; the rows are gone through once more."""
    _run("ALTER TABLE pms_connections DROP COLUMN emptied")
