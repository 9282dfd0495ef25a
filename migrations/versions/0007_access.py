"""Access: agreements, odd reading noticed, features by account, cached answers."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

DROP = """
ALTER TABLE accounts DROP COLUMN tokens_from;
REVOKE UPDATE (baa_accepted_at, baa_accepted_by) ON accounts FROM pms_sync_app;
DROP TABLE agreements, audit_findings;
"""


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    """Each file of this revision, such as 0007_access.sql, in the order of their names."""
    for part in sorted(SQL.glob("0007_*.sql")):
        if not part.name.endswith(".down.sql"):
            carry(part)


def downgrade() -> None:
    """What other files added goes first, by a `.down.sql` beside each; findings are lost."""
    for part in sorted(SQL.glob("0007_*.down.sql"), reverse=True):
        _run(part.read_text())
    _run(DROP)
