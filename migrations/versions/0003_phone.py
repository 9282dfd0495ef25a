"""The phone: tool calls, writes and their holds, authorisations of Sikka, texts."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DROP = """
DROP TABLE pms_authorisations, authorisation_states, text_opt_outs, text_messages, slot_holds,
  pms_writes, phone_calls, tool_calls;
DROP INDEX ix_deliveries_call_id;
ALTER TABLE deliveries DROP COLUMN call_id, DROP COLUMN answered_at;
ALTER TABLE pms_connections DROP COLUMN booking_rules;
"""


def upgrade() -> None:
    carry(SQL / "0003_phone.sql")


def downgrade() -> None:
    """What was written for callers is forgotten; the PMS keeps it."""
    run(DROP)
