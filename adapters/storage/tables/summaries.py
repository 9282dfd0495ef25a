"""Each account's weeks, as they were told."""

from sqlalchemy import Column, Date, ForeignKey, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from adapters.storage.tables.columns import metadata, stamp_column

sync_summaries = Table(
    "sync_summaries",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("week", Date, primary_key=True),
    Column("told", JSONB, nullable=False),
    stamp_column("made_at"),
)
