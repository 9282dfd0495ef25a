"""Rhythm: practices that are quiet are read less often."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0017_rhythm.sql")


def downgrade() -> None:
    """Every practice is read at its interval again."""
    _run(
        """
        ALTER TABLE pms_sync_log DROP COLUMN rests_until;
        ALTER TABLE pms_connections
          DROP COLUMN adaptive, DROP COLUMN quiet_minutes, DROP COLUMN unchanged_runs,
          DROP COLUMN rests_until, DROP COLUMN booked_on, DROP COLUMN booked_from,
          DROP COLUMN booked_until, DROP COLUMN shown_hours, DROP COLUMN shown_on
        """
    )
