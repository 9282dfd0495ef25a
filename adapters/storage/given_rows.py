"""Reads appointments as typed or scanned: a person strictly, a scan as far as it goes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage import clinicians
from adapters.storage.own_rows import Entry
from adapters.storage.sheet_values import LONGEST_TEXT, read_value
from domain.errors import BadInput
from domain.fields import Source, is_blank
from domain.names import suggestion
from domain.window import zone

PARTLY_READ = "partly_read"
"""Flag of a row of which the scan showed something that cannot be."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = text(
    """
    SELECT DISTINCT ON (clinician.position, clinician.name, clinician.id)
           clinician.id, clinician.name, connection.timezone
    FROM run_sheet_clinicians AS clinician
    LEFT JOIN pms_clinician_mappings AS mapping ON mapping.run_sheet_clinician_id = clinician.id
    LEFT JOIN pms_connections AS connection
      ON connection.id = mapping.pms_connection_id AND connection.removed_at IS NULL
    ORDER BY clinician.position, clinician.name, clinician.id, connection.timezone
    """
)
TYPED_IN = (
    "patient_name",
    "patient_phone",
    "patient_email",
    "patient_date_of_birth",
    "duration_minutes",
    "status",
    "is_telehealth",
    "notes",
)


def read_rows(
    db: Db,
    source: Source,
    rows: Sequence[Mapping[str, Any]],
    *,
    account_id: str,
    timezone: str,
) -> list[Entry]:
    """Entries of what was given; `timezone` is the account's, where a clinician tells no other.

    Take the lock of `linking.alone` first: a clinician nobody has gets a column of their own.
    """
    reader = _Reader(db, source, account_id=account_id, timezone=timezone)
    return [reader.entry(row, place=number) for number, row in enumerate(rows)]


class _Reader:
    def __init__(self, db: Db, source: Source, *, account_id: str, timezone: str) -> None:
        self._db = db
        self._source = source
        self._account = account_id
        self._timezone = timezone
        found = db.execute(_COLUMNS).all()
        self._names: dict[UUID, str] = {row.id: row.name for row in found}
        self._zones: dict[UUID, str | None] = {row.id: row.timezone for row in found}

    def entry(self, row: Mapping[str, Any], *, place: int) -> Entry:
        try:
            return self._read(row)
        except BadInput as problem:
            raise BadInput(f"appointments[{place}]: {problem}") from None

    def _read(self, row: Mapping[str, Any]) -> Entry:
        clinician = self._clinician(row)
        timezone = row.get("timezone") or (clinician and self._zones.get(clinician))
        timezone = str(timezone or self._timezone)
        start = _start(row.get("start"), timezone)
        values: dict[str, Any] = {"start": start}
        if clinician is not None:
            values["clinician"] = clinician
        flags = set()
        for name in TYPED_IN:
            try:
                self._take(values, name, row.get(name), timezone)
            except BadInput:
                if self._source is not Source.OCR:
                    raise
                flags.add(PARTLY_READ)
        kind = _words(row.get("appointment_type"), what="type")
        values |= {"appointment_type": kind} if kind else {}
        return Entry(source=self._source, timezone=timezone, values=values, flags=frozenset(flags))

    def _take(self, values: dict[str, Any], name: str, given: Any, timezone: str) -> None:
        if is_blank(given):
            return
        value = read_value(name, given, start=values["start"], timezone=timezone)
        if not is_blank(value):
            values[name] = value

    def _clinician(self, row: Mapping[str, Any]) -> UUID | None:
        chosen: UUID | None = row.get("clinician_id")
        if chosen is not None:
            if chosen not in self._names:
                raise BadInput("There is no such clinician on the sheet.")
            return chosen
        name = _words(row.get("clinician"), what="clinician")
        if name is None:
            return None
        match = suggestion(name, {str(key): known for key, known in self._names.items()}).match
        return UUID(match) if match else self._new_column(name)

    def _new_column(self, name: str) -> UUID:
        """Whoever named one so since the names were read has made ours."""
        clinicians.alone(self._db, self._account)
        there = clinicians.called(self._db, name)
        made = there[0] if there else clinicians.add_clinician(self._db, self._account, name)
        self._names[made] = name
        return made


def _start(given: Any, timezone: str) -> datetime:
    """A day and a time; on the practice's clock where it has no offset."""
    zone(timezone)
    text = str(given or "").strip()
    if len(text) < len("2026-01-01T09:00"):
        raise BadInput("Write the start as a day and a time, for example 2026-11-23T09:30.")
    found: datetime = read_value("start", text, start=EPOCH, timezone=timezone)
    return found


def _words(given: Any, *, what: str) -> str | None:
    words = " ".join(str(given or "").split())
    if len(words) > LONGEST_TEXT:
        raise BadInput(f"The {what} is too long; at most {LONGEST_TEXT} characters.")
    return words or None
