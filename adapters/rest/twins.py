"""An appointment that one answer tells twice: its newest word stands, whatever came before."""

from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from adapters.rest.answers import dig
from adapters.rest.batches import Batch
from adapters.rest.envelope import Contents
from adapters.rest.instants import read_instant
from domain.appointments import Appointment
from domain.intake import row_id

LISTED_TWICE = "listed:twice"


def are_in(batch: Batch[Appointment], connection_id: UUID) -> bool:
    """Whether two records of one answer speak of the same row."""
    if len({(row.pms_id, row.patient_id) for row in batch.rows}) < len(batch.rows):
        return True
    known = set(batch.known) if batch.rows else ()
    return bool(known) and any(row_id(connection_id, row) in known for row in batch.rows)


def settle(
    batch: Batch[Appointment], contents: Contents, *, changed_at: str | None, timezone: str
) -> None:
    """Leave the rows of the record that was changed last; where none says so, of the last listed.

    Each run comes to the same, so that no row goes to and fro. A batch of which nothing is known
    already, or its other word would not be in it.
    """

    def age(place: int) -> tuple[datetime | None, int]:
        return _changed(contents.items[place], changed_at, timezone), place

    rows = sorted(zip(batch.places, batch.rows, strict=True), key=itemgetter(0))
    stands: dict[tuple[str, str], int] = {}
    given_up: set[int] = set()
    for place, row in rows:
        key = row.pms_id, row.patient_id
        before = stands.setdefault(key, place)
        if before != place:
            stands[key] = _newer(age(before), age(place))
            given_up |= {before, place} - {stands[key]}
    batch.rows = [row for place, row in rows if place not in given_up]
    batch.places = [place for place, _ in rows if place not in given_up]
    batch.drift[LISTED_TWICE] += len(given_up)


def _newer(before: tuple[datetime | None, int], after: tuple[datetime | None, int]) -> int:
    (then, place), (now, last) = before, after
    return place if then is not None and now is not None and then > now else last


def _changed(item: Any, path: str | None, timezone: str) -> datetime | None:
    told = dig(item, path) if path else None
    try:
        return read_instant(told.strip(), timezone=timezone)[0] if isinstance(told, str) else None
    except ValueError:
        return None
