"""Takes audit rows past their keeping out to files, and marks where each chain was cut."""

import gzip
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from adapters.storage.audit.audit_chain import links_after
from adapters.storage.audit.audit_cuts import Cut, is_ours, keep_cut, latest_cut, marked
from domain.audit_chain import ChainKeys, Finding, Head, Link, plain
from domain.audit_walk import Walk
from domain.errors import BadInput
from infra.database import ARCHIVE_ROLE, transaction

FEWEST_YEARS = 6
MOST_ROWS = 100_000
OWNER_ONLY = 0o600

_LAST = text(
    """
    SELECT min(link.seq) - 1 AS seq FROM audit_chain AS link
    JOIN pms_audit_logs AS logs ON logs.id = link.audit_id
    WHERE link.account_id = :account_id AND logs.created_at >= :before
    """
)
_END = text("SELECT max(seq) FROM audit_chain WHERE account_id = :account_id")
_REMOVE_ROWS = text(
    """
    DELETE FROM pms_audit_logs USING audit_chain AS link
    WHERE link.audit_id = pms_audit_logs.id AND link.account_id = :account_id
      AND link.seq <= :seq
    """
)
_REMOVE_LINKS = text("DELETE FROM audit_chain WHERE account_id = :account_id AND seq <= :seq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What an archive's first line says: whose rows, from which head to which; how many came."""

    account_id: str
    first: int
    last: int
    before: bytes
    head: bytes
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiving:
    """Only what is chained, sound and old enough leaves, in the chain's own order."""

    engine: Engine
    keys: ChainKeys
    folder: Path
    clock: Callable[[], datetime]
    years: int = FEWEST_YEARS
    most: int = MOST_ROWS

    def archive(self, account_id: str) -> Cut | None:
        """The cut that was made; None where nothing is old enough. The file comes first."""
        start, last = self._start(account_id), self._last(account_id)
        # Where a backup was restored the chain skips places: rows are counted, not places.
        links = list(islice(self._sound(start, last), self.most))
        if not links:
            return None
        made = self._cut(start, links)
        with transaction(self.engine, account_id=account_id, role=ARCHIVE_ROLE) as db:
            keep_cut(db, made)
            gone = db.execute(_REMOVE_ROWS, {"account_id": account_id, "seq": made.seq}).rowcount
            db.execute(_REMOVE_LINKS, {"account_id": account_id, "seq": made.seq})
            if gone != len(links):
                raise BadInput(f"Only {gone} of {len(links)} rows may leave yet; none did.")
        return made

    def _start(self, account_id: str) -> Head:
        with transaction(self.engine, account_id=account_id) as db:
            cut = latest_cut(db, account_id)
        if cut is None:
            return Head(account_id=account_id)
        if not is_ours(self.keys, cut):
            raise BadInput("The last cut is none that an archive made; see 'audit verify'.")
        return cut.head

    def _last(self, account_id: str) -> int:
        """The place before the first row that is still to be kept."""
        now = self.clock()
        before = now.replace(year=now.year - max(self.years, FEWEST_YEARS), day=min(now.day, 28))
        with transaction(self.engine, account_id=account_id) as db:
            row = db.execute(_LAST, {"account_id": account_id, "before": before}).one()
            end = db.execute(_END, {"account_id": account_id}).scalar()
        found: int = row.seq if row.seq is not None else end or 0
        return found

    def _sound(self, start: Head, last: int) -> Iterator[Link]:
        walk = Walk(self.keys, start)
        for link in links_after(self.engine, start, until=last):
            for found in walk.over([link]):
                raise BadInput(f"Nothing is archived of a broken chain: {found.sentence}.")
            yield link

    def _cut(self, start: Head, links: Sequence[Link]) -> Cut:
        head = Head(account_id=start.account_id, seq=links[-1].seq, hash=links[-1].hash)
        name = f"audit-{head.account_id}-{links[0].seq:012d}-{head.seq:012d}.jsonl.gz"
        packed = _packed(start, head, links)
        _write(self.folder / name, packed)
        return marked(
            self.keys.current,
            head,
            rows=len(links),
            file=name,
            digest=hashlib.sha256(packed).digest(),
        )


def verify_file(path: Path, keys: ChainKeys) -> tuple[Segment, Sequence[Finding]]:
    """Whether a segment's rows are those that were chained, by itself and without a database."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            said = json.loads(next(lines))
            segment = Segment(
                account_id=said["account"],
                first=said["first"],
                last=said["last"],
                before=bytes.fromhex(said["before"]),
                head=bytes.fromhex(said["head"]),
            )
            start = Head(account_id=segment.account_id, seq=segment.first - 1, hash=segment.before)
            walk = Walk(keys, start)
            findings = list(walk.over(_read(line) for line in lines))
    except (OSError, EOFError, ValueError, KeyError, StopIteration):
        raise BadInput("This is not an archive of audit rows, or it is damaged.") from None
    if (walk.head.seq, walk.head.hash) != (segment.last, segment.head):
        raise BadInput("The archive does not end where its first line says.")
    return replace(segment, rows=walk.checked), findings


def _packed(start: Head, head: Head, links: Sequence[Link]) -> bytes:
    """The same bytes for the same rows: a file written again is the same file."""
    written = io.BytesIO()
    with gzip.GzipFile(fileobj=written, mode="wb", mtime=0) as file:
        first = {
            "account": head.account_id,
            "first": links[0].seq,
            "last": head.seq,
            "before": start.hash.hex(),
            "head": head.hash.hex(),
        }
        for said in (first, *map(_told, links)):
            file.write(json.dumps(said, ensure_ascii=False).encode() + b"\n")
    return written.getvalue()


def _told(link: Link) -> dict[str, Any]:
    row = link.row or {}
    return {
        "seq": link.seq,
        "key": link.key_id.hex(),
        "shape": link.shape,
        "hash": link.hash.hex(),
        "row": {name: plain(value) for name, value in row.items()},
    }


def _read(line: str) -> Link:
    said = json.loads(line)
    return Link(
        seq=said["seq"],
        audit_id=said["row"]["id"],
        key_id=bytes.fromhex(said["key"]),
        shape=said["shape"],
        hash=bytes.fromhex(said["hash"]),
        row=said["row"],
    )


def _write(path: Path, packed: bytes) -> None:
    """Whole and on the disk, or not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        with os.fdopen(
            os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY), "wb"
        ) as to:
            to.write(packed)
            to.flush()
            os.fsync(to.fileno())
        half.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            # The name too: the rows are removed next.
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        kind = type(error).__name__
        raise BadInput(f"The archive cannot be written there ({kind}); nothing left.") from None
