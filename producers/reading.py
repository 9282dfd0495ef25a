"""How much of patients a person reads is counted and bounded: nobody carries the sheet away."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.audit.patient_reading import DAY, ReadEnough, Reader
from adapters.storage.runs.previews import Line
from adapters.storage.runs.runs import LoggedRun
from adapters.storage.sheet.sheet_pages import Size
from domain.accesses import LIMITED
from domain.wide import ColumnTally
from producers.doors import Door
from producers.problems import Problem

NOBODYS = "nobody"
"""The part of a day that is the column of rows without a clinician."""
BOUNDED: dict[int | str, dict[str, Any]] = {
    429: {"description": "You have read all the patient rows one person may in an hour or a day."}
}


@contextmanager
def reading(door: Door, *, much: bool = False) -> Iterator[Db]:
    """The door's transaction, or 429; before what may be `much` it is looked whether it may be."""
    try:
        with door.transaction() as db:
            if much:
                _reader(door).check(db)
            yield db
    except ReadEnough as enough:
        _note(door, enough)
        raise _problem(enough, now=door.ports.clock()) from None


def count_days(
    db: Db, door: Door, days: Mapping[date, Size], *, connection_id: UUID | None = None
) -> None:
    """Days of the sheet; before they are read, so that what is refused costs next to nothing."""
    part = str(connection_id or "")
    counts = {(day, part): one.patients for day, one in days.items() if one.patients}
    _reader(door).count(db, days=counts)


def count_preview(db: Db, door: Door, run: LoggedRun, lines: Sequence[Line]) -> None:
    """Lines of patients by their days; opened again on the same day they cost nothing."""
    part = f"run {run.id}"
    days = Counter((_day_of(one, run), part) for one in lines if one.get("patient_name"))
    _reader(door).count(db, days=days)


def _day_of(line: Line, run: LoggedRun) -> date:
    """Within the run's own days, whatever day it is in UTC."""
    start = line.get("start")
    return min(max(start.date(), run.day_from), run.day_to) if start else run.day_from


def count_columns(db: Db, door: Door, day: date, columns: Sequence[ColumnTally]) -> None:
    """Columns of a day, each by itself: it counts once, in whatever choice of columns it is."""
    days = {(day, str(one.id or NOBODYS)): one.patients for one in columns if one.patients}
    _reader(door).count(db, days=days)


def count_rows(db: Db, door: Door, rows: int) -> None:
    """Rows that are not of a day of the sheet."""
    _reader(door).count(db, more=rows)


def count_each(db: Db, door: Door, entry_ids: Iterable[UUID]) -> None:
    """Rows that are opened one by one: each counts once on a day, so a list may renew itself."""
    today = door.ports.clock().astimezone(UTC).date()
    _reader(door).count(db, days={(today, f"row {one}"): 1 for one in entry_ids})


def _reader(door: Door) -> Reader:
    return Reader(
        account_id=door.account_id,
        person=door.person.name,
        at=door.ports.clock().astimezone(UTC),
        limits=door.ports.reading,
    )


def _note(door: Door, enough: ReadEnough) -> None:
    """In a transaction of its own: that of the reading is taken back."""
    with door.transaction() as db:
        record(
            db,
            door.access,
            account_id=door.account_id,
            action=LIMITED,
            summary=f"{enough.most} rows read within the {enough.span}",
            status=HTTPStatus.TOO_MANY_REQUESTS,
            success=False,
        )


def _problem(enough: ReadEnough, *, now: datetime) -> Problem:
    setting = "READ_ROWS_A_DAY" if enough.span == DAY else "READ_ROWS_AN_HOUR"
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"You have read {enough.most:,} patient rows within this {enough.span}; go on at"
        f" {enough.until:%H:%M} UTC, or have {setting} raised if your work needs more.",
        headers={"Retry-After": str(max(1, math.ceil((enough.until - now).total_seconds())))},
    )
