"""Seals rows anew under the key in force, a batch in a transaction, while everybody goes on."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, TextClause, text

from adapters.storage.deliveries.deliveries import UNCLAIMED
from adapters.storage.upkeep.sealed import SEALED, SealedTable
from infra.database import dispatch, transaction
from infra.sealing import KEY_ID_BYTES, SEAL_VERSION, SealBroken, Sealer

STAMP_BYTES = len(SEAL_VERSION) + KEY_ID_BYTES
BATCH = 200

_OWNERS = text("SELECT id FROM accounts ORDER BY id")


@dataclass(frozen=True, slots=True)
class Step:
    """One batch of one table: so many rows of the account are under the key in force now."""

    table: str
    account_id: str | None
    rows: int


@dataclass(slots=True)
class Resealing:
    """One pass over every account; breaking it off loses nothing, and another goes on from there.

    `broken` names the table of each row that its key does not open: these stay as they are.
    """

    engine: Engine
    sealer: Sealer
    batch: int = BATCH
    broken: list[str] = field(default_factory=list)

    def steps(self) -> Generator[Step]:
        for account_id in owners(self.engine):
            for table in SEALED:
                yield from self._table(table, account_id)
        for table in SEALED:
            if table.without_account:
                yield from self._table(table, None)

    def _table(self, table: SealedTable, account_id: str | None) -> Iterator[Step]:
        """Batch after batch; what another holds at this moment is left for the next pass."""
        skipped: list[str] = []
        is_more = True
        while is_more:
            found, done = self._batch(table, account_id, skipped)
            is_more = found == self.batch
            if done:
                yield Step(table.name, account_id, done)
        self.broken += [table.name] * len(skipped)

    def _batch(
        self, table: SealedTable, account_id: str | None, skipped: list[str]
    ) -> tuple[int, int]:
        with scope(self.engine, account_id) as db:
            values = {"stamps": self.sealer.old_stamps, "skipped": skipped, "most": self.batch}
            rows = db.execute(_select(table, account_id), values).mappings().all()
            fresh = []
            for row in rows:
                try:
                    fresh.append(self._fresh(table, row, account_id))
                except SealBroken:
                    skipped.append(row["mark"])
            if fresh:
                db.execute(_update(table), fresh)
        return len(rows), len(fresh)

    def _fresh(self, table: SealedTable, row: RowMapping, account_id: str | None) -> dict[str, Any]:
        """The row's columns anew, and the key to find it by."""
        made: dict[str, Any] = {f"key_{name}": row[f"key_{name}"] for name in table.key}
        for column in table.columns:
            sealed = row[column]
            is_old = sealed is not None and sealed[:STAMP_BYTES] in self.sealer.old_stamps
            made[column] = self._anew(table, row, column, account_id) if is_old else sealed
        return made

    def _anew(
        self, table: SealedTable, row: RowMapping, column: str, account_id: str | None
    ) -> bytes:
        """Under the account it has, or under none where it was sealed before anybody claimed it."""
        place = {"table": table.name, "column": column, "row": row["place"]}
        sealed = bytes(row[column])
        try:
            return self.sealer.reseal(sealed, **place, account=account_id or UNCLAIMED)
        except SealBroken:
            if not table.without_account:
                raise
        return self.sealer.reseal(sealed, **place, account=UNCLAIMED)


def owners(engine: Engine) -> Sequence[str]:
    with dispatch(engine) as db:
        return db.execute(_OWNERS).scalars().all()


def scope(engine: Engine, account_id: str | None) -> AbstractContextManager[Db]:
    """The rows of an account, or those that belong to none."""
    return dispatch(engine) if account_id is None else transaction(engine, account_id=account_id)


def under(table: SealedTable, account_id: str | None) -> str:
    """The SQL of which rows in scope have something sealed under one of `:stamps`."""
    found = (f"substring({one} FROM 1 FOR {STAMP_BYTES}) = ANY(:stamps)" for one in table.columns)
    own = "account_id IS NULL AND " if account_id is None else ""
    return f"{own}({' OR '.join(found)})"


def _select(table: SealedTable, account_id: str | None) -> TextClause:
    keys = ", ".join(f"{name} AS key_{name}" for name in table.key)
    mark = f"ROW({', '.join(table.key)})::text"
    return text(
        f"""
        SELECT {keys}, ({table.row})::text AS place, {mark} AS mark, {", ".join(table.columns)}
        FROM {table.name}
        WHERE {under(table, account_id)} AND NOT ({mark} = ANY(CAST(:skipped AS text[])))
        LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
        """  # noqa: S608 - names of our own
    )


def _update(table: SealedTable) -> TextClause:
    columns = ", ".join(f"{name} = :{name}" for name in table.columns)
    found = " AND ".join(f"{name} = :key_{name}" for name in table.key)
    return text(f"UPDATE {table.name} SET {columns} WHERE {found}")  # noqa: S608 - as above
