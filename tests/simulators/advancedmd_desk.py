"""A small honest client, just enough to ask the simulator what its document promises."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import httpx

from simulators.advancedmd import AdvancedmdSimulator, Knobs
from simulators.serving import running
from simulators.setup import Setup

DAYS = (date(2026, 6, 2), date(2026, 6, 3))
NOW = "2026-06-02T14:00:00+00:00"  # ten in New York, eight in Denver: a Tuesday
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares every client reading the root store
DOOR = "/practicemanager/xmlrpc/processrequest.aspx"
STAMP = "6/2/2026 10:00:00 AM"
CLASSES = {
    "getdatevisits": "api",
    "getupdatedvisits": "api",
    "getreminderappts": "api",
    "getschedulersetup": "masterfiles",
    "getappttypes": "masterfiles",
}


def setup(**fields: Any) -> Setup:
    return Setup(**{"timezone": "America/New_York", "days": DAYS, "limits": (), **fields})


@dataclass
class Desk:
    url: str
    simulator: AdvancedmdSimulator
    http: httpx.Client
    tenant: str
    token: str = ""
    webserver: str = ""

    def message(self, action: str, class_: str = "", **attributes: str) -> Element:
        named = {"class": class_ or CLASSES.get(action, "lookup")}
        return Element("ppmdmsg", {"action": action, **named, "msgtime": STAMP, **attributes})

    def post(self, url: str, message: Element, **headers: str) -> httpx.Response:
        headers = {"Content-Type": "text/xml", **headers}
        return self.http.post(url, content=tostring(message), headers=headers)

    def post_json(self, url: str, **inside: Any) -> httpx.Response:
        headers = {"Accept": "application/json", "Cookie": f"token={self.token}"}
        return self.http.post(url, json={"ppmdmsg": inside}, headers=headers)

    def credentials(self) -> dict[str, str]:
        return dict(self.control("GET", f"credentials?tenant={self.tenant}"))

    def login_message(self, **changed: str) -> Element:
        told = self.credentials()
        fields = {
            "username": told["username"],
            "psw": told["password"],
            "officecode": told["office_key"],
            "appname": told["app_name"],
        }
        return self.message("login", "login", **{**fields, **changed})

    def knock(self, **changed: str) -> httpx.Response:
        """The first post."""
        return self.post(f"{self.url}{DOOR}", self.login_message(**changed))

    def enter(self, **changed: str) -> httpx.Response:
        """The second."""
        return self.post(self.door, self.login_message(**changed))

    @property
    def door(self) -> str:
        return f"{self.webserver}/xmlrpc/processrequest.aspx"

    @property
    def rest(self) -> str:
        return self.webserver.replace("/processrequest/", "/api/")

    def sign(self) -> None:
        context = parsed(self.knock()).find("Results/usercontext")
        assert context is not None
        self.webserver = context.attrib["webserver"]
        token = parsed(self.enter()).findtext("Results/usercontext")
        assert token
        self.token = token

    def ask(self, action: str, *template: Element, **attributes: str) -> httpx.Response:
        message = self.message(action, **attributes)
        message.extend(template)
        return self.post(self.door, message, Cookie=f"token={self.token}")

    def asked(self, action: str, *template: Element, **attributes: str) -> Element:
        """What it found, and no fault."""
        root = parsed(self.ask(action, *template, **attributes))
        results = root.find("Results")
        assert results is not None and results.get("success") == "1", root.findtext(".//code")
        return results

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.request("GET", path, params=query)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.request(method, f"{self.rest}/{path}", headers=headers, **options)

    @property
    def columns(self) -> str:
        found = self.simulator.vendor.offices[self.tenant].columns
        return "-".join(map(str, found))

    def list_(self, **query: Any) -> httpx.Response:
        whole = {"columnId": self.columns, "forView": "day", "startDate": "2026-06-02"}
        return self.get("scheduler/appointments", **{**whole, "isLegacy": "true", **query})

    def rows(self, **query: Any) -> list[dict[str, Any]]:
        reply = self.list_(**query)
        assert reply.is_success, reply.text
        told = reply.json()
        return [told] if isinstance(told, dict) else list(told)

    def truth(self) -> dict[str, dict[str, Any]]:
        rows = self.control("GET", f"truth?tenant={self.tenant}")["appointments"]
        return {row["id"]: row for row in rows}

    def wait(self, seconds: float) -> None:
        """On the vendor's clock."""
        self.control("POST", "clock", advance_seconds=seconds)

    def control(self, method: str, path: str, **body: Any) -> Any:
        reply = self.http.request(method, f"{self.url}/_sim/{path}", json=body)
        assert reply.is_success, reply.text
        return reply.json()

    def knob(self, **knobs: Any) -> None:
        self.control("POST", "knobs", **knobs)

    def fail(self, fault: str, **options: Any) -> None:
        self.control("POST", "faults", scripts=[{"fault": fault, **options}])


def parsed(reply: httpx.Response) -> Element:
    return fromstring(reply.content)  # noqa: S314 - our own simulator's


def fault(reply: httpx.Response) -> tuple[int, str, str]:
    """The HTTP status, and both numbers of the fault."""
    told = parsed(reply).find("Error/Fault")
    assert told is not None, reply.text
    return reply.status_code, str(told.findtext("faultcode")), str(told.findtext("detail/code"))


def template(tag: str, *columns: str) -> Element:
    return Element(tag, dict.fromkeys(columns, ""))


def context(token: str, nocookie: str = "1") -> Element:
    """The token without a cookie."""
    parent = Element("parent")
    told = SubElement(parent, "usercontext", nocookie=nocookie)
    told.text = token
    return told


@contextmanager
def opened(
    world: Setup | None = None, knobs: Knobs | None = None, *, is_signed: bool = True
) -> Iterator[Desk]:
    """The vendor's clock stands still, so nothing happens unless it is moved."""
    simulator = AdvancedmdSimulator(world or setup(), knobs)
    with (
        running(simulator) as url,
        httpx.Client(timeout=10, verify=NO_TLS) as http,
    ):
        desk = Desk(url, simulator, http, next(iter(simulator.clinics)))
        desk.control("POST", "clock", now=NOW, speed=0)
        if is_signed:
            desk.sign()
        yield desk
