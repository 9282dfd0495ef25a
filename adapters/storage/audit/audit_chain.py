"""Chains an account's audit rows in the order they are taken up, and tells the anchor the head."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, insert, text

from adapters.storage.tables import audit_chain
from domain.audit_chain import COLUMNS, SHAPE, START, Anchor, ChainKeys, Head, Link, linked
from infra.database import dispatch, transaction

BATCH = 1000
LONGEST_TRANSACTION = timedelta(hours=1)
"""A row appears when its transaction ends and bears the instant at which that began."""

_ROW = ", ".join(f"logs.{name}" for name in COLUMNS[SHAPE])
_WAITING = text(
    """
    SELECT accounts.id FROM accounts LEFT JOIN audit_heads AS head ON head.account_id = accounts.id
    WHERE head.anchored_seq < head.seq OR EXISTS (
      SELECT FROM pms_audit_logs AS logs
      WHERE logs.account_id = accounts.id
        AND logs.created_at > COALESCE(head.newest_at - interval '2 minutes', '-infinity')
        AND NOT EXISTS (SELECT FROM audit_chain AS link WHERE link.audit_id = logs.id))
    ORDER BY accounts.id
    """
)
_OPEN = text(
    """
    INSERT INTO audit_heads (account_id, seq, hash) VALUES (:account_id, 0, :start)
    ON CONFLICT DO NOTHING
    """
)
_HOLD = text("SELECT seq, hash, newest_at FROM audit_heads WHERE account_id = :id FOR UPDATE")
_UNCHAINED = text(
    f"""
    SELECT {_ROW} FROM pms_audit_logs AS logs
    WHERE logs.account_id = :account_id
      AND logs.created_at > COALESCE(CAST(:since AS timestamptz), '-infinity')
      AND NOT EXISTS (SELECT FROM audit_chain AS link WHERE link.audit_id = logs.id)
    ORDER BY logs.id LIMIT :limit
    """  # noqa: S608 - the columns are this product's own
)
_MOVE = text(
    """
    UPDATE audit_heads SET seq = :seq, hash = :hash, moved_at = now(),
                           newest_at = GREATEST(newest_at, CAST(:newest_at AS timestamptz))
    WHERE account_id = :account_id
    """
)
_ANCHORED = text(
    """
    UPDATE audit_heads SET anchored_seq = GREATEST(anchored_seq, :seq)
    WHERE account_id = :account_id
    """
)
_LINKS = text(
    f"""
    SELECT link.seq, link.audit_id, link.key_id, link.shape, link.hash, {_ROW}
    FROM audit_chain AS link LEFT JOIN pms_audit_logs AS logs
      ON logs.id = link.audit_id AND logs.account_id = link.account_id
    WHERE link.account_id = :account_id AND link.seq > :after AND link.seq <= :until
    ORDER BY link.seq LIMIT :limit
    """  # noqa: S608 - the columns are this product's own
)


def waiting_accounts(db: Db) -> list[str]:
    """Accounts with rows that no link stands for, or a head the anchor was not told."""
    return list(db.execute(_WAITING).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaining:
    """Appends to chains; any number of workers may, for each holds the row of the head it moves."""

    engine: Engine
    keys: ChainKeys
    anchor: Anchor
    clock: Callable[[], datetime]
    batch: int = BATCH

    def waiting(self) -> Sequence[str]:
        with dispatch(self.engine) as db:
            return waiting_accounts(db)

    def chain(self, account_id: str) -> int:
        """Links every row that waits, and anchors where the chain stands then; how many there were.

        Should the anchor fail, the links stay and the next chaining anchors them.
        """
        head, chained = self._appended(account_id)
        newest = chained
        while newest == self.batch:
            head, newest = self._appended(account_id)
            chained += newest
        if head.seq:
            self.tell(head)
        return chained

    def _appended(self, account_id: str) -> tuple[Head, int]:
        with transaction(self.engine, account_id=account_id) as db:
            return self.append(db, account_id)

    def append(self, db: Db, account_id: str) -> tuple[Head, int]:
        """A batch of the rows that wait, in a transaction that holds the head until it ends."""
        db.execute(_OPEN, {"account_id": account_id, "start": START})
        held = db.execute(_HOLD, {"id": account_id}).one()
        head = Head(account_id=account_id, seq=held.seq, hash=bytes(held.hash))
        since = held.newest_at and held.newest_at - LONGEST_TRANSACTION
        wanted = {"account_id": account_id, "since": since, "limit": self.batch}
        rows = [dict(row) for row in db.execute(_UNCHAINED, wanted).mappings()]
        return (self.link(db, head, rows) if rows else head), len(rows)

    def link(self, db: Db, head: Head, rows: Sequence[dict[str, Any]]) -> Head:
        """Rows follow the head, which whoever calls holds; where the chain stands then."""
        account_id = head.account_id
        links = list(linked(self.keys, head, rows))
        db.execute(insert(audit_chain), [_values(account_id, link) for link in links])
        last = Head(account_id=account_id, seq=links[-1].seq, hash=links[-1].hash)
        newest = max(row["created_at"] for row in rows)
        moved = {"account_id": account_id, "seq": last.seq, "hash": last.hash}
        db.execute(_MOVE, {**moved, "newest_at": newest})
        return last

    def tell(self, head: Head) -> None:
        """The anchor keeps where the chain stands."""
        self.anchor.keep(head, at=self.clock())
        with transaction(self.engine, account_id=head.account_id) as db:
            db.execute(_ANCHORED, {"account_id": head.account_id, "seq": head.seq})


def links_after(
    engine: Engine, start: Head, *, until: int = 2**63 - 1, batch: int = BATCH
) -> Iterator[Link]:
    """What is stored of a chain from a place on, with the rows; short transactions, one a batch."""
    after = start.seq
    while True:
        values = {"account_id": start.account_id, "after": after, "until": until, "limit": batch}
        with transaction(engine, account_id=start.account_id) as db:
            found = db.execute(_LINKS, values).mappings().all()
        yield from map(_link, found)
        if len(found) < batch:
            return
        after = found[-1]["seq"]


def _link(found: RowMapping) -> Link:
    return Link(
        seq=found["seq"],
        audit_id=found["audit_id"],
        key_id=bytes(found["key_id"]),
        shape=found["shape"],
        hash=bytes(found["hash"]),
        row=None if found["id"] is None else dict(found),
    )


def _values(account_id: str, link: Link) -> dict[str, object]:
    return {
        "account_id": account_id,
        "seq": link.seq,
        "audit_id": link.audit_id,
        "key_id": link.key_id,
        "shape": link.shape,
        "hash": link.hash,
    }
