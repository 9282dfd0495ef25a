"""The phone: tool calls, writes and their holds, authorisations of Sikka, texts."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

DROP = """
DROP TABLE pms_authorisations, authorisation_states, text_opt_outs, text_messages, slot_holds,
  pms_writes, phone_calls, tool_calls;
DROP INDEX ix_deliveries_call_id;
ALTER TABLE deliveries DROP COLUMN call_id, DROP COLUMN answered_at;
ALTER TABLE pms_connections DROP COLUMN booking_rules;
"""


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0003_phone.sql")


def downgrade() -> None:
    """What was written for callers is forgotten; the PMS keeps it."""
    _run(DROP)
