"""A practice's desk that answers from a script, and a phone call that asks it through the tools."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID, uuid4

from domain.appointments import Appointment, Patient, Status
from domain.connections import Connection, KnownType
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
from domain.errors import SyncError
from domain.names import read
from domain.sameness import again
from domain.slots import OPERATORY, PRACTITIONER, BookingRules
from domain.sources import Spend
from domain.tools import ToolAnswer, ToolRequest
from domain.window import Window
from domain.wishes import Booking, Cancellation, Move, NewPatient, Write, WriteKind
from domain.writes import (
    MAY_STAND,
    NEXT,
    NOT_YET_SENT,
    OPEN,
    SETTLED,
    SHOWN_AFTER,
    Hold,
    KeptWrite,
    NewWrite,
    SlotTaken,
    WriteState,
)
from workers.calls.diary import Diary, Remembered
from workers.tools import tools
from workers.writing import Writing

ZONE = "America/New_York"
NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
"""A Saturday, 10 am at the practice."""

MONDAY = date(2026, 11, 23)
ANN_CALLS, BOB_CALLS, FAMILY_CALLS = "+12025550143", "+12025550178", "+12025550190"
LEE = Resource(kind=PRACTITIONER, pms_id="PROV-7", name="Dr. Mona Lee")
ORTIZ = Resource(kind=PRACTITIONER, pms_id="PROV-9", name="Dr. Juan Ortiz")
CHAIR = Resource(kind=OPERATORY, pms_id="OP-3", name="Room 3")
MINUTES_OF_CHECKS = 5


def local(day: date, hour: int, minute: int = 0) -> datetime:
    """Eastern standard time, as it is in November."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) + timedelta(hours=5)


def person(pms_id: str, first: str, last: str, born: str, *phones: str) -> PatientCard:
    patient = Patient(
        pms_id=pms_id,
        full_name=f"{first} {last}",
        first_name=first,
        last_name=last,
        phone=phones[0] if phones else None,
        date_of_birth=born,
    )
    return PatientCard(patient=patient, phones=phones, last_visit=date(2026, 5, 4))


def everybody() -> dict[str, PatientCard]:
    people = [
        person("PAT-1001", "Ann", "Ames", "1985-03-02", ANN_CALLS),
        person("PAT-1002", "Bob", "Baker", "1990-07-15", BOB_CALLS),
        person("PAT-1003", "Cleo", "Crane", "1979-01-20", FAMILY_CALLS),
        person("PAT-1004", "Dora", "Crane", "2012-06-01", FAMILY_CALLS),
        person("PAT-1005", "Eve", "Dunn", "1961-12-24"),
        person("PAT-1006", "Eve", "Dunn", "1961-12-24"),
    ]
    return {one.patient.pms_id: one for one in people}


