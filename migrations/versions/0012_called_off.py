"""Called off: a booking whose appointment was cancelled is no longer the one of its call."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Two bookings of a call cannot both be its one booking again.
DROP = """
ALTER TABLE pms_writes NO FORCE ROW LEVEL SECURITY;
UPDATE pms_writes SET call_id = NULL WHERE called_off_at IS NOT NULL;
ALTER TABLE pms_writes FORCE ROW LEVEL SECURITY;
DROP INDEX uq_pms_writes_one_booking;
CREATE UNIQUE INDEX uq_pms_writes_one_booking ON pms_writes (account_id, call_id)
  WHERE kind = 'book' AND call_id IS NOT NULL AND state NOT IN ('failed', 'withdrawn');
ALTER TABLE pms_writes DROP COLUMN called_off_at;
"""


def upgrade() -> None:
    carry(SQL / "0012_called_off.sql")


def downgrade() -> None:
    """A booking that was cancelled forgets its call."""
    run(DROP)
