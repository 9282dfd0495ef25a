"""Overlaps: refused, marked or let be, by account and by column of the sheet."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0022_overlaps.sql")


def downgrade() -> None:
    """Overlaps are marked everywhere, as by default."""
    _run(
        "ALTER TABLE accounts DROP COLUMN overlap_policy;"
        "ALTER TABLE run_sheet_clinicians DROP COLUMN overlap_policy"
    )
