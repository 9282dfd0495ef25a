"""Workers: how far the clocks of their machines are off."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0028_clocks.sql")


def downgrade() -> None:
    run("ALTER TABLE workers DROP COLUMN clock_behind")
