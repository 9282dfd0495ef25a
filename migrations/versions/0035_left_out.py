"""Left out: which rows leave the sheet by the practice's own choice and not the PMS's."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0035_left_out.sql")


def downgrade() -> None:
    """A run under way forgets why its rows leave."""
    run("ALTER TABLE pms_removal_candidates DROP COLUMN is_left_out")
