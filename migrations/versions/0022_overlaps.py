"""Overlaps: refused, marked or let be, by account and by column of the sheet."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0022_overlaps.sql")


def downgrade() -> None:
    """Overlaps are marked everywhere, as by default."""
    run(
        "ALTER TABLE accounts DROP COLUMN overlap_policy;"
        "ALTER TABLE run_sheet_clinicians DROP COLUMN overlap_policy"
    )
