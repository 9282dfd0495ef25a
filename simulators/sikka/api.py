"""The vendor's endpoints: who may ask, and which function answers."""

import re
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from simulators.chance import chance, happens
from simulators.clinic import Clinic
from simulators.control import PREFIX, read_body
from simulators.faults import Fault, Fits, Listing
from simulators.front import said
from simulators.life import live
from simulators.records import Appointment
from simulators.serving import Reply, Request
from simulators.sikka import feed, support, writing
from simulators.sikka.asking import KINDS
from simulators.sikka.books import BOOKS
from simulators.sikka.cloud import Cloud
from simulators.sikka.controls import CONTROLS, described
from simulators.sikka.details import DETAILS
from simulators.sikka.directory import DIRECTORY
from simulators.sikka.doors import DOORS
from simulators.sikka.errors import Refused, refusal
from simulators.sikka.hooks import Hooks
from simulators.sikka.knobs import Knobs
from simulators.sikka.listing import Found, Pages, Table, found, sought
from simulators.sikka.money import MONEY
from simulators.sikka.offices import Location, Office
from simulators.sikka.paging import Shown
from simulators.sikka.week import WEEKS
from simulators.sikka.writing import Writing

if TYPE_CHECKING:
    from simulators.sikka.keys import Keys

PATH = re.compile(r"/v4/(?P<name>[a-z_]+)(?:/(?P<rest>[^/]+))?$")
TABLES: Mapping[str, Table] = {**BOOKS, **DIRECTORY, **MONEY, **WEEKS, **DETAILS}
PLAIN = Table(rows=lambda copy, values: [], render=lambda copy, row: dict(row))
LISTINGS = {
    "appointments": Listing(
        "items", ("appointment_sr_no", "date", "time", "length"), id_key="appointment_sr_no"
    ),
    "patients": Listing("items", ("patient_id", "lastname", "birthdate"), id_key="patient_id"),
}
OWN = ("practice_events", "writeback_status")
SCOPE = tuple(dict.fromkeys((*TABLES, *OWN, *(name for _, name in KINDS))))


