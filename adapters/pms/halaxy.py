"""Halaxy: FHIR-like bundles and references, the status beside each patient, changes by instant."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from adapters.halaxy.statuses import OWN_WORDS, check, standing
from adapters.rest.auth import ClientCredentials
from adapters.rest.envelope import Bundle, Single
from adapters.rest.fhir import Target, issue_codes, minutes, patient, target, titled_name
from adapters.rest.instants import read_http_date
from adapters.rest.kinds import known_name, known_type
from adapters.rest.lengths import length
from adapters.rest.paging import NextLink
from adapters.rest.ports import Ports
from adapters.rest.record import Record, last_segment
from adapters.rest.source import RestSource
from adapters.rest.vendor import Fault, Listing, OwnStatuses, Secrets, Vendor
from adapters.rest.waits import RateHeaders
from adapters.rest.words import plain
from domain.appointments import (
    Appointment,
    AppointmentType,
    Patient,
    Practice,
    Practitioner,
)
from domain.connections import Connection
from domain.errors import BadInput, NeedsReconnect, TokenExpired
from domain.limits import Limit
from domain.minimising import Extra
from domain.sources import AppointmentSource, Capabilities, Query
from domain.window import Window, zone

_CLINIC, _EXTERNAL = "CL-", "EP-"
_SERVICE, _BESIDE = "HealthcareService", "supportingInformation"
_OVERLAP = timedelta(minutes=5)
_UNDER_WAY, _SOON = timedelta(hours=4), timedelta(hours=2)
"""What began so long ago may end by now, what begins so soon may have begun."""

_ROLE, _PERSON = "PractitionerRole", "Practitioner"
_INCLUDED: Mapping[str, tuple[str, ...]] = {
    "_include": ("Appointment:patient", "Appointment:practitioner-role"),
    "_include:iterate": ("PractitionerRole:practitioner",),
}


def queries(
    window: Window,
    connection: Connection,
    *,
    practitioners: Sequence[Practitioner],
    since: str | None,
    now: datetime | None = None,
) -> Iterator[Query]:
    """All practitioners at once; with `since`, only what was changed about then or later.

    Booked turns into attended, and attended ends, by the clock alone: nothing says that these have
    changed, so the hours from `since` until now are read with the changes.
    """
    changed = read_http_date(since)
    params = _asked(window, connection)
    if changed is None:
        # A filter with the wrong name is ignored without a word: the window is looked at again.
        yield Query(key="all", params=params, window=window)
        return
    updated = {"_lastUpdated": (f"gt{(changed - _OVERLAP).isoformat()}",)}
    yield Query(key="all", params={**params, **updated}, window=window, complete=False)
    latest = max(changed, now or changed)
    start, end = max(window.start, changed - _UNDER_WAY), min(window.end, latest + _SOON)
    if start < end:
        hours = Window(start, end)
        yield Query(key="now", params=_asked(hours, connection), window=hours, complete=False)


def _asked(window: Window, connection: Connection) -> dict[str, tuple[str, ...]]:
    place = zone(connection.timezone)
    start, end = (at.astimezone(place).isoformat() for at in (window.start, window.end))
    params = {**_INCLUDED, "date": (f"ge{start}", f"lt{end}"), "_sort": ("date",)}
    if connection.site.startswith(_CLINIC):
        params["organization"] = (f"Organization/{connection.site}",)
    return params


def parse(record: Record, connection: Connection) -> Iterator[Appointment]:
    """One row for each patient; one without for a meeting or a block."""
    if _is_elsewhere(record, connection):
        return
    start = record.instant("start", zone=connection.timezone)
    beside = _beside(record, connection)
    type_id = _service_id(beside)
    kind = known_type(
        connection, type_id, ask=lambda key: _held(record, _SERVICE, key), read=appointment_type
    )
    end = start + length(
        record,
        connection,
        start=start,
        end=record.side_instant("end", zone=connection.timezone),
        minutes=(record.minutes("minutesDuration"), kind.duration_minutes if kind else None),
    )
    practitioner_id = _practitioner_id(record)
    name = _practitioner_name(record, connection, practitioner_id)
    is_telehealth = _is_telehealth(beside, connection) or type_id in connection.telehealth_types
    shared = frozenset(record.flags)
    for person in _each_patient(record):
        # What was degraded for one patient of a group does not mark the others.
        record.flags.clear()
        stands = standing(record, connection, person, end=end)
        yield Appointment(
            pms_id=record.text_id(),
            start=start,
            end=end,
            status=stands.status,
            status_raw=stands.raw,
            is_telehealth=is_telehealth,
            type_id=type_id,
            type_name=kind.name if kind else None,
            patient=_patient(record, person),
            practitioner_id=practitioner_id,
            practitioner_name=name,
            notes=record.notes("description"),
            flags=shared | record.flags,
        )


def _held(record: Record, kind: str, pms_id: str | None) -> Record | None:
    """What a reference means: beside the page's matches, else asked for once."""
    if pms_id is None:
        return None
    path = f"/main/{kind}/{{id}}"
    found = record.lookup(kind, pms_id) or record.held(path, id=pms_id)
    if found is None and kind == _ROLE and path in record.around.unread:
        # Whose appointment it is, and of which clinic, is told by the role alone.
        raise record.bad("participant", "names a role that cannot be read")
    return found


