"""MediRecords: page numbers, a practice's local times, codes for lengths, a request per patient."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from adapters.rest import people
from adapters.rest.auth import StaticToken
from adapters.rest.envelope import Envelope, Single
from adapters.rest.kinds import known_name, known_type
from adapters.rest.lengths import length
from adapters.rest.own_words import OwnWords
from adapters.rest.paging import PageNumber
from adapters.rest.record import Record
from adapters.rest.sign_in import SignIn
from adapters.rest.vendor import Listing, OwnStatuses, Vendor
from adapters.rest.words import Standing, Words
from domain.appointments import (
    Appointment,
    AppointmentType,
    Patient,
    Practice,
    Practitioner,
    Status,
)
from domain.connections import Connection, KnownType
from domain.errors import BadInput
from domain.limits import Limit
from domain.minimising import Extra
from domain.sources import Capabilities, Query
from domain.window import Window, zone

_MARGIN = timedelta(hours=1)
# Each row may cost a request for its patient, of which 60 a minute are allowed and what was asked
# for is remembered for five minutes: a larger page would never be complete.
_LARGEST_PAGE = 200
_MOST_DIGITS = 9
_PAGE_SIZES = (
    f"page_size is a number from 1 to {_LARGEST_PAGE}: each patient on a page is asked for."
)
_LONGEST_LINK = 2_000
_INTERVALS = "/code-system/appointment-Interval-Code"
_BELOW_THE_BASE = re.compile(r"(/[A-Za-z0-9_-]+)+")
_CODE_KEYS = ("code", "id", "value")
# A name may have a number of its own in it, so what is said to be a length comes first.
_TEXT_KEYS = ("minutes", "duration", "display", "description", "name", "label", "text")

OWN_CODES = OwnWords("status_codes", example="6=in_progress; 9=no_show")

# 1 and 9 upwards are outside the published range; there is none for a no-show.
# What each of the others means is our reading, which a practice puts right in its settings.
STATUS = Words(
    {
        Status.BOOKED: ("2",),
        Status.CONFIRMED: ("3",),
        Status.ARRIVED: ("4",),  # Waiting Room
        Status.IN_PROGRESS: ("5",),  # With Doctor
        Status.COMPLETED: ("6", "7"),  # At Billing: the consultation is over
        Status.CANCELLED: ("8",),
    }
)


def queries(
    window: Window,
    connection: Connection,
    *,
    practitioners: Sequence[Practitioner],
    since: str | None,
) -> Iterator[Query]:
    """All practitioners at once; changes cannot be asked for."""
    place = zone(connection.timezone)

    def bound(instant: datetime) -> str:
        return instant.astimezone(place).strftime("%Y-%m-%dT%H:%M")

    # Whether the bounds are included is unknown, and at a change of clocks they are ambiguous.
    params = {
        "appointmentDateRangeStart": bound(window.start - _MARGIN),
        "appointmentDateRangeEnd": bound(window.end + _MARGIN),
        "size": str(_page_size(connection)),
    }
    yield Query(key="all", params=params, window=window)


def parse(record: Record, connection: Connection) -> Iterator[Appointment]:
    start = record.instant("scheduleTime", zone=connection.timezone)
    type_id = record.maybe_id("appointmentTypeId")
    kind = _kind(record, connection, type_id)
    practitioner_id = record.maybe_id("providerId")
    spots = [f"telehealthLinkFor{whom}" for whom in ("Patient", "Provider")]
    standing = _standing(record, connection)
    # The type counts alone: a link may come only later.
    is_telehealth = (
        any(_is_linked(record, spot) for spot in spots)
        or (kind is not None and kind.is_telehealth)
        or type_id in connection.telehealth_types
    )
    told = (_interval(record, connection), kind.duration_minutes if kind else None)
    end = start + length(record, connection, start=start, minutes=told)
    patient = _patient(record, is_wanted=is_telehealth or not connection.telehealth_only)
    yield Appointment(
        pms_id=record.text_id(),
        start=start,
        end=end,
        status=standing.status,
        status_raw=standing.raw,
        is_telehealth=is_telehealth,
        type_id=type_id,
        type_name=kind.name if kind else None,
        patient=patient,
        practitioner_id=practitioner_id,
        practitioner_name=connection.practitioners.get(practitioner_id or ""),
        notes=record.notes("notes"),
        telehealth_link=_link(record, spots[0]),
        telehealth_host_link=_link(record, spots[1]),
        flags=frozenset(record.flags),
        referral_id=record.side_id("referralId"),
    )


def _page_size(connection: Connection) -> int:
    """As stored; more than the limit, which was allowed once, is the limit."""
    given = str(connection.settings.get("page_size") or 100)
    if not _is_number(given) or int(given) < 1:
        raise BadInput(_PAGE_SIZES)
    return min(int(given), _LARGEST_PAGE)


def check(given: Mapping[str, Any], held: Connection | None) -> None:
    """Refuse what the next sync could not use, or not as it is given."""
    OWN_CODES.check(given)
    if not _BELOW_THE_BASE.fullmatch(str(given.get("intervals_path") or _INTERVALS)):
        raise BadInput(f"intervals_path is written {_INTERVALS}: a path, without parameters.")
    size = str(given.get("page_size") or 100)
    if not _is_number(size) or not 1 <= int(size) <= _LARGEST_PAGE:
        raise BadInput(_PAGE_SIZES)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _kind(record: Record, connection: Connection, type_id: str | None) -> KnownType | None:
    path = "/v1/practices/{site}/appointment-types/{id}"
    return known_type(
        connection, type_id, ask=lambda key: record.held(path, id=key), read=appointment_type
    )


def _interval(record: Record, connection: Connection) -> int | None:
    """The minutes behind the interval code, which is no number of minutes itself."""
    code = record.side_id("appointmentIntervalCode")
    if code is None:
        return None
    path = str(connection.settings.get("intervals_path") or _INTERVALS)
    minutes: int | None = record.code(path, code, read=intervals)
    return minutes


def intervals(body: Any) -> Mapping[str, int]:
    """Code to minutes; the shape is unpublished, so any list of codes with texts will do."""
    nested = body.values() if isinstance(body, dict) else ()
    rows = body if isinstance(body, list) else next((v for v in nested if isinstance(v, list)), [])
    found: dict[str, int] = {}
    for row in rows:
        told = row if isinstance(row, dict) else {}
        code = next((told[key] for key in _CODE_KEYS if told.get(key) is not None), None)
        minutes = (minutes_in(str(told.get(key, ""))) for key in _TEXT_KEYS)
        wanted = next((one for one in minutes if one is not None), None)
        if code is not None and wanted is not None:
            found[str(code)] = wanted
    return found


def minutes_in(text: str) -> int | None:
    """Minutes of "15 mins", "1 hr 30 mins", "1.5 hrs", or of a plain number; None for the rest."""
    plain = text.strip().casefold()
    if plain.isascii() and plain.isdigit():
        return int(plain[:6])
    parts = re.findall(r"(\d{1,4}(?:\.\d{1,2})?)\s*(h|m)", plain)
    if not parts:
        return None
    return round(sum(float(number) * (60 if unit == "h" else 1) for number, unit in parts))


def _standing(record: Record, connection: Connection) -> Standing:
    """Cancelled with a reason that the practice counts as one is a no-show."""
    code = record.maybe_id("appointmentStatus")
    standing = STATUS.read(record, code, own=OWN_CODES.read(connection))
    given = connection.settings.get("no_show_reasons") or ()
    reasons = {one.strip() for one in (given.split(",") if isinstance(given, str) else given)}
    if standing.status is Status.CANCELLED and record.side_id("cancellationReason") in reasons:
        return replace(standing, status=Status.NO_SHOW)
    return standing


def _is_linked(record: Record, path: str) -> bool:
    """Whether there is a session's address, though it may not be one that can be shown."""
    value = record.raw(path)
    return bool(value.strip() if isinstance(value, str) else value)


