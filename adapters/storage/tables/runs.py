"""Runs: what each pass over a practice did, and what it could not read."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from adapters.storage.tables.columns import (
    ID,
    INSTANT,
    account_column,
    connection_column,
    count_column,
    key_column,
    metadata,
    stamp_column,
    switch_column,
    word_column,
)

COUNTERS = (
    "fetched",
    "created",
    "updated",
    "unchanged",
    "skipped",
    "cancelled",
    "removed",
    "rejected",
    "conflicts",
    "requests",
)

pms_sync_log = Table(
    "pms_sync_log",
    metadata,
    key_column(),
    account_column(),
    connection_column(),
    Column("job_id", BigInteger, nullable=False, unique=True),
    Column("sync_type", Text, nullable=False),
    Column("day_from", Date, nullable=False),
    Column("day_to", Date, nullable=False),
    word_column("status", "running"),
    switch_column("dry_run", on=False),
    stamp_column("started_at"),
    Column("completed_at", INSTANT),
    *(count_column(name) for name in COUNTERS),
    count_column("queries_done"),
    count_column("queries_total"),
    Column("error_message", Text),
    Column("error_details", JSONB),
    Column("diff", LargeBinary),
    Column("trace_id", Text, nullable=False),
    stamp_column(),
    Column("backfill_id", ID),
    Column("approved_at", INSTANT),
    Column("approved_by", Text),
    Column("approved_job_id", BigInteger),
    Column("undone_at", INSTANT),
    Column("undone_by", Text),
    Column("rests_until", INSTANT),
    Column("shape", Text),
    Index(
        "ix_pms_sync_log_connection_started",
        "pms_connection_id",
        text("started_at DESC"),
    ),
    Index("ix_pms_sync_log_running", "job_id", postgresql_where=text("status = 'running'")),
    Index(
        "ix_pms_sync_log_account_started",
        "account_id",
        text("started_at DESC"),
        text("id DESC"),
    ),
    Index(
        "ix_pms_sync_log_backfill_id",
        "backfill_id",
        postgresql_where=text("backfill_id IS NOT NULL"),
    ),
    Index(
        "ix_pms_sync_log_whole",
        "account_id",
        "day_to",
        "day_from",
        "pms_connection_id",
        "completed_at",
        postgresql_where=text("status = 'success' AND NOT dry_run AND sync_type <> 'incremental'"),
    ),
    Index("ix_pms_sync_log_diff", "completed_at", postgresql_where=text("diff IS NOT NULL")),
)

pms_rejects = Table(
    "pms_rejects",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    account_column(),
    Column("run_id", ID, ForeignKey("pms_sync_log.id"), nullable=False),
    Column("query_key", Text, nullable=False),
    Column("pms_id", Text),
    Column("path", Text, nullable=False),
    Column("reason", Text, nullable=False),
    stamp_column(),
    Index("ix_pms_rejects_run_id", "run_id"),
    Index("ix_pms_rejects_created_at", "created_at"),
)

pms_removal_candidates = Table(
    "pms_removal_candidates",
    metadata,
    account_column(),
    Column("run_id", ID, ForeignKey("pms_sync_log.id"), primary_key=True),
    Column("appointment_id", ID, primary_key=True),
    switch_column("is_listed", on=False),
    switch_column("is_left_out", on=False),
)

pms_backfills = Table(
    "pms_backfills",
    metadata,
    key_column(),
    account_column(),
    connection_column(),
    Column("day_from", Date, nullable=False),
    Column("day_to", Date, nullable=False),
    Column("chunk_days", Integer, nullable=False),
    Column("done_to", Date),
    word_column("state", "running"),
    Column("reason", Text),
    *(
        count_column(name)
        for name in ("requests", "fetched", "created", "updated", "removed", "rejected")
    ),
    Column("asked_by", Text, nullable=False),
    stamp_column("asked_at"),
    Column("started_at", INSTANT),
    Column("ended_at", INSTANT),
    Index(
        "uq_pms_backfills_unfinished",
        "pms_connection_id",
        unique=True,
        postgresql_where=text("state IN ('running', 'paused')"),
    ),
)
