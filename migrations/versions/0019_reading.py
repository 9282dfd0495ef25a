"""Reading: how many rows of patients each person has read, by hour and day."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0019_reading.sql")


def downgrade() -> None:
    """Counting begins anew."""
    run("DROP TABLE sheet_days_read; DROP TABLE patient_reading")
