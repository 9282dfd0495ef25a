"""Origins: each row's print of the record as it was sent."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0011_origins.sql")


def downgrade() -> None:
    """Every record is read again once."""
    _run("ALTER TABLE run_sheet_appointments DROP COLUMN pms_origin")
