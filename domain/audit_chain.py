"""An account's audit rows as a chain: what each link covers, and how a broken place is told."""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

START = bytes(32)
"""What the first link of every chain follows."""

SHAPE = 1
COLUMNS: Mapping[int, tuple[str, ...]] = {
    1: (
        "id",
        "account_id",
        "pms_integration_id",
        "action",
        "endpoint",
        "method",
        "user_id",
        "vapi_call_id",
        "ip_address",
        "user_agent",
        "request_summary",
        "response_status",
        "response_time",
        "phi_accessed",
        "phi_fields",
        "patient_id",
        "success",
        "error_message",
        "trace_id",
        "created_at",
    ),
}
"""The columns a link covers, by its shape: a new column is a new shape, old links keep theirs."""

Row = Mapping[str, Any]


class Trouble(StrEnum):
    """What a chain can be found to suffer from."""

    ALTERED = "altered"
    MISSING = "missing"
    GAP = "gap"
    KEY = "key"
    TAIL = "tail"
    ANCHOR = "anchor"
    CUT = "cut"
    UNCHAINED = "unchained"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class ChainKey:
    """What a link's hash needs and the database does not have; `id` is written beside each."""

    id: bytes
    secret: bytes = field(repr=False)

    def mark(self, *parts: bytes) -> bytes:
        """A keyed digest; lengths keep neighbouring parts from running into each other."""
        joined = b"".join(len(part).to_bytes(4) + part for part in parts)
        return hmac.digest(self.secret, joined, "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainKeys:
    """One key to chain with, and every key whose links can still be judged."""

    current: ChainKey
    known: Mapping[bytes, ChainKey] = field(repr=False)

    def of(self, key_id: bytes) -> ChainKey | None:
        return self.known.get(bytes(key_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a chain stood: the place and the hash of its last link."""

    account_id: str
    seq: int = 0
    hash: bytes = START


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One place of a chain as it is stored; `row` is None where the row it stands for is gone."""

    seq: int
    audit_id: int
    key_id: bytes
    shape: int
    hash: bytes
    row: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, in a sentence that names places and row ids."""

    trouble: Trouble
    sentence: str
    account_id: str | None = None
    seq: int | None = None
    audit_id: int | None = None


class Anchor(Protocol):
    """Keeps heads where whoever rules the database does not rule."""

    def keep(self, head: Head, *, at: datetime) -> None: ...

    def heads(self) -> Iterable[Head]:
        """Every head it was given; raises `AnchorBroken` where it is not what was written."""


class AnchorBroken(Exception):
    """The anchor itself was altered; says where."""


def hash_of(key: ChainKey, before: bytes, *, seq: int, shape: int, row: Row) -> bytes:
    """Covers every column of the row, its place, and all that came before it."""
    values = [plain(row[name]) for name in COLUMNS[shape]]
    return key.mark(before, json.dumps([seq, shape, values], separators=(",", ":")).encode())


def linked(keys: ChainKeys, head: Head, rows: Sequence[Row]) -> Iterator[Link]:
    """The links of rows that follow a head, in the order given."""
    before = head.hash
    for seq, row in enumerate(rows, head.seq + 1):
        before = hash_of(keys.current, before, seq=seq, shape=SHAPE, row=row)
        yield Link(
            seq=seq,
            audit_id=row["id"],
            key_id=keys.current.id,
            shape=SHAPE,
            hash=before,
            row=row,
        )


def plain(value: Any) -> Any:
    """A value as it is covered: the same whenever and by whichever driver it is read."""
    match value:
        case None | bool() | int() | str():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case list() | tuple():
            return [plain(one) for one in value]
    return str(value)
