"""Sikka: a copy of many dental PMSs, all values texts, patients joined, changes from a feed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from math import ceil

from adapters.rest import people
from adapters.rest.instants import read_http_date
from adapters.rest.joins import Join
from adapters.rest.lengths import length
from adapters.rest.paging import PageNumber
from adapters.rest.ports import Ports
from adapters.rest.record import Record, joined
from adapters.rest.vendor import Listing, OwnStatuses, Secrets, Vendor
from adapters.rest.waits import RateHeaders
from adapters.sikka import abilities, faults, offices
from adapters.sikka.desk import SikkaDesk
from adapters.sikka.feed import Newest
from adapters.sikka.keys import RequestKeys
from adapters.sikka.offices import ENVELOPE, practice_of
from adapters.sikka.rows import (
    APPOINTMENT_FIELDS,
    BOOK_FIELDS,
    HOLDS,
    patient,
    patient_elsewhere,
    patient_fields,
    starts,
)
from adapters.sikka.source import SikkaSource
from adapters.sikka.statuses import OWN_WORDS, check, is_deleted, standing
from domain import names
from domain.appointments import Appointment, Patient, Practitioner
from domain.connections import Connection
from domain.errors import BadInput
from domain.limits import Limit
from domain.sources import AppointmentSource, Capabilities, Query
from domain.window import Window, local_day

PATIENTS = "patients"
HERE = {"practice_id": "{practice}"}
_OVERLAP = timedelta(minutes=10)
_FEED = timedelta(hours=23)
"""The feed of changes is asked for less than a day back; what is older means reading the days."""

_MOST_REQUESTS = 10_000


def queries(
    window: Window,
    connection: Connection,
    *,
    practitioners: Sequence[Practitioner],
    since: str | None,
    now: Callable[[], datetime] | None = None,
) -> Iterator[Query]:
    """All practitioners at once; with a mark of less than a day ago, the feed of changes."""
    minutes = _minutes_since(since, now() if now else None)
    if minutes is not None:
        # Whatever moved out of the window must be seen too.
        yield Query(key="all", params={"interval": str(minutes)}, complete=False)
        return
    params = {
        "startdate": local_day(window.start, connection.timezone).isoformat(),
        # Whether the last day is included is not said.
        "enddate": local_day(window.end, connection.timezone).isoformat(),
    }
    yield Query(key="all", params=params, window=window)


def parse(record: Record, connection: Connection) -> Iterator[Appointment]:
    """Times are the practice's own; a phone is only on the patient's record."""
    wanted = practice_of(connection)
    if wanted is not None and (record.maybe_id("practice_id") or wanted) != wanted:
        return
    start, stands = starts(record, connection), standing(record, connection)
    kind, described = record.side("type"), record.notes("description")
    yield Appointment(
        pms_id=record.id("appointment_sr_no"),
        start=start,
        end=start + length(record, connection, start=start, minutes=[record.minutes("length")]),
        status=stands.status,
        status_raw=stands.raw,
        is_telehealth=kind in connection.telehealth_types,
        type_id=kind,
        type_name=kind,
        patient=_patient(record),
        practitioner_id=record.maybe_id("provider_id"),
        notes=joined(record.notes("note"), None if described == kind else described),
        flags=frozenset(record.flags),
        removed=is_deleted(record),
    )


def practitioner(record: Record, connection: Connection) -> Iterator[Practitioner]:
    pms_id = record.id("provider_id")
    names = (record.side("firstname"), record.side("lastname"))
    status = (record.side("status") or "active").casefold()
    yield Practitioner(
        pms_id=pms_id,
        full_name=" ".join(name for name in names if name)
        or connection.practitioners.get(pms_id, pms_id),
        active=status != "inactive",
        in_book=(record.side("is_hidden") or "").casefold() not in {"t", "true", "1", "y"},
    )


def open_source(
    vendor: Vendor, connection: Connection, *, secrets: Secrets, ports: Ports
) -> AppointmentSource:
    here = at_practice(vendor, connection, ports)
    return SikkaSource(here, connection, secrets=secrets, ports=ports)


def open_desk(
    vendor: Vendor, connection: Connection, *, secrets: Secrets, ports: Ports
) -> SikkaDesk:
    here = at_practice(vendor, connection, ports)
    return SikkaDesk(here, connection, secrets=secrets, ports=ports, parse=parse)


def at_practice(vendor: Vendor, connection: Connection, ports: Ports) -> Vendor:
    """The description with what depends on the practice and the hour."""
    named = practice_of(connection)
    ours = offices.Ours(office=offices.office_of(connection), practice=named)
    return replace(
        vendor,
        limits={"default": _limits(connection)},
        queries=partial(queries, now=ports.clock),
        practice=replace(PRACTICE, wrapping=ours, params=offices.shown(named)),
        read_fault=faults.reader(ports.clock, connection.timezone),
    )


def _limits(connection: Connection) -> tuple[Limit, ...]:
    given = str(connection.settings.get("requests_a_minute") or "")
    if not given:
        return LIMITS
    if not given.isdigit() or not 1 <= int(given) <= _MOST_REQUESTS:
        raise BadInput(f"requests_a_minute is a number from 1 to {_MOST_REQUESTS}.")
    return (Limit(int(given), 60),)


def _minutes_since(mark: str | None, now: datetime | None) -> int | None:
    """By the vendor's own Date header; an unreadable or an old mark asks for all."""
    since = read_http_date(mark)
    if since is None or now is None or not timedelta() <= now - since + _OVERLAP <= _FEED:
        return None
    return max(1, ceil((now - since + _OVERLAP).total_seconds() / 60))