@dataclass
class Desk:
    """Keeps a book; `takes` is how a write goes, `fails` what every request raises.

    With `fails_at` only that one does. While `hangs` is not set no request is answered. A careless
    one shows others' appointments beside those of whom it is asked for.
    """

    abilities: frozenset[Ability] = frozenset(Ability)
    people: dict[str, PatientCard] = field(default_factory=everybody)
    book: list[Appointment] = field(default_factory=list)
    works: list[Shift] = field(default_factory=list)
    slots: list[Opening] | None = None
    takes: Receipt | BaseException = field(
        default_factory=lambda: Receipt(is_final=True, pms_id="N1")
    )
    outcomes: list[Outcome] = field(default_factory=list)
    fails: SyncError | None = None
    fails_at: str | None = None
    is_careless: bool = False
    sent: list[Write] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    kept_notes: list[Note] = field(default_factory=list)
    covers: list[Coverage] = field(default_factory=list)
    owes: Balance | None = None
    paid: Paid | None = None
    besides: dict[str, tuple[Resource, ...]] = field(default_factory=dict)
    """What an appointment takes besides the doctor and the chair, by its id."""

    elsewhere: list[Busy] = field(default_factory=list)

    hangs: Event | None = None
    shows: list[Appointment] | None = None
    """Its copy of the book, where that does not show what was written."""

    held_as: str = "SIKKA/D1:1"

    def __post_init__(self) -> None:
        if not self.works:
            for days in range(4):
                day = MONDAY + timedelta(days=days)
                span = Window(local(day, 9), local(day, 12))
                self.works += [Shift(resource=one, window=span) for one in (LEE, CHAIR)]

    def search_patients(self, query: PatientQuery) -> Sequence[PatientCard]:
        self._ask("search_patients")
        return [one for one in self.people.values() if _agrees(one, query)][: query.limit]

    def patient(self, pms_id: str) -> PatientCard | None:
        self._ask("patient")
        return self.people.get(pms_id)

    def appointments(
        self, window: Window, *, patient_id: str | None = None
    ) -> Sequence[Appointment]:
        self._ask("appointments")
        shown = self.book if self.shows is None else self.shows
        return [
            one
            for one in shown
            if one.start in window and (self.is_careless or patient_id in {None, one.patient_id})
        ]

    def appointment(self, pms_id: str) -> Appointment | None:
        self._ask("appointment")
        shown = self.book if self.shows is None else self.shows
        return next((one for one in shown if one.pms_id == pms_id), None)

    def shifts(self, window: Window) -> Sequence[Shift]:
        self._ask("shifts")
        return [one for one in self.works if _meet(one.window, window)]

    def openings(self, window: Window) -> Sequence[Opening] | None:
        self._ask("openings")
        if self.slots is None:
            return None
        return [one for one in self.slots if _meet(one.window, window)]

    def busy(self, window: Window) -> Sequence[Busy]:
        self._ask("busy")
        taken = [one for one in self.elsewhere if _meet(one.window, window)]
        return taken + [
            Busy(
                window=span,
                resources=(LEE, *self.besides.get(one.pms_id, ()), CHAIR),
                pms_id=one.pms_id,
                patient_id=one.patient_id,
            )
            for one in self.book
            if one.status is not Status.CANCELLED
            and _meet(span := Window(one.start, one.end), window)
        ]

    def notes(self, patient_id: str) -> Sequence[Note]:
        self._ask("notes")
        return self.kept_notes

    def insurance(self, patient_id: str) -> Sequence[Coverage]:
        self._ask("insurance")
        return self.covers

    def balance(self, patient_id: str) -> Balance | None:
        self._ask("balance")
        return self.owes

    def last_payment(self, patient_id: str) -> Paid | None:
        self._ask("last_payment")
        return self.paid

    def submit(self, write: Write) -> Receipt:
        self._ask("submit")
        self.sent.append(write)
        if isinstance(self.takes, BaseException):
            raise self.takes
        if self.takes.is_final:
            return replace(self.takes, pms_id=self.do(write))
        return self.takes

    def outcome(self, write: Write, receipt: Receipt) -> Outcome:
        self._ask("outcome")
        said = self.outcomes.pop(0) if self.outcomes else Outcome(verdict=Verdict.PENDING)
        return replace(said, pms_id=self.do(write)) if said.verdict is Verdict.DONE else said

    def find(self, write: Write) -> Outcome:
        self._ask("find")
        return self.outcomes.pop(0) if self.outcomes else Outcome(verdict=Verdict.UNKNOWN)

    def drain_spent(self) -> Sequence[Spend]:
        return ()

    def add(self, patient_id: str, start: datetime, *, minutes: int = 30) -> Appointment:
        made = Appointment(
            pms_id=f"APPT-{len(self.book) + 1}",
            start=start,
            end=start + timedelta(minutes=minutes),
            patient=Patient(pms_id=patient_id),
            practitioner_id=LEE.pms_id,
            practitioner_name=LEE.name,
        )
        self.book.append(made)
        return made

    def do(self, write: Write) -> str:
        wish = write.wish
        if isinstance(wish, Booking):
            return self.add(wish.patient_id, wish.start, minutes=wish.minutes).pms_id
        if isinstance(wish, Move):
            return self._change(wish.appointment_id, start=wish.start)
        if isinstance(wish, Cancellation):
            return self._change(wish.appointment_id, status=Status.CANCELLED)
        if isinstance(wish, NewPatient):
            return self._register(wish)
        return f"DONE-{len(self.sent)}"

    def _change(self, pms_id: str, **about: Any) -> str:
        at = next(number for number, one in enumerate(self.book) if one.pms_id == pms_id)
        old = self.book[at]
        if "start" in about:
            about["end"] = about["start"] + old.duration
        self.book[at] = replace(old, **about)
        return pms_id

    def _register(self, wish: NewPatient) -> str:
        pms_id = f"PAT-{2000 + len(self.people)}"
        born = wish.date_of_birth.isoformat() if wish.date_of_birth else ""
        phones = (wish.phone,) if wish.phone else ()
        self.people[pms_id] = person(pms_id, wish.first_name, wish.last_name, born, *phones)
        return pms_id

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.hangs is not None:
            self.hangs.wait(timeout=30)
        if self.fails is not None and self.fails_at in {None, what}:
            raise self.fails


