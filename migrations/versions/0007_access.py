"""Access: agreements, odd reading noticed, features by account, cached answers."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

DROP = """
ALTER TABLE accounts DROP COLUMN tokens_from;
REVOKE UPDATE (baa_accepted_at, baa_accepted_by) ON accounts FROM pms_sync_app;
DROP TABLE agreements, audit_findings;
"""


def upgrade() -> None:
    """Each file of this revision, such as 0007_access.sql, in the order of their names."""
    for part in sorted(SQL.glob("0007_*.sql")):
        if not part.name.endswith(".down.sql"):
            carry(part)


def downgrade() -> None:
    """What other files added goes first, by a `.down.sql` beside each; findings are lost."""
    for part in sorted(SQL.glob("0007_*.down.sql"), reverse=True):
        run(part.read_text())
    run(DROP)
