"""A seeded practice that can be made for any days and edited as its staff would."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from simulators import bookings, people
from simulators.chance import chance, share_of
from simulators.days import day_of, instant
from simulators.keeping import WHOLE, Keeping
from simulators.records import Appointment, AppointmentType, Meaning, Patient, Practice

KEPT_CHANGES = 100_000
MONTH_MINUTES = 30 * 24 * 60


@dataclass(frozen=True, slots=True)
class Change:
    version: int
    kind: str
    appointment_id: str | None
    patient_id: str | None


def make(  # noqa: PLR0913 - a world has that many dials
    *,
    seed: object,
    practitioners: int = 30,
    appointments_per_day: int = 400,
    timezone: str = "Australia/Melbourne",
    days: Iterable[date] = (),
    hidden_works: bool = False,
    keeping: Keeping = WHOLE,
) -> "Clinic":
    """A day is the same whichever other days are made with it."""
    country = "US" if timezone.startswith(("America/", "US/")) else "AU"
    practice = Practice(
        zone=ZoneInfo(timezone),
        practitioners=people.practitioners(chance(seed, "practitioners"), practitioners),
        patients=people.patients(
            chance(seed, "patients"), max(40, 2 * appointments_per_day), country
        ),
        types=bookings.types(chance(seed, "types")),
        hidden_works=hidden_works,
    )
    practice = _renumbered(practice, keeping)
    clinic = Clinic(practice, days=days, country=country, keeping=keeping)
    for day in clinic.days:
        clinic.fill(bookings.fill(practice, day, appointments_per_day, chance(seed, day)))
    return clinic


def _renumbered(practice: Practice, keeping: Keeping) -> Practice:
    ids = keeping.ids
    return replace(
        practice,
        practitioners=tuple(
            replace(each, id=ids("practitioner", each.id)) for each in practice.practitioners
        ),
        patients=tuple(replace(each, id=ids("patient", each.id)) for each in practice.patients),
        types=tuple(replace(each, id=ids("type", each.id)) for each in practice.types),
    )


class Clinic:
    """The truth of one practice; every edit raises `version` by one."""

    def __init__(
        self,
        practice: Practice,
        *,
        days: Iterable[date],
        country: str,
        keeping: Keeping = WHOLE,
    ) -> None:
        self.zone = practice.zone
        self.practice = practice
        self.days = tuple(days)
        self.country = country
        self.keeping = keeping
        self.version = 0
        self.lock = threading.RLock()
        self.practitioners = {each.id: each for each in practice.practitioners}
        self.types = {each.id: each for each in practice.types}
        self.patients = {each.id: each for each in practice.patients}
        self.appointments: dict[str, Appointment] = {}
        self.deleted: dict[str, Appointment] = {}
        self.changes: deque[Change] = deque(maxlen=KEPT_CHANGES)
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.made_at = self.now()
        self.added_at: dict[str, datetime] = {}
        self.touched_at: dict[str, datetime] = {}  # appointments and patients edited since
        self.watchers: list[Callable[[Change], None]] = []
        self._books: dict[str, dict[str, Appointment]] = {id_: {} for id_ in self.practitioners}

    def fill(self, appointments: Iterable[Appointment]) -> None:
        with self.lock:
            for appointment in appointments:
                self._put(appointment)

    def book(self, practitioner_id: str) -> list[Appointment]:
        """All of one practitioner's appointments, in no order."""
        with self.lock:
            return list(self._books[practitioner_id].values())

    def type_of(self, appointment: Appointment) -> AppointmentType | None:
        return self.types.get(appointment.type_id or "")

    def day_of(self, appointment: Appointment) -> date:
        return day_of(appointment.start, self.zone)

    def created_at(self, id_: str) -> datetime:
        """Of an appointment or patient; those there from the start came in the month before."""
        if id_ in self.added_at:
            return self.added_at[id_]
        opened = instant(self.days[0], 0, self.zone) if self.days else self.made_at
        return min(opened, self.made_at) - timedelta(minutes=1 + int(share_of(id_) * MONTH_MINUTES))

    def updated_at(self, id_: str) -> datetime:
        return self.touched_at.get(id_) or self.created_at(id_)

    def reschedule(self, appointment_id: str, start: datetime) -> None:
        self._edit("reschedule", appointment_id, start=start)

    def reassign(self, appointment_id: str, practitioner_id: str) -> None:
        if practitioner_id not in self.practitioners:
            raise KeyError(practitioner_id)
        self._edit("reassign", appointment_id, practitioner_id=practitioner_id)

    def cancel(self, appointment_id: str) -> None:
        at = self.appointments[appointment_id].start - timedelta(hours=1)
        self._edit("cancel", appointment_id, meaning=Meaning.CANCELLED, cancelled_at=at)

    def arrive(self, appointment_id: str) -> None:
        with self.lock:
            found = self.appointments[appointment_id]
            at = found.start - timedelta(minutes=5)
            here = tuple(replace(each, arrived_at=at) for each in found.attendees)
            self._edit("arrive", appointment_id, meaning=Meaning.ARRIVED, attendees=here)

    def mark(self, appointment_id: str, meaning: Meaning) -> None:
        """Any other status; nobody is here yet."""
        with self.lock:
            found = self.appointments[appointment_id]
            away = tuple(replace(each, arrived_at=None) for each in found.attendees)
            self._edit("mark", appointment_id, meaning=meaning, attendees=away, cancelled_at=None)

    def annotate(self, appointment_id: str, notes: str | None) -> None:
        self._edit("annotate", appointment_id, notes=notes)

    def delete(self, appointment_id: str) -> None:
        with self.lock:
            found = self.appointments.pop(appointment_id)
            del self._books[found.practitioner_id][appointment_id]
            self.deleted[appointment_id] = found
            self._changed("delete", appointment_id=appointment_id)

    def add(self, appointment: Appointment) -> Appointment:
        with self.lock:
            added = self._put(appointment)
            self.added_at[added.id] = self.now()
            self._changed("add", appointment_id=added.id)
            return added

    def revise(self, appointment: Appointment) -> Appointment:
        """Put another version in the place of the one with the same id."""
        with self.lock:
            found = self.appointments[appointment.id]
            del self._books[found.practitioner_id][found.id]
            revised = self._put(appointment)
            self._changed("revise", appointment_id=revised.id)
            return revised

    def register(self, patient: Patient) -> Patient:
        """Somebody new; no change to the book yet, so the version stays."""
        with self.lock:
            known = replace(patient, id=self.keeping.ids("patient", patient.id))
            self.patients[known.id] = known
            self.added_at[known.id] = self.now()
            self._tell(Change(self.version, "register", None, known.id))
            return known

    def rename(self, patient_id: str, first: str | None, last: str) -> None:
        self._amend("rename", patient_id, first=first, last=last)

    def rephone(self, patient_id: str, phone: str) -> None:
        with self.lock:
            others = self.patients[patient_id].phones[1:]
            self._amend("rephone", patient_id, phones=(phone, *others))

    def _edit(self, kind: str, appointment_id: str, **fields: object) -> None:
        with self.lock:
            found = self.appointments[appointment_id]
            del self._books[found.practitioner_id][appointment_id]
            self._put(replace(found, **fields))  # type: ignore[arg-type] # named by our own edits
            self._changed(kind, appointment_id=appointment_id)

    def _amend(self, kind: str, patient_id: str, **fields: object) -> None:
        with self.lock:
            found = self.patients[patient_id]
            self.patients[patient_id] = replace(found, **fields)  # type: ignore[arg-type] # as above
            self._changed(kind, patient_id=patient_id)

    def _put(self, appointment: Appointment) -> Appointment:
        known = replace(appointment, id=self.keeping.ids("appointment", appointment.id))
        kept = self.keeping.holds(known, self.practice)
        self.appointments[kept.id] = kept
        self._books[kept.practitioner_id][kept.id] = kept
        return kept

    def _changed(
        self, kind: str, *, appointment_id: str | None = None, patient_id: str | None = None
    ) -> None:
        self.version += 1
        change = Change(self.version, kind, appointment_id, patient_id)
        self.changes.append(change)
        self._tell(change)

    def _tell(self, change: Change) -> None:
        touched = change.appointment_id or change.patient_id or ""
        self.touched_at[touched] = self.now()
        for watcher in self.watchers:
            watcher(change)
