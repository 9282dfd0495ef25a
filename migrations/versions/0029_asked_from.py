"""Asked from: whence and with what a practice was asked over the API, for the audit."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0029_asked_from.sql")


def downgrade() -> None:
    """Audit rows that were written keep theirs."""
    run("ALTER TABLE tool_calls DROP COLUMN asked_from, DROP COLUMN asked_with")