@dataclass
class Proofs:
    """What a call has proved, in memory."""

    patient_ids: frozenset[str] = frozenset()
    attempts: int = 0
    registered: dict[str, PatientCard] = field(default_factory=dict)
    is_barred: bool = False
    behind: str | None = None

    def prove(self, patient_ids: frozenset[str], *, behind: str | None = None) -> None:
        self.patient_ids |= patient_ids
        self.behind = behind or self.behind

    def has_looked_behind(self, number: str) -> bool:
        return self.behind == number

    def register(self, card: PatientCard) -> None:
        self.registered[card.patient.pms_id] = card
        self.prove(frozenset({card.patient.pms_id}))

    def attempt(self) -> int:
        self.attempts += 1
        return self.attempts

    def believed(self, patient_ids: frozenset[str]) -> None:
        self.prove(patient_ids)
        self.attempts -= 1


@dataclass
class Control:
    """Vapi, asked to pass a call on."""

    takes: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)

    def transfer(self, control_url: str, number: str) -> bool:
        self.asked.append((control_url, number))
        return self.takes


@dataclass
class Writes:
    """The ledger of writes in memory: a key is one write, a call one booking, a slot one hold."""

    clock: "Time"
    kept: dict[UUID, KeptWrite] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)
    promised: set[UUID] = field(default_factory=set)
    """Of which somebody still waits for word."""

    def __post_init__(self) -> None:
        self.held_by_others: Callable[[Window], Sequence[Busy]] = self.held

    def begin(self, new: NewWrite) -> KeptWrite:
        known = self.by_key(new.key)
        if known is None and new.write.kind is WriteKind.BOOK and new.call_id:
            known = self.booking_of(new.call_id)
        if known is None and new.once:
            known = self.same(new)
        if known is not None:
            return replace(known, is_new=False)
        about = getattr(new.write.wish, "appointment_id", None)
        if new.hold is not None and self.taken(new.hold.window, new.hold.resources, about):
            raise SlotTaken("Somebody else is taking that time.")
        made = KeptWrite(
            id=uuid4(),
            account_id="default",
            connection_id=new.connection_id,
            state=WriteState.HELD if new.hold else WriteState.REQUESTED,
            write=replace(new.write, marker=f"K7M{len(self.kept):03d}"),
            key=new.key,
            confirmation=f"K7M{len(self.kept):03d}",
            call_id=new.call_id,
            is_new=True,
        )
        if new.hold is not None:
            self.holds[made.id] = new.hold
        return self._keep(made)

    def by_key(self, key: str) -> KeptWrite | None:
        return next((one for one in self.kept.values() if one.key == key), None)

    def booking_of(self, call_id: str) -> KeptWrite | None:
        gone = {WriteState.FAILED, WriteState.WITHDRAWN}
        off = {
            getattr(one.write.wish, "appointment_id", None)
            for one in self.kept.values()
            if one.write.kind is WriteKind.CANCEL and one.state is WriteState.CONFIRMED
        }
        found = (
            one
            for one in self.kept.values()
            if one.call_id == call_id
            and one.write.kind is WriteKind.BOOK
            and one.state not in gone
            and (one.pms_id is None or one.pms_id not in off)
        )
        return next(found, None)

    def made(self, connection_id: UUID, pms_id: str) -> KeptWrite | None:
        found = (
            one
            for one in self.kept.values()
            if (one.connection_id, one.pms_id) == (connection_id, pms_id)
            and one.write.kind is WriteKind.BOOK
            and one.state is WriteState.CONFIRMED
        )
        return next(found, None)

    def moved(self, kept: KeptWrite) -> KeptWrite | None:
        moves = (
            one
            for one in reversed(self.kept.values())
            if isinstance(one.write.wish, Move)
            and one.write.wish.appointment_id == kept.pms_id
            and one.state in MAY_STAND
        )
        return next(moves, None)

    def same(self, new: NewWrite) -> KeptWrite | None:
        return again(new, reversed(self.kept.values()))

    def is_from(self, kept: KeptWrite, caller: str | None) -> bool:
        return False

    def unseen(self, connection_id: UUID) -> Sequence[KeptWrite]:
        found = []
        for one in self.kept.values():
            is_done = one.state is WriteState.CONFIRMED
            if one.write.kind is WriteKind.CANCEL:
                is_lately = one.submitted_at and self.clock() - one.submitted_at < SHOWN_AFTER
                is_there = one.state in OPEN or (is_done and is_lately)
            else:
                is_there = one.state in OPEN or (is_done and one.id in self.holds)
            found += [one] if is_there else []
        return found

    def untold(self, connection_id: UUID, patient_id: str) -> Sequence[KeptWrite]:
        ended = [one for one in self.kept.values() if one.state in SETTLED]
        return [one for one in ended if one.id in self.promised]

    def written_since(self, at: datetime) -> bool:
        done = (one for one in self.kept.values() if one.state is WriteState.CONFIRMED)
        return any(one.submitted_at and one.submitted_at >= at for one in done)

    def load(self, write_id: UUID) -> KeptWrite:
        return self.kept[write_id]

    def held_for(self, kept: KeptWrite) -> Opening | None:
        hold = self.holds.get(kept.id)
        return Opening(window=hold.window, resources=hold.resources) if hold else None

    def submitting(self, kept: KeptWrite) -> KeptWrite | None:
        if self.kept[kept.id].state not in NOT_YET_SENT:
            return None
        sent = replace(kept, state=WriteState.SUBMITTED, submitted_at=self.clock())
        return self._keep(sent)

    def receipts_beside(self, kept: KeptWrite) -> frozenset[str]:
        return frozenset()

    def keep_receipt(self, kept: KeptWrite, receipt: Receipt) -> KeptWrite:
        return self._keep(replace(kept, receipt=receipt))

    def settle(
        self,
        kept: KeptWrite,
        state: WriteState,
        *,
        pms_id: str | None = None,
        reason: str | None = None,
    ) -> KeptWrite:
        if state not in NEXT[self.kept[kept.id].state]:
            return self.kept[kept.id]
        if state in {WriteState.FAILED, WriteState.WITHDRAWN}:
            self.holds.pop(kept.id, None)
        about = getattr(kept.write.wish, "appointment_id", None)
        if state is WriteState.CONFIRMED and about is not None:
            for other in [one for one in self.holds if self._of(one) == about]:
                self.holds.pop(other)
        return self._keep(replace(kept, state=state, pms_id=pms_id, reason=reason))

    def withdraw(self, kept: KeptWrite) -> bool:
        return self.settle(kept, WriteState.WITHDRAWN).state is WriteState.WITHDRAWN

    def polled(self, kept: KeptWrite) -> KeptWrite:
        return self._keep(replace(kept, polls=kept.polls + 1))

    def tell(self, kept: KeptWrite, told: str) -> KeptWrite:
        return self._keep(replace(kept, told=told))

    def taken(self, window: Window, resources: Sequence[Resource], about: str | None) -> bool:
        keys = {(one.kind, one.pms_id) for one in resources}
        return any(
            _meet(one.window, window)
            and any((thing.kind, thing.pms_id) in keys for thing in one.resources)
            for key, one in self.holds.items()
            if about is None or self._of(key) != about
        )

    def held(self, window: Window) -> Sequence[Busy]:
        return [
            Busy(window=one.window, resources=one.resources, pms_id=self._of(key))
            for key, one in self.holds.items()
            if _meet(one.window, window)
        ]

    def _of(self, write_id: UUID) -> str | None:
        """The appointment a confirmed write's hold is for."""
        kept = self.kept.get(write_id)
        return kept.pms_id if kept and kept.state is WriteState.CONFIRMED else None

    def _keep(self, kept: KeptWrite) -> KeptWrite:
        self.kept[kept.id] = kept
        return kept


