"""Operating: whose each vendor request was, and which callers were turned away."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

DROP = """
DROP TABLE turned_away;
ALTER TABLE vendor_requests DROP COLUMN connection_id;
"""


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0008_operating.sql")


def downgrade() -> None:
    """Whose they were is forgotten; that they left is kept."""
    _run(DROP)
