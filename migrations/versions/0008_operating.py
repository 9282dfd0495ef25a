"""Operating: whose each vendor request was, and which callers were turned away."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DROP = """
DROP TABLE turned_away;
ALTER TABLE vendor_requests DROP COLUMN connection_id;
"""


def upgrade() -> None:
    carry(SQL / "0008_operating.sql")


def downgrade() -> None:
    """Whose they were is forgotten; that they left is kept."""
    run(DROP)
