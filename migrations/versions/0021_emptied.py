"""Emptied: what the stored rows of a connection no longer hold."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0021_emptied.sql")


def downgrade() -> None:
    """What was emptied stays so; the rows are gone through once more."""
    run("ALTER TABLE pms_connections DROP COLUMN emptied")
