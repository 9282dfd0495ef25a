"""Call backs: who was promised a call on what somebody else's call had asked for."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0033_call_backs.sql")


def downgrade() -> None:
    """Whoever was promised a call is no longer listed."""
    run("ALTER TABLE tool_calls DROP COLUMN call_back")
