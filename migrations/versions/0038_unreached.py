"""Unreached: callers who were to be put through to somebody, and reached nobody."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0038_unreached.sql")


def downgrade() -> None:
    """Who still waits for a call is no longer listed."""
    run("ALTER TABLE phone_calls DROP COLUMN call_back, DROP COLUMN called_back_at")
