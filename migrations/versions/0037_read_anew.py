"""Read anew: since when what was read of a practice's days before says nothing of them."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0037_read_anew.sql")


def downgrade() -> None:
    """Days read by another clock count again until they are read the next time."""
    run("ALTER TABLE pms_connections DROP COLUMN read_anew_since")
