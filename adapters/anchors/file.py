"""Heads in a file that is only ever appended to; each line vouches for the one before."""

import fcntl
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.audit_chain import START, AnchorBroken, ChainKeys, Head
from domain.errors import Transient

OWNER_ONLY = 0o600
BLOCK = 4096
"""Longer than a line: the last one is read without the file."""


class FileAnchor:
    """One JSON line per head, on a disk that whoever rules the database should not rule."""

    def __init__(self, path: Path, keys: ChainKeys) -> None:
        self._path = path
        self._keys = keys

    def keep(self, head: Head, *, at: datetime) -> None:
        """On the disk when this returns; processes of one machine take turns."""
        try:
            with _held(self._path) as file:
                os.write(file, self._line(head, at=at, before=_last_mark(file)))
                os.fsync(file)
        except OSError as error:
            raise Transient(
                f"the audit's anchor cannot be written ({type(error).__name__})"
            ) from None

    def heads(self) -> Iterator[Head]:
        before = START
        for number, said in self._lines():
            mark = self._mark(said, before)
            if mark is None:
                raise AnchorBroken(f"line {number} was written under a key that is not configured")
            if not hmac.compare_digest(mark, bytes.fromhex(said["mark"])):
                raise AnchorBroken(f"line {number} is not what was written, or lines before it")
            before = mark
            yield Head(
                account_id=said["account"], seq=said["seq"], hash=bytes.fromhex(said["hash"])
            )

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """What a power cut left of a line is passed over: the next one follows the one before."""
        if not self._path.exists():
            return
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                said = _parsed(line)
                if said is not None:
                    yield number, said

    def _line(self, head: Head, *, at: datetime, before: bytes) -> bytes:
        said: dict[str, Any] = {
            "account": head.account_id,
            "seq": head.seq,
            "hash": head.hash.hex(),
            "at": at.astimezone(UTC).isoformat(),
            "key": self._keys.current.id.hex(),
        }
        mark = self._keys.current.mark(before, _body(said))
        return json.dumps({**said, "mark": mark.hex()}).encode() + b"\n"

    def _mark(self, said: dict[str, Any], before: bytes) -> bytes | None:
        key = self._keys.of(bytes.fromhex(said["key"]))
        return None if key is None else key.mark(before, _body(said))


def _body(said: dict[str, Any]) -> bytes:
    return json.dumps([said[name] for name in ("account", "seq", "hash", "at", "key")]).encode()


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
        bytes.fromhex(said["mark"] + said["key"] + said["hash"])
        return {**said, "seq": int(said["seq"]), "account": str(said["account"])}
    except (ValueError, TypeError, KeyError):
        return None


@contextmanager
def _held(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, OWNER_ONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def _last_mark(file: int) -> bytes:
    """The mark of the last whole line; a torn one after it is closed first."""
    size = os.fstat(file).st_size
    tail = os.pread(file, BLOCK, max(0, size - BLOCK))
    if tail and not tail.endswith(b"\n"):
        os.write(file, b"\n")
    for line in reversed(tail.split(b"\n")):
        said = _parsed(line)
        if said is not None:
            return bytes.fromhex(said["mark"])
    return START
