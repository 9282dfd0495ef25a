"""Gentu by Magentus: a token per application, a listing per practitioner, types made by hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from adapters.rest import people
from adapters.rest.auth import ClientCredentials
from adapters.rest.envelope import Envelope, Single
from adapters.rest.kinds import known_name
from adapters.rest.lengths import length
from adapters.rest.own_words import OwnWords
from adapters.rest.paging import Cursor
from adapters.rest.record import Record, joined, last_segment
from adapters.rest.vendor import Listing, OwnStatuses, Pairing, Vendor
from adapters.rest.words import Standing, Words
from domain.appointments import (
    Appointment,
    AppointmentType,
    Patient,
    Practice,
    Practitioner,
    Status,
)
from domain.connections import Connection
from domain.errors import NeedsReconnect
from domain.limits import Limit
from domain.minimising import Extra
from domain.names import display
from domain.sources import Capabilities, Query
from domain.window import Window, zone

_A_DAY = timedelta(days=1)
_LAST = 2**31
_UNRANKED = (_LAST + 1, "")
_NOT_INCLUDED = frozenset({"patient_not_included"})

OWN_WORDS = OwnWords("status_words", example="Ready for doctor=arrived; Rebook=cancelled")

# Only `cancelled` is documented; the other words wait for a sandbox to show them (2025-12), and a
# practice puts them right in its settings.
STATUS = Words(
    {
        Status.BOOKED: ("booked",),
        Status.CONFIRMED: ("confirmed",),
        Status.ARRIVED: ("arrived",),
        Status.IN_PROGRESS: ("in_progress", "with_doctor"),
        Status.COMPLETED: ("completed", "finished", "billed"),
        Status.NO_SHOW: ("no_show", "dna", "did_not_attend"),
        Status.CANCELLED: ("cancelled", "canceled"),
    },
    removed=("entered_in_error",),
)


def queries(
    window: Window,
    connection: Connection,
    *,
    practitioners: Sequence[Practitioner],
    since: str | None,
) -> Iterator[Query]:
    """One per practitioner shown in the book, or seen in our rows though hidden or gone since."""
    place = zone(connection.timezone)
    # Whether the window is tested on start or overlap is unknown: ask with a day's margin. Taken
    # off the local clock, each bound gets the offset of its own date.
    bounds = {
        "fromDate": (window.start.astimezone(place) - _A_DAY).isoformat(timespec="seconds"),
        "toDate": (window.end.astimezone(place) + _A_DAY).isoformat(timespec="seconds"),
    }
    in_book = [one.pms_id for one in practitioners if one.in_book]
    for pms_id in dict.fromkeys([*in_book, *connection.practitioners]):
        params = {**bounds, "practitionerId": pms_id}
        yield Query(key=pms_id, practitioner_id=pms_id, params=params, window=window)


def parse_alone(record: Record, connection: Connection) -> Iterator[Appointment]:
    """As `parse`, for an appointment read by id: nothing is included, so patients are asked for."""
    for row in parse(record, connection):
        found = row.patient and record.held("/tenants/{site}/patients/{id}", id=row.patient_id)
        if found:
            patient = _patient(row.patient_id, found)
            yield replace(row, patient=patient, flags=frozenset(record.flags))
        else:
            yield row


def parse(record: Record, connection: Connection) -> Iterator[Appointment]:
    """One row for each patient; one without for a block nobody is booked into."""
    # Where only telehealth is wanted, the type alone says whether it is.
    read = record.maybe if connection.telehealth_only else record.side_text
    type_id = last_segment(read("appointmentType.reference"))
    kind = connection.types.get(type_id or "")
    start = record.instant("startAt")
    end = start + length(
        record,
        connection,
        start=start,
        end=record.side_instant("endAt"),
        minutes=(record.minutes("minutesDuration"), kind.duration_minutes if kind else None),
    )
    provider, patients = _taking_part(record)
    practitioner_name = record.learnt("practitioners", provider, _named)
    standing = _standing(record, connection)
    pms_id = record.text_id()
    notes = joined(record.notes("comment"), record.notes("description"))
    for patient_id, person in patients.items():
        included = record.lookup("patients", patient_id)
        yield Appointment(
            pms_id=pms_id,
            start=start,
            end=end,
            status=_attendance(standing, person),
            status_raw=standing.raw,
            is_telehealth=type_id in connection.telehealth_types,
            type_id=type_id,
            type_name=kind.name if kind else None,
            patient=_patient(patient_id, included),
            practitioner_id=provider,
            practitioner_name=practitioner_name or connection.practitioners.get(provider or ""),
            notes=notes,
            flags=frozenset(record.flags) | (_NOT_INCLUDED if person and not included else set()),
            removed=standing.removed,
        )


def _taking_part(record: Record) -> tuple[str | None, Mapping[str | None, Record | None]]:
    """The id of the first provider, and each patient once; no patient is one of nobody."""
    provider: str | None = None
    patients: dict[str | None, Record | None] = {}
    for one in record.records("participant", required=True):
        kind = one.text("referenceType")
        if kind == "patient":
            patients[one.id("referenceId")] = one
        elif kind == "provider" and provider is None:
            provider = one.id("referenceId")
    return provider, patients or {None: None}


def _standing(record: Record, connection: Connection) -> Standing:
    standing = STATUS.read(record, record.maybe("status"), own=OWN_WORDS.read(connection))
    for extension in record.records("extension"):
        if extension.raw("system") == "cancelled-at" and extension.has("valueDateTime"):
            return replace(standing, status=Status.CANCELLED, raw=None)
    return standing


def _attendance(standing: Standing, person: Record | None) -> Status:
    """In a group each patient arrives alone; what comes after the waiting room holds for all."""
    waits = standing.status in {Status.BOOKED, Status.CONFIRMED}
    return Status.ARRIVED if waits and person and person.has("arrivedAt") else standing.status


def _patient(pms_id: str | None, found: Record | None) -> Patient | None:
    """The person of that id; with the id alone where the vendor left the rest out."""
    if pms_id is None:
        return None
    if found is None:
        return Patient(pms_id=pms_id)
    contacts = _contacts(found)
    return people.patient(
        pms_id,
        given=found.side("name.given"),
        family=found.side("name.family"),
        phone=contacts.get("phone"),
        email=contacts.get("email"),
        born=found.birth_date("birthDate"),
    )


def _contacts(person: Record) -> Mapping[str, str]:
    """For each system the smallest rank with a value, unranked last; "phone" includes mobiles."""
    best: dict[str, tuple[int, str]] = {}
    for one in person.side_records("contact"):
        system, value, rank = one.side("system"), one.side("value"), one.minutes("rank")
        rank = _LAST if rank is None else rank
        if system and value and rank < best.get(system, _UNRANKED)[0]:
            best[system] = (rank, value)
    return {system: value for system, (_, value) in best.items()}


def _named(person: Record) -> str | None:
    prefix, given, family = (person.side(f"name.{part}") for part in ("prefix", "given", "family"))
    return display(prefix=prefix, given=given, family=family) or None


def practitioner(record: Record, connection: Connection) -> Iterator[Practitioner]:
    pms_id = record.text_id()
    yield Practitioner(
        pms_id=pms_id,
        full_name=_named(record) or connection.practitioners.get(pms_id, pms_id),
        active=record.side_mark("active") is not False,
        in_book=record.side_mark("shownInAppointmentBook") is not False,
    )


def appointment_type(record: Record, connection: Connection) -> Iterator[AppointmentType]:
    pms_id = record.text_id()
    yield AppointmentType(
        pms_id=pms_id,
        name=record.side("text") or known_name(connection, pms_id),
        duration_minutes=record.minutes("duration"),
        colour=record.side("colour"),
    )


def practice(record: Record, connection: Connection) -> Iterator[Practice]:
    yield Practice(
        site=record.id("tenantId"),
        name=record.maybe("tenantName"),
        timezone=record.maybe("timezone"),
        number=record.maybe_id("tenantNumber"),
    )


def check(given: Mapping[str, Any], _held: Connection | None) -> None:
    """Refuse what the next sync could not use."""
    OWN_WORDS.check(given)


# A practice that is no longer paired is not found, whichever of its lists is asked for.
_UNPAIRED = {404: NeedsReconnect}

VENDOR = Vendor(
    name="gentu",
    title="Gentu",
    maker="Magentus",
    docs="https://developer.pm.magentus.com",
    base_url="https://api.pm.magentus.com/v1",
    auth=ClientCredentials(token_url="/oauth2/token"),
    secrets={
        "client_id": "Client id of your Gentu application",
        "client_secret": "Client secret of your Gentu application",
    },
    settings={
        "app_id": "Application id, needed to use a pairing code",
        "default_minutes": "Length of an appointment that has none",
        "status_words": "Meaning of Gentu's words for a status, such as Ready for doctor=arrived",
    },
    check_settings=check,
    own_statuses=OwnStatuses(OWN_WORDS.setting, OWN_WORDS.read),
    site_label="Tenant id",
    # None are documented: our own caution. The token, and so the allowance, is the application's.
    limits={"default": (Limit(60, 60), Limit(1000, 3600))},
    limited_per="application",
    note_policy="inbound",
    holds={
        Extra.PHONE: ("contact[system=phone]",),
        Extra.EMAIL: ("contact[system=email]",),
        Extra.BIRTH_DATE: ("birthDate",),
        Extra.NOTES: ("comment", "description"),
        Extra.TYPE: (),
    },
    capabilities=Capabilities(probe_by_id=True, per_practitioner=True, telehealth="types"),
    queries=queries,
    appointments=Listing(
        path="/tenants/{site}/appointments",
        wrapping=Envelope(items="appointments", included=("patients", "practitioners")),
        params={"include": "patients,practitioners"},
        # How long a cursor lives is unknown: it outlasts a short wait, never a failure.
        paging=Cursor(
            param="cursor",
            found_at="pagination.next",
            size_param="limit",
            size=100,
            mark_seconds=90,
        ),
        parse=parse,
        expects=frozenset({"id", "startAt", "endAt", "status", "participant", "appointmentType"}),
    ),
    appointment=Listing(
        path="/tenants/{site}/appointments/{id}",
        wrapping=Single("appointment"),
        parse=parse_alone,
    ),
    practice=Listing(
        path="/tenants/{site}", wrapping=Single("tenant"), parse=practice, faults=_UNPAIRED
    ),
    practitioners=Listing(
        path="/tenants/{site}/practitioners",
        wrapping=Envelope(items=""),
        parse=practitioner,
        faults=_UNPAIRED,
    ),
    types=Listing(
        path="/tenants/{site}/appointment-types",
        wrapping=Envelope(items=""),
        parse=appointment_type,
        faults=_UNPAIRED,
    ),
    pairing=Pairing(
        path="/apps/{app_id}/pairing/{code}",
        code=r"[A-Z0-9]{8}",
        looks="A pairing code has 8 letters and digits",
        site_at="tenantId",
        secret_parts=("app_id",),
        advice="Generate a new code in Gentu and enter it as it is shown.",
    ),
)