def _link(record: Record, path: str) -> str | None:
    """A session's address; it lets in whoever holds it."""
    return record.side_text(path, limit=_LONGEST_LINK)


def _patient(record: Record, *, is_wanted: bool) -> Patient | None:
    """Each costs a request, so rows the connection leaves out keep the id alone."""
    pms_id = record.maybe_id("patientId")
    if pms_id is None:
        return None
    found = record.held("/v1/patients/{id}", id=pms_id) if is_wanted else None
    if found is None:
        record.flags.add("patient_not_included")
        return Patient(pms_id=pms_id)
    return people.patient(
        pms_id,
        given=found.side("firstName"),
        family=found.side("lastName"),
        phone=found.side("mobilePhone") or found.side("homePhone"),
        email=found.side("email"),
        born=found.birth_date("dob"),
    )


def appointment_type(record: Record, connection: Connection) -> Iterator[AppointmentType]:
    pms_id = record.id()
    told = record.raw("duration")
    mark = record.side_mark("telehealth")
    yield AppointmentType(
        pms_id=pms_id,
        name=record.side("name") or known_name(connection, pms_id),
        duration_minutes=None if told is None else minutes_in(str(told)),
        # An odd mark says nothing, and what was known of it stays.
        is_telehealth=mark if record.has("telehealth") else False,
    )


