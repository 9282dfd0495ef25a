"""Offices as the vendor keeps them: columns, sites, and what only its own API can set."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from simulators import clinic
from simulators.advancedmd import codes
from simulators.advancedmd.clock import Clock
from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.telling import told
from simulators.chance import id_of, share_of
from simulators.clinic import Clinic
from simulators.keeping import Keeping
from simulators.records import Appointment, Attendee, Meaning, Practice, Practitioner, Stated
from simulators.setup import Setup

FIRST_OFFICE, FIRST_SERVER, FIRST_COLUMN, FIRST_FACILITY = 130_000, 800, 15, 11
USUAL_SEED, OFFICES_OF_A_SEED, SEEDS = Setup().seed, 10, 900
OTHER_ZONES = ("America/Los_Angeles", "America/Phoenix", "America/Chicago", "America/Denver")
DIGITS = {"appointment": 9, "patient": 8}
FACILITIES = ("Main Street", "Riverside")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the scheduler; it belongs to one practitioner, who may have several."""

    id: int
    name: str
    profile_id: str
    facility_id: int
    is_remote: bool = False


@dataclass(slots=True, kw_only=True)
class Office:
    key: str
    number: int
    username: str
    password: str
    app_name: str
    server: int
    clock: Clock
    clinic: Clinic
    knobs: Knobs
    columns: dict[int, Column]
    codes: dict[str, int] = field(default_factory=dict)  # status numbers said outright
    placed: dict[str, int] = field(default_factory=dict)  # columns chosen through the API
    chosen_types: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_locked: bool = False
    is_expired: bool = False
    sees_visits: bool = True  # else getdatevisits has no rows
    may_read_updates: bool = True
    wrong_tries: int = 0
    charges: list[dict[str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"Example Medical Group {self.number}"

    def rows(self) -> list[Appointment]:
        """In no order of time."""
        return sorted(self.clinic.appointments.values(), key=lambda each: each.id)

    def confirm(self, rows: list[Appointment]) -> None:
        for row in rows:
            if row.meaning is Meaning.BOOKED and row.attendees:
                self.clinic.mark(row.id, Meaning.CONFIRMED)

    def code_of(self, row: Appointment) -> int:
        """The number said outright, as long as it still says what is meant."""
        said = self.codes.get(row.id)
        usual = codes.CODES[row.meaning]
        return said if said is not None and self._still_means(said, row.meaning) else usual

    def _still_means(self, code: int, meaning: Meaning) -> bool:
        return codes.meaning_of(code, meaning) is meaning

    def is_moved(self, row: Appointment) -> bool:
        return self.code_of(row) == codes.MOVED

    def column_of(self, row: Appointment) -> Column:
        """The one it was put into, unless it went to somebody else since."""
        own = [each for each in self.columns.values() if each.profile_id == row.practitioner_id]
        kind = self.clinic.type_of(row)
        is_remote = bool(kind and kind.is_telehealth)
        usual = next((each for each in own if each.is_remote and is_remote), own[0])
        return next((each for each in own if each.id == self.placed.get(row.id)), usual)

    def types_of(self, row: Appointment) -> tuple[str, ...]:
        """Usually one; the first gives the appointment its name."""
        if row.id in self.chosen_types:
            return self.chosen_types[row.id]
        if row.type_id is None:
            return ()
        if share_of("second", row.id) >= self.knobs.second_types:
            return (row.type_id,)
        kinds = list(self.clinic.types)
        other = kinds[row.variant % len(kinds)]
        return tuple(dict.fromkeys((row.type_id, other)))

    def visit_id(self, row: Appointment) -> str:
        """Of the messages; whether it is the id of REST nobody has said."""
        return row.id if self.knobs.visit_ids == "same" else number_of("visit", row.id, digits=8)


def open_office(setup: Setup, number: int, knobs: Knobs, clock: Clock) -> Office:
    before = (setup.seed - USUAL_SEED) % SEEDS * OFFICES_OF_A_SEED
    key = str(FIRST_OFFICE + before + number)
    found: dict[str, Office] = {}
    keeping = Keeping(
        ids=_renumbered,
        holds=lambda row, practice: _held(row, practice, knobs),
        tells=lambda _, row, plain: [told(found["it"], row, plain)],
    )
    book = clinic.make(
        seed=f"advancedmd/{setup.seed}/{number}",
        practitioners=setup.practitioners,
        appointments_per_day=setup.appointments,
        timezone=_zone(setup, number),
        days=setup.days_or_today(),
        hidden_works=knobs.hidden_works,
        keeping=keeping,
    )
    book.now = clock.stamp
    found["it"] = Office(
        key=key,
        number=number,
        username=f"sync{number}",
        password=id_of("advancedmd", "password", setup.seed, number),
        app_name=f"EXAMPLE{number}",
        server=FIRST_SERVER + number,
        clock=clock,
        clinic=book,
        knobs=knobs,
        columns=_columns(book),
        codes=_found_codes(book),
    )
    return found["it"]


def number_of(*words: object, digits: int) -> str:
    first = 10 ** (digits - 1)
    return str(first + UUID(id_of(*words)).int % (9 * first))


def _zone(setup: Setup, number: int) -> str:
    """The first office is where the setup says; the others are spread over the country."""
    if number == 1 or not setup.timezone.startswith("America/"):
        return setup.timezone
    return OTHER_ZONES[(number - 2) % len(OTHER_ZONES)]


def _columns(book: Clinic) -> dict[int, Column]:
    """One for everybody, and one more for the first to see people by video."""
    people = list(book.practitioners.values())
    drafts = [(each, heading(each), False) for each in people]
    drafts.insert(1, (people[0], f"{heading(people[0])} - VIDEO", True))
    columns = (
        Column(
            id=FIRST_COLUMN + number,
            name=name,
            profile_id=person.id,
            facility_id=FIRST_FACILITY + number % len(FACILITIES),
            is_remote=is_remote,
        )
        for number, (person, name, is_remote) in enumerate(drafts, start=1)
    )
    return {each.id: each for each in columns}


def heading(person: Practitioner) -> str:
    return f"{person.prefix or 'Dr'} {person.last}".upper().replace("\u2019", "'")


def _found_codes(book: Clinic) -> dict[str, int]:
    """Cancelled rows under three numbers, and rows nobody can read."""
    return {
        row.id: codes.FOUND[row.meaning][row.variant % len(codes.FOUND[row.meaning])]
        for row in book.appointments.values()
        if row.meaning in codes.FOUND
    }


def _renumbered(kind: str, id_: str) -> str:
    return id_ if id_.isdecimal() else number_of(kind, id_, digits=DIGITS.get(kind, 5))


def _held(row: Appointment, practice: Practice, knobs: Knobs) -> Appointment:
    """One patient, a length, no words, and a start that no clock without a zone tells apart."""
    somebody = (Attendee(practice.patients[row.variant % len(practice.patients)].id),)
    start = row.start.astimezone(practice.zone).replace(fold=0)
    return replace(
        row,
        start=start.astimezone(row.start.tzinfo),
        stated=Stated.MINUTES,
        attendees=row.attendees[:1] or (() if knobs.null_patients else somebody),
        title=None,
        notes=None,
    )
