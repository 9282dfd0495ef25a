"""Restored: when a backup was, so that what may have left before is looked for first."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0032_restored.sql")


def downgrade() -> None:
    run("ALTER TABLE accounts DROP COLUMN restored_at")
