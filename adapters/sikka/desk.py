"""A practice's front desk behind Sikka: look up, find a time, write, and learn what came of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import structlog

from adapters.rest.caller import Caller
from adapters.rest.lengths import length
from adapters.rest.minimised import spots
from adapters.rest.ports import Ports
from adapters.rest.record import Record
from adapters.rest.shifts import opened
from adapters.rest.vendor import Vendor
from adapters.sikka import abilities, outcomes, patients, reading, shifts
from adapters.sikka.birthdays import Birthdays
from adapters.sikka.bodies import Request, Writer
from adapters.sikka.line import Line, PlanLacks
from adapters.sikka.office import Office
from adapters.sikka.rows import (
    APPOINTMENT_FIELDS,
    BOOK_FIELDS,
    days_asked,
    patient_elsewhere,
    starts,
)
from adapters.sikka.statuses import standing
from domain.appointments import Appointment
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
    Resource,
    Shift,
    Verdict,
)
from domain.errors import BadInput, BadRecord, Refused
from domain.minimising import Extra, without
from domain.overlaps import reaching_into
from domain.slots import OPERATORY, PRACTITIONER
from domain.sources import Spend
from domain.window import Window, days, local_day, whole_day
from domain.wishes import Booking, Move, Write
from domain.writes import ABILITY

log = structlog.get_logger()

Parse = Callable[[Record, Connection], Iterator[Appointment]]


class SikkaDesk:
    """Opened for one connection; what the office is comes from what the process keeps."""

    def __init__(
        self,
        vendor: Vendor,
        connection: Connection,
        *,
        secrets: Mapping[str, str],
        ports: Ports,
        parse: Parse,
    ) -> None:
        auth = vendor.auth_by(secrets)
        if auth is None:
            raise TypeError(f"{vendor.name} says nothing of how requests are signed")
        self._connection = connection
        self._ports = ports
        self._parse = parse
        self._caller = Caller(vendor, auth, connection, secrets, ports)
        self._line = Line(self._caller, empty_at=spots(vendor, connection.left_out))
        kept = {} if ports.codes is None else ports.codes
        self._office = Office(self._line, connection, kept=kept, clock=ports.clock)
        self._birthdays = Birthdays(kept, str(connection.id), ports.clock)

    @property
    def abilities(self) -> frozenset[Ability]:
        # The office keeps what is asked for. A cached property of Python 3.11 would have all desks
        # of the process wait for the one that asks.
        offered = abilities.abilities(self._office.pms_type, self._office.supported)
        return offered - abilities.lost(self._connection.left_out)

    @property
    def held_as(self) -> str:
        """An office that is told alone means the practice Sikka lists for it."""
        return f"sikka/{self._office.office_id}:{self._office.practice_id}".upper()

    def search_patients(self, query: PatientQuery) -> Sequence[PatientCard]:
        self._require(Ability.SEARCH_PATIENTS)
        return patients.search(
            self._line,
            self._connection,
            query,
            practice_id=self._office.practice_id,
            birthdays=self._birthdays,
        )

    def patient(self, pms_id: str) -> PatientCard | None:
        found = self._person(pms_id)
        return found[0] if found else None

    def appointments(
        self, window: Window, *, patient_id: str | None = None
    ) -> Sequence[Appointment]:
        found = self._read(self._book(window, patient_id=patient_id))
        theirs = (one for one in found if patient_id in (None, one.patient_id))
        return [one for one in theirs if one.start in window]

    def appointment(self, pms_id: str) -> Appointment | None:
        """Among the first page at most, should the filter be overlooked."""
        asked = {"appointment_sr_no": pms_id, **self._here}
        found = self._read(self._line.records("/appointments", asked, most=1))
        return next((one for one in found if one.pms_id == pms_id), None)

    def busy(self, window: Window) -> Sequence[Busy]:
        """What began before it and lasts into it, too."""
        asked = reaching_into(window)
        found = (self._taken(row, asked) for row in self._book(asked, whole=True))
        return [one for one in found if one and one.window.meets(window)]

    def shifts(self, window: Window) -> Sequence[Shift]:
        """Week by week; a week without a schedule falls back to the hours we were told."""
        people = [
            Resource(
                kind=PRACTITIONER,
                pms_id=one["provider_id"],
                name=" ".join(n for n in (one.get("firstname"), one.get("lastname")) if n),
            )
            for one in self._office.providers()
            if one.get("provider_id")
        ]
        found: list[Shift] = []
        for sunday, wanted in _weeks(window, self._connection.timezone).items():
            rows = self._schedule(sunday)
            week = shifts.scheduled(rows, wanted, self._connection, people=people)
            found += week if rows else opened(self._connection, wanted, people)
        gone = {(PRACTITIONER, one) for one in self._office.former()}
        present = [one for one in found if (one.resource.kind, one.resource.pms_id) not in gone]
        every = shifts.with_chairs(present, self._office.chairs())
        return [one for one in every if one.window.meets(window)]

    def openings(self, window: Window) -> Sequence[Opening] | None:
        if Ability.OPENINGS not in self.abilities:
            return None
        practice_id = self._office.practice_id
        return reading.openings(self._line, self._connection, window, practice_id=practice_id)

    def notes(self, patient_id: str) -> Sequence[Note]:
        self._require(Ability.READ_NOTES)
        return reading.notes(self._line, self._connection, self._of_patient(patient_id))

    def insurance(self, patient_id: str) -> Sequence[Coverage]:
        self._require(Ability.READ_INSURANCE)
        found = self._person(patient_id)
        if found is None:
            return []
        return reading.coverage(self._line, found[1], practice_id=self._office.practice_id)

    def balance(self, patient_id: str) -> Balance | None:
        self._require(Ability.READ_BALANCE)
        rows = self._line.records("/patient_balance", self._of_patient(patient_id))
        return reading.balance(rows, patient_id)

    def last_payment(self, patient_id: str) -> Paid | None:
        self._require(Ability.READ_BALANCE)
        return reading.last_payment(self._line, self._of_patient(patient_id))

    def submit(self, write: Write) -> Receipt:
        self._require(ABILITY[write.kind])
        request = self._request(write)
        body = self._line.write(request.method, request.path, request.body, **request.parts)
        return outcomes.receipt(body)

    def outcome(self, write: Write, receipt: Receipt) -> Outcome:
        if receipt.number is None:
            return self.find(write)
        return outcomes.outcome(self._line, write, receipt.number)

    def find(self, write: Write) -> Outcome:
        """In the list of what we sent, then in the book: the newest word on any that match."""
        sent_at, now = write.submitted_at, self._ports.clock()
        if sent_at is None or now - sent_at > outcomes.LONGEST_BACK:
            return self._in_the_book(write) or Outcome(verdict=Verdict.UNKNOWN)
        numbers, is_unclear = outcomes.matching(
            outcomes.sent(self._line, write),
            self._request(write),
            write,
            office_id=self._office.office_id,
        )
        words = [outcomes.outcome(self._line, write, number) for number in numbers]
        for verdict in (Verdict.DONE, Verdict.PENDING):
            for word in words:
                if word.verdict is verdict:
                    return word
        found = self._in_the_book(write)
        if found is not None:
            return found
        if is_unclear:
            return Outcome(verdict=Verdict.UNKNOWN)
        return Outcome(verdict=Verdict.FAILED, reason=outcomes.NOT_TAKEN)

    def drain_spent(self) -> Sequence[Spend]:
        return self._caller.drain_spent()

    def _require(self, ability: Ability) -> None:
        if ability not in self.abilities:
            raise Refused("The practice's system does not offer that from here.")

    def _request(self, write: Write) -> Request:
        # What was said when it left must be said again when it is looked for.
        at = write.submitted_at or self._ports.clock()
        writer = Writer(
            office=self._office,
            timezone=self._connection.timezone,
            today=local_day(at, self._connection.timezone),
            look_up=self.patient,
            voice=self._ports.voice,
        )
        return writer.request(write)

    def _in_the_book(self, write: Write) -> Outcome | None:
        wish = write.wish
        if not isinstance(wish, Booking | Move):
            return None
        around = Window(wish.start, wish.start + timedelta(minutes=1))
        for one in self.appointments(around):
            if outcomes.is_booked_as(wish, one):
                return Outcome(verdict=Verdict.DONE, pms_id=one.pms_id)
        return None

    def _book(
        self, window: Window, *, patient_id: str | None = None, whole: bool = False
    ) -> list[Record]:
        asked = {
            **days_asked(window, self._connection.timezone),
            **self._here,
        }
        if patient_id is not None:
            asked["patient_id"] = patient_id
        return self._line.records("/appointments", asked, whole=whole)

    def _read(self, rows: Sequence[Record]) -> list[Appointment]:
        """Those that can be read."""
        found: list[Appointment] = []
        for row in rows:
            try:
                read = self._parse(row, self._connection)
                if patient_elsewhere(row.fields()):
                    # Ours of the same number is somebody else.
                    read = (replace(one, patient=None) for one in read)
                found += [without(one, self._connection.left_out) for one in read]
            except BadRecord as bad:
                log.warning("vendor.record_unreadable", reason=str(bad), path=bad.path)
        return found

    @property
    def _here(self) -> Mapping[str, str]:
        """What this practice has; notes are read for whoever asks, unless it leaves them out."""
        is_left_out = Extra.NOTES in self._connection.left_out
        fields = BOOK_FIELDS if is_left_out else {"fields": APPOINTMENT_FIELDS}
        return {"practice_id": self._office.practice_id, **fields}

    def _taken(self, row: Record, asked: Window) -> Busy | None:
        """None for what is not in the way, and for what takes nobody.

        What of it cannot be read costs itself: the time is taken all the same.
        """
        resources = tuple(self._whom(row))
        if not resources or self._is_off(row):
            return None
        window = self._when(row, asked)
        if window is None:
            return None
        whose = None if patient_elsewhere(row.fields()) else row.side_id("patient_id")
        pms_id = row.side_id("appointment_sr_no")
        return Busy(window=window, resources=resources, pms_id=pms_id, patient_id=whose)

    def _whom(self, row: Record) -> Iterator[Resource]:
        """Everybody where it cannot be read who it is, and every chair where it is one."""
        people = [row.side_id("provider_id"), row.side_id("hygienist")]
        if _is_unread(row, "provider_id") or _is_unread(row, "hygienist"):
            people += [one.get("provider_id") for one in self._office.providers()]
        chairs = [row.side_id("operatory")]
        if _is_unread(row, "operatory"):
            chairs += self._office.chairs()
        for kind, ids in ((PRACTITIONER, people), (OPERATORY, chairs)):
            for pms_id in dict.fromkeys(one for one in ids if one):
                yield Resource(kind=kind, pms_id=pms_id)

    def _is_off(self, row: Record) -> bool:
        """Where it cannot be read how it stands, it stands."""
        try:
            return standing(row, self._connection).status in outcomes.NOT_TAKING
        except BadRecord as bad:
            log.warning("vendor.record_unreadable", reason=str(bad), path=bad.path)
            return False

    def _when(self, row: Record, asked: Window) -> Window | None:
        """All its day where its time cannot be read, and all that was asked for without its day.

        Nobody else is booked into what may be its time.
        """
        if not str(row.raw("time") or "").strip():
            return None
        try:
            start = starts(row, self._connection)
            told = row.minutes("length")
            if told is None and row.raw("length"):
                raise row.bad("length", "not a length")
            return Window(start, start + length(row, self._connection, start=start, minutes=[told]))
        except BadRecord as bad:
            log.warning("vendor.record_unreadable", reason=str(bad), path=bad.path)
        try:
            day = date.fromisoformat(row.text("date")[: len("2026-06-02")])
            return whole_day(day, self._connection.timezone)
        except (BadRecord, ValueError, BadInput):
            return asked

    def _schedule(self, sunday: date) -> list[Record]:
        asked = {"practice_id": self._office.practice_id, "date": sunday.isoformat()}
        try:
            return self._line.records("/practice_schedule", asked)
        except PlanLacks:
            return []

    def _person(self, pms_id: str) -> tuple[PatientCard, Record] | None:
        practice_id = self._office.practice_id
        return patients.by_id(self._line, self._connection, pms_id, practice_id=practice_id)

    def _of_patient(self, patient_id: str) -> dict[str, str]:
        return {"patient_id": patient_id, "practice_id": self._office.practice_id}


def _weeks(window: Window, timezone: str) -> dict[date, list[date]]:
    """The days of the window by the Sunday their week begins with."""
    last = local_day(max(window.start, window.end - timedelta(microseconds=1)), timezone)
    found: dict[date, list[date]] = {}
    for day in days(local_day(window.start, timezone), last):
        found.setdefault(shifts.sunday_of(day), []).append(day)
    return found


def _is_unread(row: Record, path: str) -> bool:
    """Whether something stands there of which nobody can say what it is."""
    is_told = bool(str(row.raw(path) if row.has(path) else "").strip())
    return is_told and row.side_id(path) is None
