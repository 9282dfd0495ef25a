"""What the records of one answer come to: rows, rejects and drift."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from adapters.rest.envelope import Contents
from adapters.rest.record import Record, id_in
from adapters.rest.references import SetAside
from adapters.rest.surroundings import Surroundings
from adapters.rest.vendor import Listing
from domain.appointments import Appointment
from domain.connections import Connection
from domain.errors import BadRecord, EndlessListing
from domain.sources import Query, Reject

_T = TypeVar("_T")

MOST_LISTED = 20_000
"""Practitioners, types or practices: of some vendors all that an application may see."""

MOST_OF_ONE = 1_000
"""Rows that one record may be made into: no group has so many patients."""

CANNOT_BE_HAD = (
    "the PMS does not let us read this, which the appointment names, or answers with something"
    " else; the row shows what the appointment itself says, and a later sync asks again"
)


@dataclass(slots=True)
class Batch(Generic[_T]):
    """What the records of one answer came to; `unread` is what rows had to do without.

    `places` say of each row which record of the answer it was read from.
    """

    rows: list[_T] = field(default_factory=list, repr=False)
    places: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    drift: Counter[str] = field(default_factory=Counter)
    known: list[UUID] = field(default_factory=list)
    unread: list[Reject] = field(default_factory=list)


class Knowing(Protocol):
    """Tells records that came before, and marks those that are read for the next time."""

    def rows(self, item: Any) -> Sequence[UUID]:
        """The rows that hold this record as it is; none where it is to be read."""

    def stamped(self, rows: Sequence[Any], record: Record) -> Sequence[Any]:
        """What the record just asked for was read into."""


def parsed(
    listing: Listing[_T],
    contents: Contents,
    connection: Connection,
    around: Surroundings,
    *,
    origins: Knowing | None = None,
) -> Batch[_T]:
    """Every record in our words; one that cannot be read is set aside, the others kept.

    What waits for something else to be asked for once more is read after the others.
    """
    batch: Batch[_T] = Batch()
    todo: Sequence[tuple[int, Any]] = list(enumerate(contents.items))
    while todo:
        todo = _read(todo, batch, listing, connection, around, origins=origins)
    return batch


def _read(
    todo: Sequence[tuple[int, Any]],
    batch: Batch[_T],
    listing: Listing[_T],
    connection: Connection,
    around: Surroundings,
    *,
    origins: Knowing | None,
) -> Sequence[tuple[int, Any]]:
    """Those that have to wait; each waits once for each thing it refers to."""
    waiting: list[tuple[int, Any]] = []
    for index, item in todo:
        if origins is not None and (known := origins.rows(item)):
            batch.known += known
            continue
        around.unread.clear()
        where = f"{listing.wrapping.label}[{index}]"
        try:
            record = Record(item, where=where, around=around)
            rows: Sequence[_T] = _few(listing.parse(record, connection), where)
        except SetAside:
            waiting.append((index, item))
            continue
        except BadRecord as bad:
            batch.rejects.append(_reject(bad, item, id_at=listing.id_at))
            continue
        if around.unread:
            batch.unread += _unread(around.unread, item, id_at=listing.id_at)
        if not listing.expects <= item.keys():
            record.drift += [f"missing:{key}" for key in listing.expects - item.keys()]
        if record.drift:
            batch.drift.update(record.drift)
        batch.rows += rows if origins is None else origins.stamped(rows, record)
        batch.places += [index] * len(rows)
    return waiting


def _few(rows: Iterable[_T], where: str) -> Sequence[_T]:
    """What one record is made into, where that can be true."""
    found = list(islice(rows, MOST_OF_ONE + 1))
    if len(found) > MOST_OF_ONE:
        raise BadRecord(f"makes more than {MOST_OF_ONE} rows", path=where)
    return found


def must_be_short(batches: Sequence[Batch[Any]], *, named: str) -> None:
    """What is held as one would take all memory there is, were it never to end."""
    if sum(len(one.rows) + len(one.rejects) for one in batches) > MOST_LISTED:
        raise EndlessListing(f"{named} lists more than {MOST_LISTED}")


def within(query: Query, rows: list[Appointment]) -> list[Appointment]:
    """Only what was asked for, and each row under a practitioner where the query names one."""
    window = query.window
    if window is not None:
        rows = [row for row in rows if window.start <= row.start < window.end]
    if query.practitioner_id is None:
        return rows
    return [
        row if row.practitioner_id else replace(row, practitioner_id=query.practitioner_id)
        for row in rows
    ]


def with_names(row: Appointment, known: Connection) -> Appointment:
    kind, person = row.type_name, row.practitioner_name
    if kind is None and row.type_id is not None and row.type_id in known.types:
        kind = known.types[row.type_id].name
    if person is None and row.practitioner_id is not None:
        person = known.practitioners.get(row.practitioner_id)
    if (kind, person) == (row.type_name, row.practitioner_name):
        return row
    return replace(row, type_name=kind, practitioner_name=person)


def _unread(paths: Sequence[str], item: Any, *, id_at: str) -> list[Reject]:
    told = dict.fromkeys(paths)
    return [Reject(path=path, reason=CANNOT_BE_HAD, pms_id=id_in(item, id_at)) for path in told]


def _reject(bad: BadRecord, item: Any, *, id_at: str) -> Reject:
    return Reject(path=bad.path, reason=str(bad), pms_id=id_in(item, id_at))


def hides_some(batch: Batch[Any], *, probe_by_id: bool) -> bool:
    """Whether a record cannot be read and does not say which it is.

    Its row would look gone, unless each is asked for by its id before it leaves the sheet.
    """
    return not probe_by_id and any(one.pms_id is None for one in batch.rejects)


def is_loading(listing: Listing[Any], contents: Contents) -> bool:
    """Whether the vendor says that it has not got everything yet."""
    if listing.loading is None:
        return False
    header, word = listing.loading
    return contents.headers.get(header, "").strip().casefold() == word


def with_parts(params: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, str]:
    """A parameter `{id}` stands for the part of that name."""
    braced = {f"{{{name}}}": value for name, value in parts.items()}
    return {name: braced.get(value, value) for name, value in params.items()}
