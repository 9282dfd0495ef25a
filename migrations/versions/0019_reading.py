"""Reading: how many rows of patients each person has read, by hour and day."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0019_reading.sql")


def downgrade() -> None:
    """Counting begins anew."""
    _run("DROP TABLE sheet_days_read; DROP TABLE patient_reading")
