"""Tells records that came as they were last time, so that they need not be read again."""

import marshal
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import TZPATH

import adapters
import domain
from adapters.rest.record import Record
from adapters.rest.vendor import Listing
from domain.appointments import Appointment
from domain.connections import Connection
from domain.origins import Known, origin
from domain.sources import Query

_MARSHAL = 2
"""The last of its versions whose bytes hang on the value alone."""

Sides = Mapping[str, Mapping[str, Any]]


class Reading:
    """The print of how a query's records are read, made anew once a name was learnt."""

    def __init__(self, known: Known, query: Query, listing: Listing[Any]) -> None:
        self.known = known
        self._query = query
        # The same record may mean something else in another listing, be it at the same address.
        read_by = getattr(listing.parse, "__qualname__", "")
        self._listing = (listing.path, dict(listing.params), read_by)
        # A PMS may be described by a package of its own.
        self._release = release(listing.parse.__module__.partition(".")[0])
        self._of: Connection | None = None
        self._print = b""

    def by(self, connection: Connection) -> bytes:
        if connection is not self._of:
            self._of = connection
            self._print = self.known.reading(
                connection,
                self._release,
                zone_rules(connection.timezone),
                self._query.practitioner_id,
                self._listing,
            )
        return self._print


class Origins:
    """The records of one page, told by print; `included` are its side lists.

    A print is of the record, of what it names in the side lists, and of all that decides what is
    made of them. What was read from anywhere else cannot be told, and has no print.
    """

    def __init__(self, known: Known, reading: bytes, included: Sides) -> None:
        self._known = known
        self._reading = reading
        self._included = included
        self._sent = b""
        self._names: frozenset[Any] = frozenset()

    def rows(self, item: Any) -> Sequence[UUID]:
        """The rows that hold this record as it is; none where it is to be read."""
        self._names = frozenset(_names(item)) if self._included else frozenset()
        beside = [
            [(name, held[name]) for name in sorted(held.keys() & self._names)]
            for held in self._included.values()
        ]
        self._sent = self._known.printed(marshal.dumps((item, beside), _MARSHAL))
        return self._known.rows.get(self._sent + self._reading, ())

    def stamped(self, rows: Sequence[Appointment], record: Record) -> Sequence[Appointment]:
        """What the record just told was read into, with its print; without where it drifted.

        Drift is told on every reading.
        """
        if record.drift or not self._names.issuperset(record.reached):
            return rows
        told = origin(self._sent, self._reading, rows=len(rows))
        for row in rows:
            row.stamp(told)
        return rows


def _names(item: Any) -> list[str]:
    """Every text in a record, the last part of every path and every number: ids are among them."""
    found: list[str] = []
    waiting = [[item]]
    for held in waiting:
        for value in held:
            kind = type(value)
            if kind is str:
                found.append(value)
                if "/" in value:
                    found.append(value.rstrip("/").rpartition("/")[2])
            elif kind is dict:
                waiting.append(value.values())
            elif kind is list:
                waiting.append(value)
            elif kind is int:
                found.append(str(value))
    return found


@cache
def release(package: str) -> str:
    """Our own code, the parser's package, and what runs them: what was mended reads all again."""
    found = sha256(f"{sys.version} {version('pms-sync')}".encode())
    for name in sorted({adapters.__name__, domain.__name__, package}):
        for path in _files(name):
            found.update(path.read_bytes())
    return found.hexdigest()


@cache
def zone_rules(name: str) -> str:
    """By what naive local times are read; countries change them."""
    for folder in TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return sha256(path.read_bytes()).hexdigest()
    return version("tzdata")


def _files(package: str) -> Iterator[Path]:
    """The sources of an imported package, or of a module that is in none."""
    module = sys.modules[package]
    for folder in getattr(module, "__path__", ()):
        yield from sorted(Path(folder).rglob("*.py"))
    if not hasattr(module, "__path__") and module.__file__:
        yield Path(module.__file__)
