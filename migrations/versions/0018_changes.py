"""Changes: in which transaction each row of the sheet last changed, for those who follow it."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

DROP = """
DROP TRIGGER noted_change ON run_sheet_appointments;
DROP FUNCTION note_change();
DROP INDEX ix_run_sheet_appointments_changed;
ALTER TABLE run_sheet_appointments DROP COLUMN changed_in;
"""


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0018_changes.sql")


def downgrade() -> None:
    """Whoever follows begins again."""
    _run(DROP)