def _actor(person: Record) -> Target:
    actor = person.record("actor")
    found = target(actor) if actor else Target(None, None)
    if found.kind is None or found.id is None:
        raise person.bad("actor", "names nobody")
    return found


def _clinicians(record: Record) -> list[Target]:
    """Those who treat, as persons or in their roles; external contacts last."""
    found = [_actor(person) for person in record.records("participant", required=True)]
    told = [one for one in found if one.kind in {_ROLE, _PERSON} and one.id]
    return sorted(told, key=lambda one: (one.id or "").startswith(_EXTERNAL))


def _practitioner_id(record: Record) -> str | None:
    """The person, also where a role is named: somebody has one at each clinic, with other ids."""
    for one in _clinicians(record):
        if one.kind == _PERSON:
            return one.id
        role = _held(record, _ROLE, one.id)
        person = role and last_segment(role.maybe("practitioner.reference"))
        if person:
            return person
        record.drift.append("practitioner:unresolved")
    return None


def _practitioner_name(
    record: Record, connection: Connection, practitioner_id: str | None
) -> str | None:
    known = connection.practitioners.get(practitioner_id or "")
    if known is not None:
        return known
    found = _held(record, _PERSON, practitioner_id)
    return titled_name(found) if found else None


def _is_elsewhere(record: Record, connection: Connection) -> bool:
    """At another clinic of the group, by the roles; those say it where the search ignored it."""
    if not connection.site.startswith(_CLINIC):
        return False
    told = [one.id for one in _clinicians(record) if one.kind == _ROLE]
    roles = [_held(record, _ROLE, pms_id) for pms_id in told]
    clinics = {last_segment(role.maybe("organization.reference")) for role in roles if role}
    return bool(clinics - {None}) and connection.site not in clinics


def _each_patient(record: Record) -> Sequence[Record | None]:
    people = {_actor(person): person for person in record.records("participant", required=True)}
    patients = [person for actor, person in people.items() if actor.kind == "Patient" and actor.id]
    return patients or [None]


def _beside(record: Record, connection: Connection) -> list[Record]:
    """What says of which kind it is; where only telehealth is wanted, it must be readable."""
    read = record.records if connection.telehealth_only else record.side_records
    return read(_BESIDE)


def _service_id(told: Sequence[Record]) -> str | None:
    for one in told:
        path, _, pms_id = (one.side_text("reference") or "").rstrip("/").rpartition("/")
        if pms_id and (one.side_text("type") or last_segment(path)) == _SERVICE:
            return pms_id
    return None


def _is_telehealth(told: Sequence[Record], connection: Connection) -> bool:
    """By the location-type, whose shape on reads is not public; never by a service's name."""
    switched = (
        place for place in ("online", "phone") if connection.settings.get(f"{place}_is_telehealth")
    )
    places = {_place(one, connection) for one in told}
    return not places.isdisjoint({"telehealth", *switched})


def _place(one: Record, connection: Connection) -> str | None:
    names = {last_segment(str(one.raw(key))) for key in ("type", "name", "url")}
    if "location_type" not in {plain(name) for name in names if name}:
        return None
    keys = ("value", "valueCode", "valueString", "valueCoding.code")
    read = one.maybe if connection.telehealth_only else one.side_text
    found = next((text for key in keys if (text := read(key))), None)
    return plain(found) if found else None


def _patient(record: Record, person: Record | None) -> Patient | None:
    pms_id = _actor(person).id if person else None
    if pms_id is None:
        return None
    found = _held(record, "Patient", pms_id)
    if found is None:
        record.flags.add("patient_not_included")
        return Patient(pms_id=pms_id)
    return patient(pms_id, found)


def open_source(
    vendor: Vendor, connection: Connection, *, secrets: Secrets, ports: Ports
) -> AppointmentSource:
    """The description with the hour: a mark may be from long ago."""
    here = replace(vendor, queries=partial(queries, now=ports.clock()))
    return RestSource(here, connection, secrets=secrets, ports=ports)


def practitioner(record: Record, connection: Connection) -> Iterator[Practitioner]:
    pms_id = record.text_id()
    yield Practitioner(
        pms_id=pms_id,
        full_name=titled_name(record) or connection.practitioners.get(pms_id, pms_id),
        active=record.side_mark("active") is not False,
    )


