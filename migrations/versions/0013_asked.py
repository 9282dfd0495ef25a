"""Asked: each tool call's print of its arguments."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0013_asked.sql")


def downgrade() -> None:
    """A tool call that came before is known by its tool alone."""
    _run("ALTER TABLE tool_calls DROP COLUMN arguments_print")