class Sikka:
    """The vendor behind the front door."""

    def __init__(self, cloud: Cloud, stopping: threading.Event) -> None:
        self.cloud: Cloud = cloud
        self.stopping = stopping
        self.hooks: Hooks = Hooks(cloud, stopping)
        self._pages = Pages()
        self._drift = chance("sikka", "drift")
        self._requests: Counter[tuple[str, str]] = Counter()
        self._bytes: Counter[tuple[str, str]] = Counter()
        self.set_knobs(cloud.knobs)

    @property
    def keys(self) -> "Keys":
        return self.cloud.keys

    @property
    def clinics(self) -> Mapping[str, Clinic]:
        return {site: location.clinic for site, location in self.cloud.locations.items()}

    @property
    def knobs(self) -> Knobs:
        return self.cloud.knobs

    def set_knobs(self, knobs: Knobs) -> None:
        self.cloud.knobs = self.cloud.queue.knobs = knobs
        for location in self.cloud.locations.values():
            location.closed = tuple(knobs.closed_weekdays)

    def reply(self, request: Request, fault: Fault | None) -> Reply:
        self.cloud.settle()
        key = self.keys.key_of(request)
        try:
            reply = self._reply(request, fault)
        except Refused as refused:
            reply = refusal(refused)
        headers = {**reply.headers, **(key.header if key else {})}
        return replace(reply, headers=headers)

    def _reply(self, request: Request, fault: Fault | None) -> Reply:
        path = PATH.match(request.path)
        if path is None:
            raise Refused("API2009")
        name, rest = path["name"], unquote(path["rest"] or "")
        open_route = DOORS.get((request.method, name))
        if open_route is not None:
            return open_route(self, request, rest)
        is_list = request.method == "GET" and not rest
        kind = Writing(method=request.method, name=name, target=rest, body=request.body)
        if kind.kind() is None and not (is_list and (name in TABLES or name in OWN)):
            known = name in TABLES or name in {each for _, each in KINDS}
            raise Refused("API2014" if known and not rest else "API2009")
        office = self._admit(request, name)
        reply = self._listed(request, name, office, fault) if is_list else None
        reply = reply or self._written(kind, office, fault)
        return self._metered(office, reply)

    def _admit(self, request: Request, name: str) -> Office:
        office = self.keys.admit(request)
        if name in self.knobs.unlicensed:
            raise Refused("API2004")
        if not office.is_uploaded:
            raise Refused("API2010")
        day = (office.id, f"{self.cloud.clock.now():%Y-%m-%d}")
        self._requests[day] += 1
        if 0 < self.knobs.daily_requests < self._requests[day]:
            raise Refused("API2012")
        if 0 < self.knobs.daily_bytes <= self._bytes[day]:
            raise Refused("API2011")
        return office

    def _metered(self, office: Office, reply: Reply) -> Reply:
        self._bytes[office.id, f"{self.cloud.clock.now():%Y-%m-%d}"] += len(reply.body)
        return reply

    def _listed(self, request: Request, name: str, office: Office, fault: Fault | None) -> Reply:
        values = request.values()
        if values.get("offset", "0") != "0" and happens(self._drift, self.knobs.drift):
            self._move(office)
        table, rows = self._rows(name, office, values)
        return self.page(request, name, (table, rows), office=office, fault=fault)

    def _move(self, office: Office) -> None:
        """The SPU brings something between two pages."""
        with self.cloud.lock:
            for location in office.practices.values():
                live(location.clinic, 1, f"drift/{location.clinic.version}")
            self.cloud.refresh(office, self.cloud.clock.now())

    def _rows(
        self, name: str, office: Office, values: Mapping[str, str]
    ) -> tuple[Table, list[Found]]:
        copies = self.cloud.copies_of(office, values.get("practice_id"))
        if name == "practice_events":
            events = feed.found(self.cloud, copies, values)
            return feed.FEED, sought(feed.FEED, events, values, self.knobs)
        if name == "writeback_status":
            first = self.cloud.copies_of(office)[0]
            rows = [(first, row) for row in support.status(self.cloud, office, values)]
            return PLAIN, sought(PLAIN, rows, values, self.knobs)
        return TABLES[name], found(TABLES[name], copies, values, self.knobs)

    def page(
        self,
        request: Request,
        name: str,
        listed: tuple[Table, Sequence[Found]],
        *,
        office: Office | None = None,
        fault: Fault | None = None,
    ) -> Reply:
        host = self.knobs.link_host or request.headers.get("host", "")
        shown = Shown(host, request.path, request.values())
        table, rows = listed
        document: Any = self._pages.cut(table, list(rows), shown, self.knobs, fault)
        if document is None:
            return self._empty(shown)
        if name in self.knobs.wrapped or "all" in self.knobs.wrapped:
            document = [document]
        is_busy = office is not None and self.cloud.is_inserting(office)
        insert = {"Data-Insert": "in progress" if is_busy else "completed"}
        return replace(said(document), headers=insert if table.says_insert else {})

    def _empty(self, shown: Shown) -> Reply:
        if self.knobs.empty == "items":
            return said(
                {"offset": shown.values.get("offset", "0"), "limit": "50", "total_count": "0",
                 "execution_time": "1", "pagination": dict.fromkeys(
                     ("first", "previous", "current", "next", "last"), ""), "items": []}
            )  # fmt: skip
        is_blank = self.knobs.empty == "blank"
        return Reply(status=HTTPStatus.OK if is_blank else HTTPStatus.NO_CONTENT)

    def _written(self, asked: Writing, office: Office, fault: Fault | None) -> Reply:
        kind = asked.kind()
        if kind is None:
            raise Refused("API2009")
        reply, lost = writing.ask(asked, kind, office, self.cloud, fault)
        if lost is None:
            return reply
        seconds = self.knobs.silent_seconds
        if fault and fault.seconds is not None:
            seconds = fault.seconds
        return writing.lose(reply, lost, seconds, self.stopping)

    def supported(self, request: Request, name: str) -> Reply:
        """Lists for the application, whichever office they are of."""
        self.keys.app.check(request.headers.get("app-id"), request.headers.get("app-key"))
        rows = support.SUPPORT[name](self.cloud, request.values())
        return self.plain(request, name, rows)

    def plain(self, request: Request, name: str, rows: Sequence[Any]) -> Reply:
        anywhere = next(iter(self.cloud.copies.values()))
        listed: list[Found] = [(anywhere, row) for row in rows]
        left = sought(PLAIN, listed, request.values(), self.knobs)
        return self.page(request, name, (PLAIN, left))

    def tenant_of(self, request: Request) -> str | None:
        key = self.keys.key_of(request)
        if key is None:
            return None
        practice = request.values().get("practice_id", "1")
        location = self.cloud.offices[key.office_id].practices.get(practice)
        return location.site if location else key.office_id

    def bucket_of(self, request: Request) -> str:
        if self.knobs.limit_per == "application":
            return ""
        return (self.tenant_of(request) or "").partition(":")[0]

    def fits(self, request: Request) -> Collection[Fits]:
        path = PATH.match(request.path)
        if path is None or (request.method, path["name"]) in DOORS:
            return {Fits.ANY}
        fits = {Fits.ANY, Fits.SIGNED}
        if (request.method, path["name"]) in KINDS:
            fits.add(Fits.WRITE)
        if self.listing_of(request) is not None:
            fits |= {Fits.LIST, Fits.PAGED}
            if request.values().get("offset", "0") != "0":
                fits.add(Fits.NEXT_PAGE)
        return fits

    def listing_of(self, request: Request) -> Listing | None:
        path = PATH.match(request.path)
        is_list = path is not None and request.method == "GET" and not path["rest"]
        return LISTINGS.get(path["name"]) if path and is_list else None

    def is_counted(self, request: Request) -> bool:
        return True

    def wording(self, appointment: Appointment) -> str | None:
        return self._location_of(appointment).persona.word(appointment)

    def _location_of(self, row: Appointment) -> Location:
        for location in self.cloud.locations.values():
            if row.practitioner_id in location.clinic.practitioners:
                return location
        raise KeyError(row.practitioner_id)

    def control(self, request: Request) -> Reply | None:
        name, _, rest = request.path.removeprefix(PREFIX).partition("/")
        self.cloud.settle()
        route = CONTROLS.get((request.method, name))
        if route is None:
            return None
        return said(route(self, {**request.values(), **read_body(request)}, rest))

    def described(self) -> list[dict[str, Any]]:
        return [
            described(self, self.cloud.office_of(site), location)
            for site, location in self.cloud.locations.items()
        ]
