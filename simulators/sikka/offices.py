"""Offices and their practices: each practice has a PMS, a book and people of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from simulators import clinic
from simulators.chance import id_of
from simulators.clinic import Clinic
from simulators.keeping import Keeping
from simulators.records import Appointment, Attendee, Stated
from simulators.records import Practice as Staffed
from simulators.setup import Setup
from simulators.sikka.clock import Clock
from simulators.sikka.knobs import Knobs
from simulators.sikka.personas import PERSONAS, Persona
from simulators.sikka.zones import windows

Json = dict[str, Any]
FIRST_OFFICE, FIRST_CUSTOMER = 90_000, 100_000
USUAL_SEED, OFFICES_OF_A_SEED, SEEDS = Setup().seed, 10, 900
PROVIDER = "DR"
OTHER_ZONES = ("America/Phoenix", "America/Los_Angeles", "America/Chicago")
# In the order of the generator's own types.
DENTAL = (
    "Recall exam", "Crown preparation", "New patient exam", "Root canal", "Cleaning", "Adjustment",
    "Filling", "Comprehensive exam", "Whitening", "Emergency", "Teledentistry consult",
)  # fmt: skip


@dataclass(slots=True)
class Location:
    """One practice of an office; what only this API can set is kept beside the book."""

    office_id: str
    id: str
    number: int
    persona: Persona
    clinic: Clinic
    closed: tuple[int, ...] = ()  # weekdays
    placed: dict[str, Json] = field(default_factory=dict)  # by appointment, through the API
    details: dict[str, Json] = field(default_factory=dict)  # by patient, through the API
    notes: list[Json] = field(default_factory=list)
    transactions: list[Json] = field(default_factory=list)

    @property
    def site(self) -> str:
        """The office for its first practice; the others need a word more."""
        return self.office_id if self.id == "1" else f"{self.office_id}:{self.id}"

    @property
    def cust_id(self) -> str:
        return str(FIRST_CUSTOMER + int(self.office_id.removeprefix("D")) - FIRST_OFFICE)

    @property
    def name(self) -> str:
        return f"Example Dental {self.office_id.removeprefix('D')} No {self.number}"

    @property
    def operatories(self) -> list[str]:
        return [f"OP{number}" for number in range(1, len(self.clinic.practitioners) + 1)]

    def operatory_of(self, row: Appointment, placed: Mapping[str, Json] | None = None) -> str:
        chosen = (self.placed if placed is None else placed).get(row.id, {}).get("operatory")
        if chosen:
            return str(chosen)
        return self.operatories[list(self.clinic.practitioners).index(row.practitioner_id)]

    def description_of(self, row: Appointment, placed: Mapping[str, Json] | None = None) -> str:
        written = (self.placed if placed is None else placed).get(row.id, {})
        kind = self.clinic.type_of(row)
        return str(written.get("description") or row.title or (kind.name if kind else ""))


@dataclass(slots=True)
class Office:
    """A customer of the vendor: one key opens all its practices."""

    id: str
    number: int
    secret_key: str
    refresh_key: str
    practices: dict[str, Location]
    refreshed_at: datetime
    is_authorised: bool = True
    is_online: bool = True  # its SPU
    online_since: datetime | None = None
    is_uploaded: bool = True

    @property
    def cust_id(self) -> str:
        return next(iter(self.practices.values())).cust_id

    @property
    def spc_id(self) -> str:
        return f"SPC{self.number:05}"


def secret(*words: object) -> str:
    return blake2b("/".join(map(str, words)).encode(), digest_size=16).hexdigest()


def open_office(setup: Setup, number: int, knobs: Knobs, clock: Clock) -> Office:
    before = (setup.seed - USUAL_SEED) % SEEDS * OFFICES_OF_A_SEED
    id_ = f"D{FIRST_OFFICE + before + number}"
    practices = (
        _open_practice(setup, id_, place, knobs, clock) for place in range(1, knobs.practices + 1)
    )
    return Office(
        id=id_,
        number=number,
        secret_key=secret("secret", setup.seed, id_),
        refresh_key=secret("refresh", setup.seed, id_),
        practices={each.id: each for each in practices},
        refreshed_at=clock.now(),
    )


def _open_practice(
    setup: Setup, office_id: str, place: int, knobs: Knobs, clock: Clock
) -> Location:
    # The same for each seed: what an office is like does not hang on its number.
    number = (int(office_id.removeprefix("D")) - FIRST_OFFICE - 1) % OFFICES_OF_A_SEED + 1
    found: dict[str, Location] = {}
    keeping = Keeping(
        ids=_renamed,
        holds=lambda row, practice: _held(row, practice, knobs),
        tells=lambda _, row, told: [{**told, **_told(found["it"], row)}],
    )
    book = clinic.make(
        seed=f"sikka/{setup.seed}/{office_id}/{place}",
        practitioners=setup.practitioners,
        appointments_per_day=setup.appointments,
        timezone=_zone(setup, number),
        days=setup.days_or_today(),
        hidden_works=knobs.hidden_works,
        keeping=keeping,
    )
    windows(book.zone.key)  # one without a Windows name is refused at once
    book.now = clock.now
    for kind, name in zip(list(book.types.values()), DENTAL, strict=True):
        is_remote = name.startswith("Tele")
        book.types[kind.id] = replace(kind, name=name, is_telehealth=is_remote)
    found["it"] = Location(
        office_id=office_id,
        id="1" if place == 1 else f"1-{place - 1}",
        number=place,
        persona=list(PERSONAS.values())[(number - 1) % len(PERSONAS)],
        clinic=book,
    )
    return found["it"]


def _zone(setup: Setup, number: int) -> str:
    """The first office is where the setup says; the others are spread over the country."""
    if number == 1 or not setup.timezone.startswith("America/"):
        return setup.timezone
    return OTHER_ZONES[(number - 2) % len(OTHER_ZONES)]


def _renamed(kind: str, id_: str) -> str:
    """Numbers, but initials for providers."""
    if id_.isdecimal() or id_.startswith(PROVIDER):
        return id_
    if kind == "practitioner":
        return f"{PROVIDER}{number_of(id_, digits=5)}"
    return number_of(id_, digits=9 if kind == "appointment" else 8)


def number_of(*words: object, digits: int) -> str:
    digest = blake2b(id_of(*words).encode(), digest_size=8).digest()
    first = 10 ** (digits - 1)
    return str(first + int.from_bytes(digest) % (9 * first))


def _held(row: Appointment, practice: Staffed, knobs: Knobs) -> Appointment:
    """One patient, a length, and a start that no clock without a zone tells apart."""
    somebody = (Attendee(practice.patients[row.variant % len(practice.patients)].id),)
    start = row.start.astimezone(practice.zone).replace(fold=0)
    return replace(
        row,
        start=start.astimezone(row.start.tzinfo),
        stated=Stated.MINUTES,
        attendees=row.attendees[:1] or (() if knobs.null_patients else somebody),
    )


def _told(location: Location, row: Appointment) -> Json:
    written = location.placed.get(row.id, {})
    return {
        "meaning": location.persona.told(row.meaning),
        "operatory": location.operatory_of(row),
        "description": location.description_of(row),
        "writebacks": list(written.get("writebacks", ())),
        **({"title": written["description"]} if written.get("description") else {}),
    }
