"""What every table is made of: the naming of constraints, and columns that recur."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NOW = text("now()")
EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_LIST = text("'{}'::text[]")
INSTANT = DateTime(timezone=True)
ID = UUID(as_uuid=True)


def key_column() -> Column[object]:
    return Column("id", ID, primary_key=True, server_default=text("gen_random_uuid()"))


def account_column() -> Column[object]:
    return Column("account_id", Text, ForeignKey("accounts.id"), nullable=False)


def connection_column(name: str = "pms_connection_id", *, nullable: bool = False) -> Column[object]:
    return Column(name, ID, ForeignKey("pms_connections.id"), nullable=nullable)


def stamp_column(name: str = "created_at") -> Column[object]:
    return Column(name, INSTANT, nullable=False, server_default=NOW)


def count_column(name: str) -> Column[object]:
    return Column(name, Integer, nullable=False, server_default=text("0"))


def switch_column(name: str, *, on: bool) -> Column[object]:
    default = text("true") if on else text("false")
    return Column(name, Boolean, nullable=False, server_default=default)


def object_column(name: str) -> Column[object]:
    return Column(name, JSONB, nullable=False, server_default=EMPTY_OBJECT)


def texts_column(name: str) -> Column[object]:
    return Column(name, ARRAY(Text), nullable=False, server_default=EMPTY_LIST)


def word_column(name: str, default: str) -> Column[object]:
    return Column(name, Text, nullable=False, server_default=text(f"'{default}'"))