def _patient(record: Record) -> Patient | None:
    """As the patients' listing has them; else by the name on the appointment."""
    pms_id = record.maybe_id("patient_id")
    if pms_id is None:
        return None
    found = _found(record, pms_id)
    if found is not None:
        return patient(found)
    record.flags.add("patient_not_included")
    return replace(
        people.patient(pms_id, given=None, family=None), full_name=record.side("patient_name")
    )


def _found(record: Record, pms_id: str) -> Record | None:
    """In the patient's own practice; in ours whoever has that number may be somebody else."""
    ours, there = record.lookup(PATIENTS, pms_id), patient_elsewhere(record.fields())
    if there is None:
        return ours
    found = record.lookup(PATIENTS, there.key)
    return found or (ours if ours and _is_called(ours, record.side("patient_name")) else None)


def _is_called(person: Record, name: str | None) -> bool:
    own = names.read(" ".join(filter(None, map(person.side, ("firstname", "lastname"))))).words
    return bool(own) and set(own) <= set(names.read((name or "").replace(",", " ")).words)


def _together(ids: Sequence[str], connection: Connection) -> dict[str, str]:
    """One request for many: RQL is the one documented filter that takes more than one id."""
    wanted = "::OR::".join(f"patient_id=eq_{pms_id}" for pms_id in ids)
    return {**patient_fields(connection.left_out), **HERE, "find": wanted, "limit": "500"}


def _alone(pms_id: str, connection: Connection) -> dict[str, str]:
    return {**patient_fields(connection.left_out), **HERE, "patient_id": pms_id}


JOIN = Join(
    side=PATIENTS,
    key="patient_id",
    path="/patients",
    wrapping=ENVELOPE,
    many=_together,
    one=_alone,
    elsewhere=patient_elsewhere,
    place_at="practice_id",
)


def _pages(size: int) -> PageNumber:
    # `offset` counts pages, and only an empty next link says the end (apidocs, Pagination).
    return PageNumber(param="offset", size_param="limit", size=size, next_at="pagination.next")


