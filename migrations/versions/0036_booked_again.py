"""Booked again: what was typed for a patient is found, whichever day its visit stood on."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0036_booked_again.sql")


def downgrade() -> None:
    run("DROP INDEX ix_run_sheet_appointments_typed")
