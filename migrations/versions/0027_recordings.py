"""Recordings: what a PMS answered in one run, kept for some days to be played again."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

DROP = """
DROP TABLE recorded_parts;
DROP TABLE recordings;
"""


def upgrade() -> None:
    carry(SQL / "0027_recordings.sql")


def downgrade() -> None:
    """None can be played any more."""
    run(DROP)
