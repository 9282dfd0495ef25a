"""Practices as the vendor keeps them, with the fields only its own API can set."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simulators import clinic
from simulators.chance import id_of, share_of
from simulators.clinic import Clinic
from simulators.keeping import Keeping
from simulators.medirecords import codes
from simulators.medirecords.knobs import Knobs
from simulators.records import Appointment, AppointmentType, Attendee, Meaning, Practice, Stated
from simulators.setup import Setup

Json = dict[str, Any]
UNSENT, EMPTY = 0.1, 0.25  # telehealth rows whose links are null, or empty
LINKS = ("telehealthLinkForProvider", "telehealthLinkForPatient")
MOST_NOTES = 500
LONG_MINUTES = 240


@dataclass(slots=True)
class Office:
    id: str
    number: int
    knobs: Knobs
    clinic: Clinic
    written: dict[str, Json] = field(default_factory=dict)  # by appointment, through the API

    @property
    def name(self) -> str:
        return f"Example Rooms {self.number}"

    def own_fields(self, row: Appointment) -> Json:
        """What was written through the API, else what the front desk would have left there."""
        written = self.written.get(row.id)
        fields = written if written is not None else self._usual(row)
        has_provider = fields["providerId"] is not None
        is_cancelled = codes.status(row) == codes.CANCELLED
        reason = fields["cancellationReason"] or codes.reason(row)
        return {
            **fields,
            "providerId": row.practitioner_id if has_provider else None,
            "cancellationReason": reason if is_cancelled else None,
        }

    def _usual(self, row: Appointment) -> Json:
        is_open = share_of("first", row.id) < self.knobs.first_available
        return {
            "providerId": None if is_open else row.practitioner_id,
            "firstAvailableDoctor": is_open,
            "walkIn": (False, False, None, True)[row.variant % 4],
            "urgency": 2 if row.variant % 10 == 0 else 1,
            "roomId": id_of("room", row.practitioner_id) if row.variant % 3 == 0 else None,
            "referralId": None,
            "cancellationReason": codes.reason(row),
            "emailReminder": row.variant % 2 == 0,
            "reminderMethod": (None, 1, 2)[row.variant % 3],
            "reminderType": None,
            "confirmationLink": "" if row.variant % 2 else None,
            **self._links(row),
        }

    def _links(self, row: Appointment) -> Json:
        kind = self.clinic.type_of(row)
        share = share_of("link", row.id)
        if kind and kind.is_telehealth and row.attendees:
            return _null() if share < UNSENT else _empty() if share < EMPTY else _video(row)
        if row.attendees and share < self.knobs.stray_links:
            return _video(row)
        return _null() if row.variant % 2 else _empty()


def _null() -> Json:
    return dict.fromkeys(LINKS)


def _empty() -> Json:
    return dict.fromkeys(LINKS, "")


def _video(row: Appointment) -> Json:
    session = f"https://coviu.example/session/{id_of('video', row.id)}"
    return dict(zip(LINKS, (f"{session}?as=host", f"{session}?as=guest"), strict=True))


def open_office(setup: Setup, number: int, knobs: Knobs) -> Office:
    found: dict[str, Office] = {}
    keeping = Keeping(
        holds=lambda row, practice: _held(row, practice, knobs),
        tells=lambda _, row, told: [{**told, **_told(found["office"], row)}],
    )
    practice = clinic.make(
        seed=f"medirecords/{setup.seed}/{number}",
        practitioners=setup.practitioners,
        appointments_per_day=setup.appointments,
        timezone=setup.timezone,
        days=setup.days_or_today(),
        hidden_works=knobs.hidden_works,
        keeping=keeping,
    )
    id_ = id_of("medirecords", setup.seed, "practice", number)
    found["office"] = Office(id=id_, number=number, knobs=knobs, clinic=practice)
    if knobs.has_long_row:
        _lengthen(practice)
    return found["office"]


def _lengthen(practice: Clinic) -> None:
    """One row of each day becomes a procedure of four hours."""
    kind = AppointmentType(id=id_of("day procedure"), name="Day procedure", minutes=LONG_MINUTES)
    practice.types[kind.id] = kind
    first: dict[object, Appointment] = {}
    for row in sorted(practice.appointments.values(), key=lambda each: each.id):
        if row.attendees and row.stated is Stated.MINUTES:
            first.setdefault(practice.day_of(row), row)
    practice.fill(replace(row, type_id=kind.id, minutes=LONG_MINUTES) for row in first.values())


def _held(row: Appointment, practice: Practice, knobs: Knobs) -> Appointment:
    """One patient, no title, a length by code, and a start that no clock tells apart."""
    notes = "\n".join(part for part in (row.notes, row.title) if part)
    somebody = (Attendee(practice.patients[row.variant % len(practice.patients)].id),)
    start = row.start.astimezone(practice.zone).replace(fold=0)
    return replace(
        row,
        start=start.astimezone(row.start.tzinfo),
        minutes=codes.fitting(row.minutes),
        stated=Stated.NEITHER if row.stated is Stated.NEITHER else Stated.MINUTES,
        meaning=_meant(row.meaning, knobs),
        attendees=row.attendees[:1] or (() if knobs.null_patients else somebody),
        title=None,
        notes=notes[:MOST_NOTES] or None,
    )


def _meant(meaning: Meaning, knobs: Knobs) -> Meaning:
    """There is no code for a no-show but, perhaps, a reason."""
    if meaning is Meaning.NO_SHOW and not knobs.tells_no_show:
        return Meaning.CANCELLED
    if meaning is Meaning.UNKNOWN and not knobs.odd_statuses:
        return Meaning.BOOKED
    return meaning


def _told(office: Office, row: Appointment) -> Mapping[str, Any]:
    fields = office.own_fields(row)
    kind = office.clinic.type_of(row)
    links = [fields[name] or None for name in LINKS]
    return {
        "practitioner_id": fields["providerId"],
        "is_telehealth": bool((kind and kind.is_telehealth) or any(links)),
        "telehealth_links": dict(zip(("practitioner", "patient"), links, strict=True)),
    }
