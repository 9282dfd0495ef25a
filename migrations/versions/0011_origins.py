"""Origins: each row's print of the record as it was sent."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0011_origins.sql")


def downgrade() -> None:
    """Every record is read again once."""
    run("ALTER TABLE run_sheet_appointments DROP COLUMN pms_origin")