def appointment_type(record: Record, connection: Connection) -> Iterator[AppointmentType]:
    pms_id = record.text_id()
    name = record.side("name") or known_name(connection, pms_id)
    yield AppointmentType(pms_id=pms_id, name=name, duration_minutes=minutes(record))


def practice(record: Record, connection: Connection) -> Iterator[Practice]:
    yield Practice(site=record.id(), name=record.maybe("name"))


NOT_FOR_THE_KEY = (
    "the practice's API key may not read this; see in Halaxy's settings that the key has the scopes"
    " for appointments, patients, practitioners and services, that the API add-on has not ended,"
    " and that the clinic id is right"
)


def read_fault(status: int, body: Any) -> Fault | None:
    """A token that ended is told by an OperationOutcome, whatever the status.

    Else a 403 is no matter of signing in: another key would be told the same.
    """
    if "expired" in issue_codes(body):
        return Fault(error=TokenExpired)
    is_barred = status == HTTPStatus.FORBIDDEN
    return Fault(error=NeedsReconnect, reason=NOT_FOR_THE_KEY) if is_barred else None


def headers_of(connection: Connection) -> Mapping[str, str]:
    """Who asks, as `VENDOR_NAME (VENDOR_EMAIL)`; without it every answer is 403."""
    name = connection.settings.get("vendor_name") or "pms-sync"
    email = connection.settings.get("vendor_email") or "support@pms-sync.invalid"
    agent = f"{name} ({email})"
    if not re.fullmatch(r"[\x20-\x7e]{1,200}", agent):
        raise BadInput("vendor_name and vendor_email go into a header: plain letters only.")
    return {"user-agent": agent}


# Pages are numbered behind the links, so rows shift: a changed total means reading once more.
_PAGES = NextLink(size_param="_count", size=100, total_at="total")

VENDOR = Vendor(
    name="halaxy",
    title="Halaxy",
    docs="https://developers.halaxy.com",
    base_url="https://au-api.halaxy.com",
    # Announced as 3600 seconds, good for 900 (developers.halaxy.com/docs/authentication).
    auth=ClientCredentials(token_url="/main/oauth/token", sent_as="json", ceiling_seconds=900),
    secrets={
        "client_id": "Client id of the practice's API key",
        "client_secret": "Client secret of the practice's API key",
    },
    settings={
        "vendor_name": "Your name, as told to Halaxy",
        "vendor_email": "Your e-mail address, as told to Halaxy",
        "online_is_telehealth": "Whether the location type online is telehealth: yes or no",
        "phone_is_telehealth": "Whether the location type phone is telehealth: yes or no",
        "default_minutes": "Length of an appointment that has none",
        "status_words": "Meaning of Halaxy's words for a status, such as tentative=booked",
    },
    check_settings=check,
    own_statuses=OwnStatuses(OWN_WORDS.setting, OWN_WORDS.read),
    site_label="Clinic id (CL-…), or practice group id (OG-…)",
    # A sliding window for each key (developers.halaxy.com/docs/authentication).
    limits={"default": (Limit(500, 60),)},
    limited_per="application",
    limits_are="documented",
    note_policy="inbound",
    holds={
        Extra.PHONE: ("telecom[system=sms]", "telecom[system=phone]"),
        Extra.EMAIL: ("telecom[system=email]",),
        Extra.BIRTH_DATE: ("birthDate",),
        Extra.NOTES: ("description",),
        Extra.TYPE: (),
    },
    rate_headers=RateHeaders(limit="x-ratelimit-limit", remaining="x-ratelimit-remaining"),
    capabilities=Capabilities(
        changed_since=True,
        probe_by_id=True,
        webhooks=True,
        telehealth="types",
        telehealth_by="the appointment's place, or the services a person marks",
    ),
    headers={"accept": "application/fhir+json"},
    headers_of=headers_of,
    read_fault=read_fault,
    queries=queries,
    opens=open_source,
    appointments=Listing(
        path="/main/Appointment",
        wrapping=Bundle("Appointment"),
        paging=_PAGES,
        parse=parse,
        expects=frozenset({"id", "start", "end", "participant"}),
        mark_header="date",
        changed_at="meta.lastUpdated",
    ),
    appointment=Listing(path="/main/Appointment/{id}", wrapping=Single(), parse=parse),
    practice=Listing(path="/main/Organization/{site}", wrapping=Single(), parse=practice),
    practitioners=Listing(
        path="/main/Practitioner",
        wrapping=Bundle("Practitioner"),
        paging=_PAGES,
        parse=practitioner,
    ),
    types=Listing(
        path="/main/HealthcareService",
        wrapping=Bundle("HealthcareService"),
        paging=_PAGES,
        parse=appointment_type,
    ),
)
