"""Makes blind indexes anew under the key in force, from what their rows have sealed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, text

from adapters.storage.phone import opt_outs
from adapters.storage.two_way import patient_links
from adapters.storage.upkeep.resealing import BATCH, Step, owners
from domain.patient_links import Person
from infra.database import transaction
from infra.sealing import KEY_ID_BYTES, SealBroken, Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index of a table, and how it follows from a sealed column of the same row.

    `twin` is the SQL of another row that has the new index already, where only one may have it.
    """

    table: str
    column: str
    source: str
    key: str
    row: str
    place: tuple[str, str]
    value: Callable[[str], str] = str
    twin: str = "SELECT WHERE false"


INDEXES: tuple[Index, ...] = (
    Index(
        table="patient_links",
        column="person_hash",
        source="person",
        key="id",
        row="id",
        place=(patient_links.TABLE, "person_hash"),
        value=lambda document: Person(**json.loads(document)).key,
        twin="SELECT FROM patient_links AS twin WHERE twin.person_hash = :fresh"
        " AND twin.connection_id = held.connection_id",
    ),
    Index(
        table="text_messages",
        column="recipient_hash",
        source="recipient",
        key="id",
        row="id",
        place=(opt_outs.TABLE, opt_outs.COLUMN),
    ),
    Index(
        table="text_opt_outs",
        column="recipient_hash",
        source="recipient",
        key="recipient_hash",
        row="account_id",
        place=(opt_outs.TABLE, opt_outs.COLUMN),
        twin="SELECT FROM text_opt_outs AS twin WHERE twin.recipient_hash = :fresh"
        " AND twin.account_id = held.account_id",
    ),
)


def reindexed(engine: Engine, sealer: Sealer, *, batch: int = BATCH) -> Iterator[Step]:
    """Batch after batch of every account."""
    for account_id in owners(engine):
        for index in INDEXES:
            yield from _of_account(engine, sealer, index, account_id, batch)


def _of_account(
    engine: Engine, sealer: Sealer, index: Index, account_id: str, batch: int
) -> Iterator[Step]:
    after = b""
    while True:
        with transaction(engine, account_id=account_id) as db:
            rows = _rows(db, sealer, index, after=after, most=batch)
            done = sum(_renewed(db, sealer, index, row, account_id) for row in rows)
        if done:
            yield Step(index.table, account_id, done)
        if len(rows) < batch:
            return
        after = bytes(rows[-1]["hash"])


def _rows(db: Db, sealer: Sealer, index: Index, *, after: bytes, most: int) -> list[RowMapping]:
    """Those under earlier keys, in the order of their index; without a source there is no way."""
    statement = text(
        f"""
        SELECT {index.key} AS key, {index.row} AS place, {index.column} AS hash,
               {index.source} AS source
        FROM {index.table}
        WHERE substring({index.column} FROM 1 FOR {KEY_ID_BYTES}) = ANY(:ids)
          AND {index.column} > :after AND {index.source} IS NOT NULL
        ORDER BY {index.column} LIMIT :most FOR UPDATE SKIP LOCKED
        """  # noqa: S608 - names of our own
    )
    values = {"ids": sealer.old_key_ids, "after": after, "most": most}
    return list(db.execute(statement, values).mappings())


def _renewed(db: Db, sealer: Sealer, index: Index, row: RowMapping, account_id: str) -> int:
    """How many rows are found under the key in force now: one, or none where a twin is."""
    at: dict[str, Any] = {"table": index.table, "column": index.source, "row": row["place"]}
    try:
        plain = sealer.open_text(bytes(row["source"]), **at, account=account_id)
    except SealBroken:
        return 0
    table, column = index.place
    fresh = sealer.blind_index(index.value(plain), table=table, column=column, account=account_id)
    statement = text(
        f"UPDATE {index.table} AS held SET {index.column} = :fresh"  # noqa: S608 - as above
        f" WHERE {index.key} = :key AND {index.column} = :hash AND NOT EXISTS ({index.twin})"
    )
    values = {"fresh": fresh, "key": row["key"], "hash": bytes(row["hash"])}
    return db.execute(statement, values).rowcount
