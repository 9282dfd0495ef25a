"""Overlaps: refused, marked or let be, by account and by column of the sheet."""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    _run((SQL / "0016_overlaps.sql").read_text())


def downgrade() -> None:
    """Overlaps are marked everywhere, as by default."""
    _run(
        "ALTER TABLE accounts DROP COLUMN overlap_policy;"
        "ALTER TABLE run_sheet_clinicians DROP COLUMN overlap_policy"
    )
