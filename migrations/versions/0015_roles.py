"""Roles: whoever migrates may act as those the migrations made."""

from migrations.guards import SQL
from migrations.indexes import carry

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0015_roles.sql")


def downgrade() -> None:
    """What was granted stays: other databases of the same cluster may use it."""
