"""What an anchor holds, shelved on the disk for as long as chains are judged by it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from domain.audit_chain import Head

# A database without a name is a file that is gone when it is closed, and memory while it is small.
NAMELESS = ""

_MADE = """
CREATE TABLE heads (account TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,
                    PRIMARY KEY (account, seq, hash)) WITHOUT ROWID
"""
_KEPT = "INSERT OR IGNORE INTO heads VALUES (?, ?, ?)"
_ACCOUNTS = "SELECT DISTINCT account FROM heads"
_AT = "SELECT hash FROM heads WHERE account = ? AND seq = ?"
_LAST = "SELECT max(seq) FROM heads WHERE account = ?"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Heads of any number of accounts: years of them do not fit into memory."""

    db: sqlite3.Connection

    def keep(self, head: Head) -> None:
        self.db.execute(_KEPT, (head.account_id, head.seq, head.hash))

    def accounts(self) -> set[str]:
        return {account for (account,) in self.db.execute(_ACCOUNTS)}

    def of(self, account_id: str) -> "Heads":
        return Heads(self.db, account_id)


@dataclass(frozen=True, slots=True)
class Heads:
    """What an anchor holds of one account."""

    db: sqlite3.Connection
    account_id: str

    def at(self, seq: int) -> frozenset[bytes]:
        """The hashes it was given for a place, one if all is well."""
        return frozenset(one for (one,) in self.db.execute(_AT, (self.account_id, seq)))

    @property
    def last(self) -> int:
        """The last place it was told of; 0 where none was."""
        (seq,) = self.db.execute(_LAST, (self.account_id,)).fetchone()
        return seq or 0


@contextmanager
def shelf() -> Iterator[Shelf]:
    with closing(sqlite3.connect(NAMELESS, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute(_MADE)
        yield Shelf(db)