def practice(record: Record, connection: Connection) -> Iterator[Practice]:
    yield Practice(site=record.id(), name=record.maybe("name"))


VENDOR = Vendor(
    name="medirecords",
    title="Medirecords",
    docs="https://support.medirecords.com/hc/en-us/articles/13937872514575",
    base_url="https://api.medirecords.com",
    # No token endpoint is published: MediRecords hands tokens out. An operator who is offered a
    # sign-in sets MEDIRECORDS_AUTHORIZE_URL, _TOKEN_URL, _SCOPES, _CLIENT_ID and _CLIENT_SECRET.
    auth=StaticToken(),
    sign_in=SignIn(),
    secrets={"token": "Bearer token for the REST API, from MediRecords support"},
    settings={
        "page_size": "Appointments asked for at a time, 200 at most (100)",
        "practitioner_names": "Names of the practitioners: id=Name; id=Name",
        "status_codes": "Meaning of status codes, such as 6=in_progress; 9=no_show",
        "intervals_path": f"Where the codes for lengths are listed ({_INTERVALS})",
        "no_show_reasons": "Cancellation reason codes that mean a no-show: 3, 7",
        "default_minutes": "Length of an appointment that has none",
    },
    check_settings=check,
    own_statuses=OwnStatuses(OWN_CODES.setting, OWN_CODES.read),
    site_label="Practice id",
    # The vendor's thresholds are not public: our own caution.
    limits={"default": (Limit(60, 60), Limit(1000, 3600))},
    limited_per="connection",
    note_policy="inbound",
    holds={
        Extra.PHONE: ("mobilePhone", "homePhone"),
        Extra.EMAIL: ("email",),
        Extra.BIRTH_DATE: ("dob",),
        Extra.NOTES: ("notes",),
        Extra.TYPE: (),
        # That there is a link says that it is telehealth.
        Extra.LINKS: (),
    },
    capabilities=Capabilities(
        probe_by_id=True,
        telehealth="reported",
        telehealth_by="the type's own mark, or a session link",
    ),
    queries=queries,
    practitioner_at="providerId",
    appointments=Listing(
        path="/v1/practices/{site}/appointments",
        wrapping=Envelope(items="data"),
        # Rows shift while it is read: a changed total means reading it once more.
        paging=PageNumber(
            param="page", size_param="size", size=100, last_at="last", total_at="totalElements"
        ),
        parse=parse,
        changed_at="updatedDateTime",
        expects=frozenset(
            {"id", "patientId", "providerId", "appointmentTypeId", "scheduleTime"}
            | {"appointmentStatus", "appointmentIntervalCode"}
            | {"telehealthLinkForProvider", "telehealthLinkForPatient"}
        ),
    ),
    appointment=Listing(
        path="/v1/practices/{site}/appointments/{id}", wrapping=Single("appointment"), parse=parse
    ),
    practice=Listing(path="/v1/practices/{site}", wrapping=Single("practice"), parse=practice),
    types=Listing(
        path="/v1/practices/{site}/appointment-types",
        wrapping=Envelope(items="data", may_be_bare=True),
        # Paged like appointments where it is paged at all: else it names no pages.
        paging=PageNumber(
            param="page", size_param="size", size=100, last_at="last", next_at="totalPages"
        ),
        parse=appointment_type,
    ),
)
