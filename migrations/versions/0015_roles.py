"""Roles: whoever migrates may act as those the migrations made."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    _run((SQL / "0015_roles.sql").read_text())


def downgrade() -> None:
    """What was granted stays: other databases of the same cluster may use it."""