LIMITS = (Limit(120, 60),)
_LOADING = ("data-insert", "in progress")
PRACTICE = Listing(
    path="/authorized_practices",
    wrapping=ENVELOPE,
    paging=_pages(5000),
    parse=offices.practice,
    secret_headers={"app-id": "app_id", "app-key": "app_key"},
)
PROVIDERS = Listing(
    path="/providers",
    wrapping=ENVELOPE,
    paging=_pages(500),
    params=HERE,
    parse=practitioner,
    id_at="provider_id",
)
BOOK = Listing(
    path="/appointments",
    wrapping=ENVELOPE,
    paging=_pages(100),
    params={**BOOK_FIELDS, **HERE},
    parse=parse,
    expects=frozenset(
        {"appointment_sr_no", "patient_id", "provider_id", "practice_id"}
        | {"date", "time", "length", "status", "type"}
    ),
    mark_header="date",
    changed_at="last_changed_date",
    id_at="appointment_sr_no",
    loading=_LOADING,
    joins=JOIN,
)
ONE = replace(BOOK, params={**BOOK.params, "appointment_sr_no": "{id}"})

VENDOR = Vendor(
    name="sikka",
    title="Sikka",
    maker="Sikka.ai",
    docs="https://apidocs.sikkasoft.com",
    base_url="https://api.sikkasoft.com/v4",
    auth=RequestKeys(),
    secrets={
        "app_id": "Application id, set by the operator as SIKKA_APP_ID",
        "app_key": "Application key, set by the operator as SIKKA_APP_KEY",
        "office_id": "Office id, such as D12345",
        "secret_key": "The office's secret, from authorized_practices",
    },
    settings={
        "practice_id": "The practice within the office, where it has several",
        "pms_type": "The PMS behind Sikka, such as Dentrix; else asked for",
        "default_operatory": "The chair of a booking that names none",
        "user": "The PMS user bookings are made as, where the PMS wants one",
        "staff": "The staff member bookings are made as, where the PMS wants one",
        "booking_status": "Status of a new appointment, where the PMS wants one",
        "booking_type": "Type of a new appointment that names none, where the PMS wants one",
        "cancelled_status": "The practice's own word for a cancelled appointment",
        "status_words": "Meaning of the practice's own words for a status, such as "
        "Recovery=arrived; Rebook=cancelled",
        "status_path": "What a change of status calls the field (status)",
        "requests_a_minute": "What the plan allows, if not 120",
        "default_minutes": "Length of an appointment that has none",
    },
    site_label="Office id (D12345), or office:practice (D12345:2)",
    place=offices.place,
    region="America",
    # Plans differ; the headers of every answer tighten this (apidocs, Rate Limiting).
    limits={"default": LIMITS},
    limited_per="office",
    rate_headers=RateHeaders(
        limit="x-rate-limit-limit", remaining="x-rate-limit-remaining", reset="x-rate-limit-reset"
    ),
    voice_shares={"default": 0.1},
    note_policy="on_demand",
    holds=HOLDS,
    telehealth_only=False,
    check_settings=check,
    own_statuses=OwnStatuses(OWN_WORDS.setting, OWN_WORDS.read),
    capabilities=Capabilities(
        changed_since=True,
        probe_by_id=True,
        telehealth="types",
        telehealth_by="the appointment types a person marks",
        writes=abilities.ANY_WRITES,
    ),
    behind=abilities.BEHIND,
    faults=faults.BY_STATUS,
    read_fault=faults.read_fault,
    may_answer_nothing=True,
    queries=queries,
    appointments=BOOK,
    changes=replace(
        BOOK,
        path="/practice_events",
        wrapping=Newest(),
        # Which word is the last is known only to a walk that has seen all of them.
        paging=replace(_pages(500), mark_seconds=0),
        # Here all default fields come; what is left out is dropped before anybody reads it.
        params={"events": "appointments", "status": "current", "fields": APPOINTMENT_FIELDS},
        expects=frozenset(),
    ),
    appointment=ONE,
    practice=PRACTICE,
    practitioners=PROVIDERS,
    opens=open_source,
    desk=open_desk,
)
