"""Where a chain was cut for its archive: the head it goes on from, vouched for by the key."""

import hmac
from dataclasses import asdict, dataclass

from sqlalchemy import Connection as Db
from sqlalchemy import insert, text

from adapters.storage.tables import audit_cuts
from domain.audit_chain import ChainKey, ChainKeys, Head

_LATEST = text(
    """
    SELECT seq, hash, key_id, rows, file, digest, mark FROM audit_cuts
    WHERE account_id = :account_id ORDER BY seq DESC LIMIT 1
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One archive: its last place and hash, how many rows it took, its file and that one's digest.

    `mark` is made with the chain's key: whoever rules the database alone cannot make a cut.
    """

    account_id: str
    seq: int
    hash: bytes
    key_id: bytes
    rows: int
    file: str
    digest: bytes
    mark: bytes

    @property
    def head(self) -> Head:
        return Head(account_id=self.account_id, seq=self.seq, hash=self.hash)


def marked(key: ChainKey, head: Head, *, rows: int, file: str, digest: bytes) -> Cut:
    """The cut after that head, with its mark."""
    return Cut(
        account_id=head.account_id,
        seq=head.seq,
        hash=head.hash,
        key_id=key.id,
        rows=rows,
        file=file,
        digest=digest,
        mark=_mark(key, head, rows=rows, file=file, digest=digest),
    )


def is_ours(keys: ChainKeys, cut: Cut) -> bool:
    """Whether its mark was made with one of the keys."""
    key = keys.of(cut.key_id)
    if key is None:
        return False
    made = _mark(key, cut.head, rows=cut.rows, file=cut.file, digest=cut.digest)
    return hmac.compare_digest(made, cut.mark)


def latest_cut(db: Db, account_id: str) -> Cut | None:
    row = db.execute(_LATEST, {"account_id": account_id}).first()
    if row is None:
        return None
    return Cut(
        account_id=account_id,
        seq=row.seq,
        hash=bytes(row.hash),
        key_id=bytes(row.key_id),
        rows=row.rows,
        file=row.file,
        digest=bytes(row.digest),
        mark=bytes(row.mark),
    )


def keep_cut(db: Db, cut: Cut) -> None:
    db.execute(insert(audit_cuts), asdict(cut))


def _mark(key: ChainKey, head: Head, *, rows: int, file: str, digest: bytes) -> bytes:
    words = f"cut {head.account_id} {head.seq} {rows} {file}".encode()
    return key.mark(words, head.hash, digest)
