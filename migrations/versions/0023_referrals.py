"""Referrals: the PMS's id of the one that an appointment is made on."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0023_referrals.sql")


def downgrade() -> None:
    """The PMS has it; the next reading that differs brings it back."""
    _run("ALTER TABLE run_sheet_appointments DROP COLUMN pms_referral_id")
