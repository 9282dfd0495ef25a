"""Shape: a preview knows what it was made with, so that it is out of date once that is changed."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0031_shape.sql")


def downgrade() -> None:
    """Previews are again as good as their days were read since."""
    run("ALTER TABLE pms_sync_log DROP COLUMN shape")
