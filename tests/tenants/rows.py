"""A row of an account in every table there is, made from the tables themselves."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Table,
    Text,
    insert,
    select,
    text,
)
from sqlalchemy import Connection as Db
from sqlalchemy.dialects.postgresql import ARRAY, INET, INT8RANGE, JSONB, TSTZRANGE, UUID

from adapters.storage.tables import metadata

LATER = datetime(2026, 11, 23, 4, tzinfo=UTC)
GIVEN: Mapping[tuple[str, str], Any] = {
    ("jobs", "state"): "ready",
    ("jobs", "queue"): "default",
    ("jobs", "kind"): "sync",
    ("users", "role"): "provider",
    ("pms_connections", "timezone"): "Australia/Melbourne",
    ("run_sheet_appointments", "timezone"): "Australia/Melbourne",
    ("pms_audit_logs", "action"): "run_sheet.read",
    ("audit_chain", "shape"): 1,
}
"""What a value of the column's type would not do for."""


def owned() -> list[Table]:
    """Every table with an account's rows, those that are referred to first."""
    return [table for table in metadata.sorted_tables if "account_id" in table.columns]


def fill(db: Db, account_id: str) -> None:
    """At least one row in each; what is there already is left alone."""
    for table in owned():
        mine = select(table).where(table.c.account_id == account_id).limit(1)
        if db.execute(mine).first() is None:
            db.execute(insert(table), _row(db, table, account_id))


def one_of_each(db: Db, account_id: str) -> dict[str, Any]:
    """An id of the account by the table's name."""
    found = {}
    for table in owned():
        key = next(iter(table.primary_key.columns))
        query = select(key).where(table.c.account_id == account_id).order_by(key).limit(1)
        found[table.name] = db.execute(query).scalar()
    return found


def _row(db: Db, table: Table, account_id: str) -> dict[str, Any]:
    row: dict[str, Any] = {"account_id": account_id}
    for column in table.columns:
        if column.name in row or column.computed is not None or column.identity is not None:
            continue
        if (table.name, column.name) in GIVEN:
            row[column.name] = GIVEN[table.name, column.name]
        elif column.foreign_keys:
            row[column.name] = _referred(db, column, account_id)
        elif not column.nullable and column.server_default is None:
            row[column.name] = _value(column)
    return row


def _referred(db: Db, column: Column[Any], account_id: str) -> Any:
    (key,) = column.foreign_keys
    target = key.column
    query = select(target)
    if "account_id" in target.table.columns:
        query = query.where(target.table.c.account_id == account_id)
    return db.execute(query.limit(1)).scalar()


def _value(column: Column[Any]) -> Any:
    for kind, make in MADE:
        if isinstance(column.type, kind):
            return make()
    raise TypeError(f"{column}: no value for {column.type}")


MADE: Sequence[tuple[type, Callable[[], Any]]] = (
    (UUID, uuid4),
    (Integer, lambda: 1_000_000 + uuid4().int % 1_000_000),
    (Boolean, lambda: True),
    (DateTime, lambda: LATER),
    (Date, LATER.date),
    (LargeBinary, lambda: uuid4().bytes * 2),
    (JSONB, dict),
    (ARRAY, list),
    (INET, lambda: "192.0.2.1"),
    (INT8RANGE, lambda: text("'[1,1]'::int8range")),
    (TSTZRANGE, lambda: f"[{LATER.isoformat()},{(LATER + timedelta(hours=1)).isoformat()})"),
    (Text, lambda: f"of-{uuid4().hex[:12]}"),
)
"""A value of each type, of no other row."""