@dataclass
class Time:
    """A clock that moves when somebody waits."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Practice:
    """A desk, what is written at it, and the calls it gets."""

    desk: Desk = field(default_factory=Desk)
    time: Time = field(default_factory=Time)
    rules: BookingRules = field(default_factory=BookingRules)
    abilities: frozenset[Ability] | None = None
    control: Control = field(default_factory=Control)
    remembered: Remembered = field(default_factory=Remembered)
    transfer_to: tuple[str, ...] = ("+12025550199",)
    own_numbers: frozenset[str] = frozenset()
    can_text: bool = True
    practitioners: Mapping[str, str] = field(
        default_factory=lambda: {LEE.pms_id: LEE.name, ORTIZ.pms_id: ORTIZ.name}
    )
    types: Mapping[str, KnownType] = field(
        default_factory=lambda: {
            "TY-1": KnownType(name="Cleaning", duration_minutes=60),
            "TY-2": KnownType(name="New patient exam", duration_minutes=45),
        }
    )
    id: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        self.writes = Writes(self.time)

    @property
    def connection(self) -> Connection:
        return Connection(
            id=self.id,
            account_id="default",
            vendor="sikka",
            site="D1",
            timezone=ZONE,
            practitioners=self.practitioners,
            types=self.types,
        )

    def call(self, caller: str | None = ANN_CALLS) -> "Call":
        return Call(self, caller)


@dataclass
class Call:
    """One phone call: each `ask` is another tool call of it."""

    practice: Practice
    caller: str | None
    id: str = field(default_factory=lambda: uuid4().hex)
    proofs: Proofs = field(default_factory=Proofs)
    asked: int = 0

    def ask(self, tool: str, **arguments: Any) -> str:
        return self.answer(tool, arguments).text

    def answer(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        again: bool = False,
        control_url: str | None = None,
    ) -> ToolAnswer:
        self.asked += not again
        practice = self.practice
        desk, clock = practice.desk, practice.time
        writing = Writing(practice.writes, desk, clock=clock, pause=clock.pause)
        request = ToolRequest(
            account_id="default",
            call_id=self.id,
            tool_call_id=f"tool-{self.asked}",
            tool=tool,
            arguments=arguments,
            caller=self.caller,
            trace_id="t",
            now=clock(),
            until=clock() + timedelta(seconds=12),
            connection=practice.connection,
            rules=practice.rules,
            abilities=desk.abilities if practice.abilities is None else practice.abilities,
            can_text=practice.can_text,
            transfer_to=practice.transfer_to,
            own_numbers=practice.own_numbers,
            control_url=control_url,
            desk=desk,
            diary=Diary(
                desk=desk,
                connection=practice.connection,
                rules=practice.rules,
                held=practice.writes.held_by_others,
                remembered=practice.remembered,
                written_since=practice.writes.written_since,
                clock=clock,
            ),
            writer=writing,
            writes=practice.writes,
            proofs=self.proofs,
            control=practice.control,
        )
        return tools()[tool](request)


def _agrees(card: PatientCard, query: PatientQuery) -> bool:
    person = card.patient
    told = (
        (query.first_name, person.first_name),
        (query.last_name, person.last_name),
        (query.email, person.email),
        (query.date_of_birth and query.date_of_birth.isoformat(), person.date_of_birth),
    )
    if any(wanted and wanted.casefold() != (found or "").casefold() for wanted, found in told):
        return False
    if query.phone and query.phone not in card.phones:
        return False
    words = set(read(query.text or "").words)
    return words <= set(read(person.full_name or "").words)


def _meet(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end
