"""Indexes of tables that hold rows: built beside writers, and again where a build broke off."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from alembic import op
from sqlalchemy import Connection, text

from migrations.guards import SQL, TAKEN_BACK
from migrations.steps import run

_CREATED = re.compile(r"^CREATE INDEX (?P<name>\w+) ON (?P<table>\w+)[^;]*;\n?", re.MULTILINE)
_DROPPED = re.compile(r"^DROP INDEX (?P<name>\w+);", re.MULTILINE)

_FILLED = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""
_STANDING = text(
    """
    SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace
    """
)


def carry(part: Path) -> None:
    """One file of SQL, but for plain indexes of tables that hold rows: those are `complete`'s.

    To build one here would keep every writer of its table out until the migration is committed.
    One that a later file takes away again was then never made.
    """
    sql = without_indexes_of(_filled(), part.read_text())
    run(_DROPPED.sub(r"DROP INDEX IF EXISTS \g<name>;", sql))


def without_indexes_of(tables: frozenset[str], sql: str) -> str:
    return _CREATED.sub(lambda found: "" if found["table"] in tables else found[0], sql)


def complete(db: Connection, revision: str) -> Sequence[str]:
    """Build what that revision has and this database lacks; names what was built.

    `db` commits each statement by itself. A build that broke off leaves an index that is written
    and never read: it goes first.
    """
    valid = {row.relname: row.indisvalid for row in db.execute(_STANDING)}
    built = [name for name in wanted(revision) if not valid.get(name)]
    for name in built:
        if name in valid:
            db.exec_driver_sql(f"DROP INDEX CONCURRENTLY {name}")
        create = wanted(revision)[name]
        db.exec_driver_sql(create.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1))
    return built


def unfinished(db: Connection) -> Iterator[str]:
    """Indexes whose build broke off."""
    return (row.relname for row in db.execute(_STANDING) if not row.indisvalid)


@cache
def wanted(revision: str) -> Mapping[str, str]:
    """The statement of each plain index there is after that revision."""
    found: dict[str, str] = {}
    for part in sorted(SQL.glob("*.sql")):
        if part.name.endswith(TAKEN_BACK) or part.name[: len(revision)] > revision:
            continue
        sql = part.read_text()
        for gone in _DROPPED.finditer(sql):
            found.pop(gone["name"], None)
        found |= {one["name"]: one[0].strip() for one in _CREATED.finditer(sql)}
    return found


def _filled() -> frozenset[str]:
    """By their size: row-level security hides rows from who migrates, too."""
    return frozenset(op.get_bind().exec_driver_sql(_FILLED).scalars())
