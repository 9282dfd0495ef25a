"""Recordings: what a PMS answered in one run, to be played again."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, LargeBinary, Table, text

from adapters.storage.tables.columns import (
    ID,
    INSTANT,
    account_column,
    connection_column,
    metadata,
    switch_column,
)

recordings = Table(
    "recordings",
    metadata,
    Column("run_id", ID, ForeignKey("pms_sync_log.id"), primary_key=True),
    account_column(),
    connection_column(),
    Column("job_id", BigInteger, nullable=False, unique=True),
    Column("begun_at", INSTANT, nullable=False),
    Column("bytes", BigInteger, nullable=False, server_default=text("0")),
    switch_column("is_full", on=False),
    Index("ix_recordings_pms_connection_id", "pms_connection_id"),
    Index("ix_recordings_begun_at", "begun_at"),
)

recorded_parts = Table(
    "recorded_parts",
    metadata,
    Column("id", ID, primary_key=True),
    account_column(),
    Column("run_id", ID, ForeignKey("recordings.run_id", ondelete="CASCADE"), nullable=False),
    Column("number", BigInteger, Identity(), nullable=False),
    Column("part", LargeBinary, nullable=False),
    Index("ix_recorded_parts_run_id", "run_id", "number"),
)
