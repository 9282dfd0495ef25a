"""Templates, with everything escaped, and the frame every page shares."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.people import Permission, Person
from domain.window import zone

TEMPLATES = Path(__file__).parent / "templates"
VENDORS = {
    "gentu": "Gentu",
    "medirecords": "Medirecords",
    "halaxy": "Halaxy",
    "sikka": "Sikka",
    "advancedmd": "AdvancedMD",
}


@dataclass(frozen=True, slots=True)
class NavItem:
    """A page in the navigation, for those who may open it."""

    path: str
    title: str
    permission: Permission
    order: int = 50


def render(
    request: Request,
    template: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    person: Person | None = None,
    **context: Any,
) -> HTMLResponse:
    links = [link for link in request.app.state.nav if person and person.may(link.permission)]
    page = ENVIRONMENT.get_template(template).render(
        person=person, nav=links, path=request.url.path, **context
    )
    return HTMLResponse(page, status_code=status)


def clock(instant: datetime, timezone: str) -> str:
    """HH:MM on the practice's clock."""
    return f"{instant.astimezone(zone(timezone)):%H:%M}"


def moment(instant: datetime, timezone: str) -> str:
    return f"{instant.astimezone(zone(timezone)):%-d %b %H:%M}"


def words(identifier: str) -> str:
    """Make "In progress" of in_progress."""
    return identifier.replace("_", " ").capitalize()


def vendor(name: str) -> str:
    return VENDORS.get(name, words(name))


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(clock=clock, moment=moment, words=words, vendor=vendor)
    return made


ENVIRONMENT = _environment()
