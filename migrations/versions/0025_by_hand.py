"""Pauses: who was synced only when somebody asked is so again afterwards."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0025_by_hand.sql")


def downgrade() -> None:
    run("ALTER TABLE pms_connections DROP COLUMN by_hand")
