"""Whom of an account's own programs we tell of changes, and what they were told."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, text

from adapters.storage.tables.columns import (
    ID,
    INSTANT,
    account_column,
    count_column,
    key_column,
    metadata,
    object_column,
    stamp_column,
    word_column,
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    key_column(),
    account_column(),
    Column("url", Text, nullable=False),
    word_column("state", "active"),
    Column("reason", Text),
    Column("secret_ref", Text, nullable=False),
    Column("told_in", BigInteger, nullable=False),
    Column("waiting_since", INSTANT),
    Column("failing_since", INSTANT),
    Column("created_by", Text, nullable=False),
    stamp_column(),
    Column("removed_at", INSTANT),
    Index("ix_webhook_endpoints_account_id", "account_id", "created_at"),
)

webhook_messages = Table(
    "webhook_messages",
    metadata,
    key_column(),
    account_column(),
    Column("endpoint_id", ID, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("kind", Text, nullable=False),
    object_column("content"),
    word_column("state", "due"),
    count_column("attempts"),
    Column("status", Integer),
    Column("reason", Text),
    stamp_column("next_try_at"),
    stamp_column(),
    Column("delivered_at", INSTANT),
    Index("ix_webhook_messages_account_id", "account_id", "created_at", "id"),
    Index(
        "ix_webhook_messages_due",
        "endpoint_id",
        "created_at",
        postgresql_where=text("state = 'due'"),
    ),
    Index(
        "ix_webhook_messages_delivered",
        "endpoint_id",
        "delivered_at",
        postgresql_where=text("state = 'delivered'"),
    ),
)
