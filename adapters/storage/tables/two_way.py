"""Both ways: which patients of a PMS the people on our sheet are."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text, UniqueConstraint

from adapters.storage.tables.columns import (
    INSTANT,
    account_column,
    connection_column,
    key_column,
    metadata,
    stamp_column,
    word_column,
)

patient_links = Table(
    "patient_links",
    metadata,
    key_column(),
    account_column(),
    connection_column("connection_id"),
    Column("person_hash", LargeBinary, nullable=False),
    Column("person", LargeBinary, nullable=False),
    Column("pms_patient_id", Text),
    word_column("state", "pending"),
    Column("reason", Text),
    Column("candidates", LargeBinary),
    Column("linked_by", Text),
    Column("synced_at", INSTANT),
    stamp_column(),
    stamp_column("updated_at"),
    UniqueConstraint("connection_id", "person_hash"),
    Index("ix_patient_links_account_id", "account_id"),
)
