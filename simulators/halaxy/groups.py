"""Practice groups: each has one key, its own people and ids, and a book of its own."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from simulators import clinic
from simulators.chance import id_of, share_of
from simulators.clinic import Clinic
from simulators.halaxy import codes
from simulators.halaxy.knobs import Knobs
from simulators.keeping import Keeping
from simulators.records import Appointment, AppointmentType, Meaning, Practice, Stated
from simulators.setup import Setup

Json = dict[str, Any]
PERSON, EXTERNAL = "PR-", "EP-"
PHONE_TYPE = "Phone consult"
PLACES = ("clinic", "clinic", "clinic", "clinic", "organization")


@dataclass(slots=True)
class Clock:
    """The vendor's own; it can be stopped at an instant."""

    stopped_at: datetime | None = None

    def now(self) -> datetime:
        return self.stopped_at or datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Role:
    """A practitioner at one clinic of the group."""

    id: str
    practitioner_id: str
    clinic_id: str


@dataclass(slots=True)
class Group:
    id: str
    number: int
    knobs: Knobs
    clock: Clock
    clinic: Clinic
    locations: dict[str, str] = field(default_factory=dict)  # by appointment, when booked by API
    refused: set[str] = field(default_factory=set)  # resource types outside the key's scopes
    is_open: bool = True  # the add-on is paid for

    @property
    def name(self) -> str:
        return f"Example Group {self.number}"

    @property
    def clinic_ids(self) -> list[str]:
        return [f"CL-{self.number}{index:02}" for index in range(1, self.knobs.clinics + 1)]

    def roles(self) -> dict[str, Role]:
        people = list(self.clinic.practitioners)
        made = (
            Role(self._role_id(index, place), person, place)
            for index, person in enumerate(people)
            for place in self.clinic_ids
        )
        return {role.id: role for role in made}

    def role_of(self, row: Appointment) -> Role:
        place = self.clinic_ids[row.variant % len(self.clinic_ids)]
        index = list(self.clinic.practitioners).index(row.practitioner_id)
        return Role(self._role_id(index, place), row.practitioner_id, place)

    def _role_id(self, index: int, place: str) -> str:
        """Clashing ids are those of other practitioners; only a first clinic can have them."""
        people = list(self.clinic.practitioners)
        if self.knobs.role_ids == "own" or place != self.clinic_ids[0]:
            return f"{PERSON}{_number('role', people[index], place, digits=6)}"
        return people[(index + (self.knobs.role_ids == "clashing")) % len(people)]

    def code_of(self, row: Appointment, patient_id: str) -> str | None:
        """What the patient's participant says; none when its extension is missing."""
        is_group = len(row.attendees) > 1
        if is_group and share_of("absent", row.id, patient_id) < self.knobs.absentees:
            return codes.word(Meaning.CANCELLED, 0)
        is_due = row.meaning is Meaning.BOOKED and row.start <= self.clock.now()
        if is_due and self.knobs.auto_attends:
            return codes.ATTENDED
        return codes.word(row.meaning, row.variant)

    def location_of(self, row: Appointment) -> str | None:
        if row.id in self.locations:
            return self.locations[row.id]
        is_silent = share_of("silent", row.id) < self.knobs.silent_locations
        if not row.attendees or is_silent or self.knobs.location_type == "none":
            return None
        kind = self.clinic.type_of(row)
        if kind and kind.name == PHONE_TYPE:
            return "phone"
        if kind and kind.is_telehealth:
            return "telehealth"
        if share_of("stray", row.id) < self.knobs.stray_telehealth:
            return "telehealth"
        return "online" if row.variant % 20 == 0 else PLACES[row.variant % len(PLACES)]

    def tell(self, row: Appointment, told: Json) -> list[Json]:
        """One row for each way its patients fare."""
        kind, location = self.clinic.type_of(row), self.location_of(row)
        by_type = bool(kind and kind.is_telehealth)
        told = {
            **told,
            "is_telehealth": by_type if location is None else location == "telehealth",
        }
        if not row.attendees:
            is_off = row.meaning is Meaning.CANCELLED
            return [
                {**told, "status": None, "meaning": Meaning.CANCELLED if is_off else Meaning.BOOKED}
            ]
        patients = {each["id"]: each for each in told["patients"]}
        fates: dict[str | None, list[Json]] = {}
        for id_, patient in patients.items():
            fates.setdefault(self.code_of(row, id_), []).append(patient)
        return [
            {**told, "status": code, "meaning": self._meant(row, code), "patients": people}
            for code, people in fates.items()
        ]

    def _meant(self, row: Appointment, code: str | None) -> Meaning:
        """Attended says only that the time has come, so the clock says the rest."""
        if code == codes.ATTENDED:
            return Meaning.IN_PROGRESS if self.clock.now() < row.end else Meaning.COMPLETED
        is_own = code == codes.word(row.meaning, row.variant)
        return row.meaning if is_own else Meaning.CANCELLED


def open_group(setup: Setup, number: int, knobs: Knobs, clock: Clock) -> Group:
    found: dict[str, Group] = {}
    keeping = Keeping(
        ids=lambda kind, id_: _renamed(kind, id_, knobs),
        holds=_held,
        tells=lambda _, row, told: found["group"].tell(row, told),
    )
    book = clinic.make(
        seed=f"halaxy/{setup.seed}/{number}",
        practitioners=setup.practitioners,
        appointments_per_day=setup.appointments,
        timezone=setup.timezone,
        days=setup.days_or_today(),
        hidden_works=knobs.hidden_works,
        keeping=keeping,
    )
    book.now = clock.now
    book.types.update({each.id: _by_phone(each) for each in book.types.values()})
    id_ = f"OG-{_number('group', setup.seed, number, digits=5)}"
    found["group"] = Group(id=id_, number=number, knobs=knobs, clock=clock, clinic=book)
    return found["group"]


def _by_phone(kind: AppointmentType) -> AppointmentType:
    """A call is no telehealth here: the location says phone."""
    return replace(kind, is_telehealth=kind.is_telehealth and kind.name != PHONE_TYPE)


def _renamed(kind: str, id_: str, knobs: Knobs) -> str:
    """Bare digits, and a prefix for people who work there."""
    if id_.startswith((PERSON, EXTERNAL)) or id_.isdecimal():
        return id_
    if kind == "practitioner":
        is_external = share_of("external", id_) < knobs.external_practitioners
        return f"{EXTERNAL if is_external else PERSON}{_number(id_, digits=6)}"
    return _number(id_, digits=5 if kind == "type" else 11)


def _number(*words: object, digits: int) -> str:
    digest = blake2b(id_of(*words).encode(), digest_size=8).digest()
    first = 10 ** (digits - 1)
    return str(first + int.from_bytes(digest) % (9 * first))


def _held(row: Appointment, practice: Practice) -> Appointment:
    """There is one text, the comments of staff; an end or a length is always written down."""
    notes = "\n".join(part for part in (row.notes, row.title) if part)
    stated = Stated.END if row.stated is Stated.NEITHER else row.stated
    return replace(row, stated=stated, title=None, notes=notes or None)
