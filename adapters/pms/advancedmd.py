"""AdvancedMD: one address for messages, REST for the scheduler, limits by the clock of Denver."""

from dataclasses import replace
from datetime import time
from decimal import Decimal
from http import HTTPStatus

from adapters.advancedmd.assumed import scheduler_buckets
from adapters.advancedmd.desk import ABILITIES, AdvancedMdDesk
from adapters.advancedmd.faults import read_fault
from adapters.advancedmd.line import wire_of
from adapters.advancedmd.login import DOMAIN, Login, is_live
from adapters.advancedmd.rows import OneOrMany, parse
from adapters.advancedmd.settings import check
from adapters.advancedmd.source import AdvancedMdSource
from adapters.advancedmd.words import own_codes, settable
from adapters.rest.envelope import Single
from adapters.rest.ports import Ports
from adapters.rest.vendor import Listing, OwnStatuses, Secrets, Vendor
from domain.connections import Connection
from domain.desk import Ability
from domain.errors import Refused
from domain.limits import MONDAY_TO_FRIDAY, Limit, Tier
from domain.minimising import Extra
from domain.sources import AppointmentSource, Capabilities


def open_source(
    vendor: Vendor, connection: Connection, *, secrets: Secrets, ports: Ports
) -> AppointmentSource:
    here = _as_set(vendor, connection)
    return AdvancedMdSource(here, connection, secrets=secrets, ports=ports)


def open_desk(
    vendor: Vendor, connection: Connection, *, secrets: Secrets, ports: Ports
) -> AdvancedMdDesk:
    here = _as_set(vendor, connection)
    return AdvancedMdDesk(here, connection, secrets=secrets, ports=ports)


def _as_set(vendor: Vendor, connection: Connection) -> Vendor:
    buckets = scheduler_buckets(connection)
    return replace(
        vendor,
        auth=Login(wire=wire_of(connection)),
        appointments=replace(BOOK, buckets=buckets),
        appointment=replace(ONE, buckets=buckets),
    )


def _peak(requests: int) -> tuple[Tier, ...]:
    return (
        Tier(
            zone="America/Denver",
            opens=time(6),
            closes=time(18),
            limits=(Limit(requests, 60),),
            weekdays=MONDAY_TO_FRIDAY,
        ),
    )


BOOK = Listing(
    path="/scheduler/appointments",
    wrapping=OneOrMany(),
    parse=parse,
    changed_at="lastupdated",
    expects=frozenset(
        {"id", "startdatetime", "duration", "columnid", "patientid", "appointmenttypeids"}
        | {"firstname", "lastname", "confirmdate", "status", "lastupdated"}
    ),
)

# Not documented beside the changes at the same address: where it is not offered, days are read.
ONE = replace(
    BOOK,
    path="/scheduler/appointments/{id}",
    wrapping=Single("appointment"),
    faults={HTTPStatus.FORBIDDEN: Refused, HTTPStatus.NOT_IMPLEMENTED: Refused},
)

VENDOR = Vendor(
    name="advancedmd",
    title="AdvancedMD",
    docs="https://www.advancedmd.com/api",
    base_url="https://partnerlogin.advancedmd.com",
    auth=Login(),
    proves=is_live,
    secrets={
        "username": "User name of the account made for us",
        "password": "Password of that account",
        "office_key": "Office key, a number",
        "app_name": "Application name, as AdvancedMD gave it to the partner",
    },
    settings={
        "columns": "Columns of the scheduler to read, such as 16,17 (all if empty)",
        "default_minutes": "Length of an appointment that has none",
        "default_type": "Type of visits created from here, by its id (what is usual if empty)",
        "status_codes": "Meaning of the office's own codes, such as 20=completed; 21=no_show",
        "deep_link": "Address of an appointment's page in AdvancedMD, with {id} in it",
        "wire": "Format of the messages: json or xml",
        "reads": "Interface for reading the days: rest or xml",
        "change_path": "Where a visit is changed, with {id} in it (/scheduler/appointments/{id})",
        "status_field": "What the status is called in a change (statuscode)",
        "scheduler_tier": "Tier of its limits that the scheduler counts in, 2 or 3 (3)",
        "ids_agree": "Visits with the ids of their appointments: yes or no",
    },
    site_label="Office key",
    site_secret="office_key",
    practitioners_are="columns of its scheduler",
    region="America",
    limits={
        "login": (Limit(1, 60),),
        "tier1": (Limit(60, 60),),
        "tier2": (Limit(120, 60),),
        "tier3": (Limit(120, 60),),
    },
    limited_per="office",
    limits_are="documented",
    tiers={"tier1": _peak(1), "tier2": _peak(12), "tier3": _peak(24)},
    limit_words={"login": "login"},
    # By integrators' accounts; a licensed partner has to confirm it.
    excess_cost=Decimal("0.01"),
    extra_hosts=frozenset({f"*.{DOMAIN}"}),
    note_policy="never",
    # None of them is in the book: they are seen where a patient is looked up to be linked.
    holds={Extra.PHONE: (), Extra.EMAIL: (), Extra.BIRTH_DATE: (), Extra.TYPE: ()},
    telehealth_only=False,
    two_way=True,
    # Asked for changes once a minute, day and night: that is what its frequencies mean.
    adaptive=False,
    settable=settable,
    check_settings=check,
    own_statuses=OwnStatuses("status_codes", own_codes),
    serves_callers=False,
    capabilities=Capabilities(
        changed_since=True,
        probe_by_id=True,
        lists_types=True,
        writes=frozenset(one.value for one in ABILITIES - {Ability.SEARCH_PATIENTS}),
        telehealth="types",
        telehealth_by="the appointment types a person marks",
    ),
    read_fault=read_fault,
    appointments=BOOK,
    appointment=ONE,
    opens=open_source,
    desk=open_desk,
)
