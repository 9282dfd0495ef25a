"""For whom: the patient a write is for, so that a booking is known to have been made otherwise."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0034_for_whom.sql")


def downgrade() -> None:
    """Whose booking was made otherwise is listed as if it had not been."""
    run("ALTER TABLE pms_writes DROP COLUMN pms_patient_id")
