"""Asked: each tool call's print of its arguments."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0013_asked.sql")


def downgrade() -> None:
    """A tool call that came before is known by its tool alone."""
    run("ALTER TABLE tool_calls DROP COLUMN arguments_print")
