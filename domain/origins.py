"""Prints of records as a PMS sent them: what is known by one need not be read again."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from domain.connections import Connection

SET_ELSEWHERE = frozenset(
    {
        "name",
        "state",
        "secret_ref",
        "frequency_minutes",
        "last_sync_at",
        "opening_hours",
        "auto_push",
        "auto_create",
        "adaptive",
        "emptied",
    }
)
"""What a connection has that no record is read by; whatever is added to it counts until named."""

READING_BYTES = 8
COUNT_BYTES = 2


@dataclass(frozen=True, slots=True)
class Known:
    """What is held of a slice: the rows each record was made into, by its print and its reading.

    `printed` is the keyed print of a document; `connection` is the one rows are filed by.
    """

    rows: Mapping[bytes, Sequence[UUID]] = field(repr=False)
    printed: Callable[[bytes], bytes] = field(repr=False)
    connection: Connection

    def reading(self, connection: Connection, *more: object) -> bytes:
        """The print of all else that decides what a record becomes: settings, names, and `more`.

        The source knows of no columns before a first run has made them, and of as many people as it
        happened to ask for: their names reach no row.
        """
        by_source = {**_told(connection), "clinicians": None, "practitioners": None}
        document = json.dumps(
            (_told(self.connection), by_source, more), sort_keys=True, default=str
        )
        return self.printed(document.encode())[-READING_BYTES:]


def _told(connection: Connection) -> dict[str, Any]:
    told = {key: value for key, value in asdict(connection).items() if key not in SET_ELSEWHERE}
    return {**told, "telehealth_types": sorted(connection.telehealth_types)}


def origin(sent: bytes, reading: bytes, *, rows: int) -> bytes:
    """What a row keeps of the record it was made of, and with how many others."""
    return sent + reading + rows.to_bytes(COUNT_BYTES)


def is_whole(told: bytes, rows: int) -> bool:
    """Whether that many rows are all that the record was made into."""
    return rows == int.from_bytes(told[-COUNT_BYTES:])


def record_of(told: bytes) -> bytes:
    """The print of the record and of its reading, as `Known` has it."""
    return told[:-COUNT_BYTES]


def is_read_otherwise(held: bytes | None, now: bytes | None) -> bool:
    """The row's record was last read under other settings, by other code, or nobody said how.

    Where only the record itself differs the PMS sends something new each time: no print is kept of
    it, for it would cost a write on each reading and be known at none.
    """
    return now is not None and (held is None or _reading(held) != _reading(now))


def _reading(told: bytes) -> bytes:
    return told[-READING_BYTES - COUNT_BYTES : -COUNT_BYTES]
