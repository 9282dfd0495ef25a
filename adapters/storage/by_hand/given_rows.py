"""Reads appointments as typed or scanned: a person strictly, a scan as far as it goes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.own_rows import Entry, Refused
from adapters.storage.by_hand.sheet_values import LONGEST_TEXT, read_value
from adapters.storage.practices import clinicians
from domain.errors import BadInput
from domain.fields import Source, is_blank
from domain.names import clinician, suggestion
from domain.window import zone

PARTLY_READ = "partly_read"
"""Flag of a row of which the scan showed something that cannot be."""
CLINICIAN_AS_READ = "clinician_as_read:"
"""Flag of a scanned row, with the clinician it names where nobody is called that."""
BLOCK = "block"
SCANS_REACH = timedelta(days=2 * 366)
"""A scan shows days around today's; what is further off was misread."""
LEAST_LETTERS = 2
LONGEST_FLAG = 80

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# By the clock of the practice whose clinician it is, or was while none is connected in its place.
_COLUMNS = text(
    """
    SELECT DISTINCT ON (clinician.position, clinician.name, clinician.id)
           clinician.id, clinician.name, connection.timezone
    FROM run_sheet_clinicians AS clinician
    LEFT JOIN pms_clinician_mappings AS mapping ON mapping.run_sheet_clinician_id = clinician.id
    LEFT JOIN pms_connections AS connection ON connection.id = mapping.pms_connection_id
    ORDER BY clinician.position, clinician.name, clinician.id, connection.removed_at DESC,
             connection.timezone
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
    timezone: str,
    hand: Hand,
) -> list[Entry | Refused]:
    """Entries of what was given; `timezone` is the account's, where a clinician tells no other.

    A person hears of the first row that cannot be; of a scan the others go on without it. Take the
    lock of `linking.alone` first: a clinician whom a person names gets a column of their own.
    """
    reader = _Reader(db, source, timezone=timezone, hand=hand)
    return [reader.entry(row, place=number) for number, row in enumerate(rows)]


class _Reader:
    def __init__(self, db: Db, source: Source, *, timezone: str, hand: Hand) -> None:
        self._db = db
        self._source = source
        self._hand = hand
        self._timezone = timezone
        found = db.execute(_COLUMNS).all()
        self._names: dict[UUID, str] = {row.id: row.name for row in found}
        self._zones: dict[UUID, str | None] = {row.id: row.timezone for row in found}

    @property
    def _is_scan(self) -> bool:
        return self._source is Source.OCR

    def entry(self, row: Mapping[str, Any], *, place: int) -> Entry | Refused:
        try:
            return self._read(row)
        except BadInput as problem:
            if self._is_scan:
                return Refused(str(problem))
            raise BadInput(f"appointments[{place}]: {problem}") from None

    def _read(self, row: Mapping[str, Any]) -> Entry:
        flags: set[str] = set()
        column = self._clinician(row, flags)
        timezone = row.get("timezone") or (column and self._zones.get(column))
        timezone = str(timezone or self._timezone)
        values: dict[str, Any] = {"start": self._start(row.get("start"), timezone)}
        if column is not None:
            values["clinician"] = column
        for name in TYPED_IN:
            try:
                self._take(values, name, row.get(name), timezone)
            except BadInput:
                if not self._is_scan:
                    raise
                flags.add(PARTLY_READ)
        if row.get("kind") != BLOCK and "patient_name" not in values:
            raise BadInput(
                "Whose appointment is it? Give patient_name; for blocked time, kind 'block'."
            )
        kind = _words(row.get("appointment_type"), what="type")
        values |= {"appointment_type": kind} if kind else {}
        return Entry(source=self._source, timezone=timezone, values=values, flags=frozenset(flags))

    def _take(self, values: dict[str, Any], name: str, given: Any, timezone: str) -> None:
        if is_blank(given.strip() if isinstance(given, str) else given):
            return
        value = read_value(name, given, start=values["start"], timezone=timezone)
        if not is_blank(value):
            values[name] = value

    def _start(self, given: Any, timezone: str) -> datetime:
        start = _start(given, timezone)
        if self._is_scan and abs(start - self._hand.at) > SCANS_REACH:
            raise BadInput("The day is more than two years off; it was misread.")
        return start

    def _clinician(self, row: Mapping[str, Any], flags: set[str]) -> UUID | None:
        chosen: UUID | None = row.get("clinician_id")
        if chosen is not None:
            if chosen not in self._names:
                raise BadInput("There is no such clinician on the sheet.")
            return chosen
        name = _words(row.get("clinician"), what="clinician")
        if name is None:
            return None
        found = self._called(name)
        if found is None and self._is_scan:
            flags.add(f"{CLINICIAN_AS_READ}{name[:LONGEST_FLAG]}")
            return None
        return found or self._new_column(name)

    def _called(self, name: str) -> UUID | None:
        """Whom they mean; one without a name is called as the sheet shows them."""
        shown = [key for key, known in self._names.items() if clinician(known) == name]
        if len(shown) == 1:
            return shown[0]
        match = suggestion(name, {str(key): known for key, known in self._names.items()}).match
        return UUID(match) if match else None

    def _new_column(self, name: str) -> UUID:
        """Whoever named one so since the names were read has made ours."""
        if sum(letter.isalpha() for letter in name) < LEAST_LETTERS:
            raise BadInput("That is not a clinician's name; write it out, or choose one.")
        account = self._hand.account_id
        clinicians.alone(self._db, account)
        there = clinicians.called(self._db, name)
        made = there[0] if there else clinicians.add_clinician(self._db, account, name)
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
    if not words.isprintable():
        raise BadInput(f"The {what} has characters that cannot be shown.")
    return words or None
