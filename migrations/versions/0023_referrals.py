"""Referrals: the PMS's id of the one that an appointment is made on."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0023_referrals.sql")


def downgrade() -> None:
    """The PMS has it; the next reading that differs brings it back."""
    run("ALTER TABLE run_sheet_appointments DROP COLUMN pms_referral_id")
