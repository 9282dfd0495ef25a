"""The ledger of jobs, who carries them, and what was asked of the vendors."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)

from adapters.storage.tables.columns import (
    ID,
    INSTANT,
    connection_column,
    count_column,
    metadata,
    object_column,
    stamp_column,
    switch_column,
    texts_column,
    word_column,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id")),
    connection_column("connection_id", nullable=True),
    Column("kind", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("vendor", Text),
    object_column("args"),
    Column("dedupe_key", Text),
    Column("exclusive_key", Text),
    word_column("state", "ready"),
    Column("priority", SmallInteger, nullable=False, server_default=text("0")),
    stamp_column("due_at"),
    Column("announced_at", INSTANT),
    count_column("attempts"),
    count_column("crashes"),
    count_column("failures"),
    Column("lease_until", INSTANT),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    Column("worker", Text),
    Column("max_seconds", Integer, nullable=False, server_default=text("3600")),
    object_column("checkpoint"),
    object_column("result"),
    Column("waiting_for", Text),
    Column("error_kind", Text),
    Column("error_text", Text),
    Column("trace_id", Text, nullable=False),
    stamp_column(),
    Column("started_at", INSTANT),
    Column("finished_at", INSTANT),
    Index(
        "uq_jobs_dedupe_key",
        "dedupe_key",
        unique=True,
        postgresql_where=text("state = 'ready' AND dedupe_key IS NOT NULL"),
    ),
    Index(
        "uq_jobs_exclusive_key",
        "exclusive_key",
        unique=True,
        postgresql_where=text("state = 'running' AND exclusive_key IS NOT NULL"),
    ),
    Index("ix_jobs_ready", "queue", "due_at", postgresql_where=text("state = 'ready'")),
    Index("ix_jobs_running", "lease_until", postgresql_where=text("state = 'running'")),
    Index("ix_jobs_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    Index("ix_jobs_connection_id", "connection_id", "id"),
    Index(
        "ix_jobs_begun",
        "exclusive_key",
        postgresql_where=text("state = 'ready' AND attempts > 0"),
    ),
    Index("ix_jobs_account_id", "account_id", "created_at", "id"),
    Index("ix_jobs_dead", "account_id", "finished_at", postgresql_where=text("state = 'dead'")),
    Index("ix_jobs_trace_id", "trace_id"),
    Index(
        "ix_jobs_push_range",
        text("(args ->> 'range_id')"),
        postgresql_where=text("kind = 'push_entry'"),
    ),
)

paused_queues = Table(
    "paused_queues",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("queue", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("paused_by", Text, nullable=False),
    stamp_column("paused_at"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("pool", Text, nullable=False),
    texts_column("queues"),
    Column("threads", Integer, nullable=False),
    stamp_column("started_at"),
    stamp_column("seen_at"),
    Column("clock_behind", Double, nullable=False, server_default="0"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("name", Text, primary_key=True),
    Column("every_seconds", Integer, nullable=False),
    switch_column("enabled", on=True),
    stamp_column("next_at"),
    Column("last_at", INSTANT),
)

vendor_requests = Table(
    "vendor_requests",
    metadata,
    Column("bucket", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    # Written no more; builds that still do may run beside this one.
    Column("weight", Integer, nullable=False, server_default=text("1")),
    Column("connection_id", ID),
    Index("ix_vendor_requests_bucket_at", "bucket", "at"),
)
