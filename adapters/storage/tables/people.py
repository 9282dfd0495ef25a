"""Accounts, the people who sign in, and their sessions."""

from sqlalchemy import Column, ForeignKey, LargeBinary, Table, Text, UniqueConstraint

from adapters.storage.tables.columns import (
    ID,
    INSTANT,
    account_column,
    key_column,
    metadata,
    object_column,
    stamp_column,
    texts_column,
    word_column,
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("timezone", Text),
    texts_column("vapi_number_ids"),
    texts_column("phones"),
    texts_column("transfer_to"),
    Column("baa_accepted_at", INSTANT),
    Column("baa_accepted_by", Text),
    Column("tokens_from", INSTANT),
    stamp_column(),
    object_column("features"),
    word_column("overlap_policy", "warn"),
    Column("restored_at", INSTANT),
)

users = Table(
    "users",
    metadata,
    key_column(),
    account_column(),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("disabled_at", INSTANT),
    stamp_column(),
    Column("tokens_from", INSTANT),
    UniqueConstraint("account_id", "name"),
)

login_links = Table(
    "login_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("used_at", INSTANT),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("csrf", Text, nullable=False),
    stamp_column(),
    Column("expires_at", INSTANT, nullable=False),
)
