"""Rhythm: practices that are quiet are read less often."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0017_rhythm.sql")


def downgrade() -> None:
    """Every practice is read at its interval again."""
    run(
        """
        ALTER TABLE pms_sync_log DROP COLUMN rests_until;
        ALTER TABLE pms_connections
          DROP COLUMN adaptive, DROP COLUMN quiet_minutes, DROP COLUMN unchanged_runs,
          DROP COLUMN rests_until, DROP COLUMN booked_on, DROP COLUMN booked_from,
          DROP COLUMN booked_until, DROP COLUMN shown_hours, DROP COLUMN shown_on
        """
    )
