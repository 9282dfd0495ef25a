"""Writes: how the practice's book shows what it has taken on, where not as it was asked for."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0026_shown.sql")


def downgrade() -> None:
    run("ALTER TABLE pms_writes DROP COLUMN shown, DROP COLUMN shown_start_at")
