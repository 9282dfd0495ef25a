"""Letting in again: bearer tokens of before a person was shut out stay refused."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0024_let_in.sql")


def downgrade() -> None:
    run("ALTER TABLE users DROP COLUMN tokens_from")
