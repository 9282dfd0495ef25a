"""Changes: in which transaction each row of the sheet last changed, for those who follow it."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

DROP = """
DROP TRIGGER noted_change ON run_sheet_appointments;
DROP FUNCTION note_change();
DROP INDEX ix_run_sheet_appointments_changed;
ALTER TABLE run_sheet_appointments DROP COLUMN changed_in;
"""


def upgrade() -> None:
    carry(SQL / "0018_changes.sql")


def downgrade() -> None:
    """Whoever follows begins again."""
    run(DROP)
