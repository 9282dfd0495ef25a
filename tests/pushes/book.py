"""A PMS that is a dictionary and takes changes: each row has a mark that every write renews."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from domain.appointments import (
    Appointment,
    AppointmentType,
    Patient,
    Practice,
    Practitioner,
    Status,
)
from domain.connections import Connection
from domain.desk import (
    Ability,
    Balance,
    Busy,
    Coverage,
    Note,
    Opening,
    Outcome,
    Paid,
    PatientCard,
    PatientQuery,
    Receipt,
    Shift,
    Verdict,
)
from domain.errors import Gone, Refused
from domain.pushes import ChangedThere
from domain.sources import Capabilities, Page, Query, Sighting, Spend
from domain.window import Window
from domain.wishes import Booking, Cancellation, LastTold, Move, StatusChange, Write

DAY = date(2031, 6, 3)
NINE = datetime(2031, 6, 3, 13, tzinfo=UTC)
ANN, BEN = "col-1", "col-2"
COLUMNS = {ANN: "Dr Ann Example", BEN: "Dr Ben Example"}


@dataclass
class Visit:
    """One row of the book."""

    start: datetime
    minutes: int = 30
    column: str = ANN
    status: str = "booked"
    patient_id: str = "p-1"
    version: int = 0

    def appointment(self, pms_id: str, people: Mapping[str, Patient]) -> Appointment:
        return Appointment(
            pms_id=pms_id,
            start=self.start,
            end=self.start + timedelta(minutes=self.minutes),
            status=Status(self.status),
            patient=people[self.patient_id],
            practitioner_id=self.column,
            practitioner_name=COLUMNS[self.column],
            version=f"v{self.version}" if self.version else None,
            facility_id="f-1",
        )


@dataclass
class Book:
    """The PMS, read and written. `before` happens before a write is done, `after` after it.

    `during` happens between the reading of a page and its arrival. One that `is_silent` does not
    tell what became of a write; one without `has_marks` has nothing to tell one version of a row
    from another; visits in `hidden` are there but not shown. `hears` is told of every write.
    """

    visits: dict[str, Visit] = field(default_factory=dict)
    people: dict[str, Patient] = field(default_factory=dict)
    before: list[Any] = field(default_factory=list)
    after: list[Any] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    during: list[Any] = field(default_factory=list)
    is_silent: bool = False
    has_marks: bool = True
    hidden: set[str] = field(default_factory=set)
    hears: Any = None
    lost: dict[str, str] = field(default_factory=dict)
    abilities: frozenset[Ability] = frozenset(Ability)
    held_as: str = "BOOK"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(probe_by_id=True))
    _marks: Any = field(default_factory=lambda: count(1))

    def __call__(self, connection: Connection) -> "Book":
        return self

    def desk(self, connection: Connection) -> "Book":
        return self

    # What the practice's own staff do.

    def books(self, pms_id: str, **about: Any) -> None:
        about.setdefault("start", NINE)
        self.visits[pms_id] = Visit(**about, version=self._mark())

    def changes(self, pms_id: str, **about: Any) -> None:
        visit = self.visits[pms_id]
        for name, value in about.items():
            setattr(visit, name, value)
        visit.version = self._mark()

    def _mark(self) -> int:
        return next(self._marks) if self.has_marks else 0

    # What is read of it.

    def practice(self) -> Practice:
        return Practice(site="book")

    def practitioners(self) -> Sequence[Practitioner]:
        return [Practitioner(pms_id=one, full_name=name) for one, name in COLUMNS.items()]

    def types(self) -> Sequence[AppointmentType]:
        return []

    def queries(
        self, window: Window, practitioners: Sequence[Practitioner], *, since: str | None = None
    ) -> Sequence[Query]:
        return [Query(key="all", window=window)]

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        assert query.window is not None
        found = [self._told(one) for one in sorted(self.visits.keys() - self.hidden)]
        self._happens(self.during)
        yield Page(records=[one for one in found if one.start in query.window], is_last=True)

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        shown = self.visits.keys() - self.hidden
        return [self._told(pms_id)] if pms_id in shown else None

    def look_again(self, pms_id: str, *, days: Sequence[date]) -> Sighting:
        return Sighting.by_id(self.probe(pms_id))

    def renew(self) -> datetime | None:
        return None

    def outdated(self) -> str | None:
        return None

    def drain_spent(self) -> Sequence[Spend]:
        return []

    def _told(self, pms_id: str) -> Appointment:
        return self.visits[pms_id].appointment(pms_id, self.people)

    # What is written to it.

    def submit(self, write: Write) -> Receipt:
        self._happens(self.before)
        pms_id = self._done(write)
        self.writes.append(write)
        self.lost[write.marker] = pms_id
        self._happens(self.after)
        return Receipt(is_final=True, pms_id=pms_id)

    def find(self, write: Write) -> Outcome:
        if self.is_silent:
            return Outcome(verdict=Verdict.PENDING)
        if write.marker in self.lost:
            return Outcome(verdict=Verdict.DONE, pms_id=self.lost[write.marker])
        return Outcome(verdict=Verdict.FAILED)

    def outcome(self, write: Write, receipt: Receipt) -> Outcome:
        return self.find(write)

    def _happens(self, what: list[Any]) -> None:
        if not what:
            return
        now = what.pop(0)
        if isinstance(now, Exception):
            raise now
        if now is not None:
            now()

    def _done(self, write: Write) -> str:
        wish = write.wish
        if isinstance(wish, Booking):
            pms_id = f"new-{len(self.visits) + 1}"
            self.books(
                pms_id,
                start=wish.start,
                minutes=wish.minutes,
                column=wish.practitioner_id,
                patient_id=wish.patient_id,
            )
            return pms_id
        assert isinstance(wish, Move | Cancellation | StatusChange)
        visit = self.visits.get(wish.appointment_id)
        if visit is None:
            raise Gone("The book has no such visit.")
        now = visit.appointment(wish.appointment_id, self.people)
        if wish.expected_version != now.version or not _is_as_told(wish.last_told, now):
            raise ChangedThere("The book has changed it.")
        self._write(wish, visit)
        return wish.appointment_id

    def _write(self, wish: Move | Cancellation | StatusChange, visit: Visit) -> None:
        if self.hears is not None:
            self.hears.writes(wish, visit)
        if isinstance(wish, Move):
            if self._is_taken(wish):
                raise Refused("That time is taken in the book.")
            visit.start, visit.minutes = wish.start, wish.minutes
            visit.column = wish.practitioner_id
        elif isinstance(wish, Cancellation):
            visit.status = "cancelled"
        else:
            visit.status = wish.status
        visit.version = self._mark()

    def _is_taken(self, wish: Move) -> bool:
        return any(
            one.column == wish.practitioner_id and one.start == wish.start
            for pms_id, one in self.visits.items()
            if pms_id != wish.appointment_id and one.status != "cancelled"
        )

    # What a desk can be asked besides.

    def search_patients(self, query: PatientQuery) -> Sequence[PatientCard]:
        wanted = (query.last_name or "").casefold()
        return [
            PatientCard(patient=one)
            for one in self.people.values()
            if (one.last_name or "").casefold() == wanted
        ][: query.limit]

    def patient(self, pms_id: str) -> PatientCard | None:
        return PatientCard(patient=self.people[pms_id]) if pms_id in self.people else None

    def appointments(
        self, window: Window, *, patient_id: str | None = None
    ) -> Sequence[Appointment]:
        return [one for one in map(self._told, self.visits) if one.start in window]

    def appointment(self, pms_id: str) -> Appointment | None:
        return next((one for one in map(self._told, self.visits) if one.pms_id == pms_id), None)

    def busy(self, window: Window) -> Sequence[Busy]:
        return []

    def shifts(self, window: Window) -> Sequence[Shift]:
        return []

    def openings(self, window: Window) -> Sequence[Opening] | None:
        return None

    def notes(self, patient_id: str) -> Sequence[Note]:
        return []

    def insurance(self, patient_id: str) -> Sequence[Coverage]:
        return []

    def balance(self, patient_id: str) -> Balance | None:
        return None

    def last_payment(self, patient_id: str) -> Paid | None:
        return None


def _is_as_told(told: LastTold | None, now: Appointment) -> bool:
    assert told is not None
    says = {
        "start": now.start,
        "minutes": now.duration_minutes,
        "status": now.status.value,
        "practitioner_id": now.practitioner_id,
    }
    return all(getattr(told, name) in (None, value) for name, value in says.items())
