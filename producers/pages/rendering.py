"""Templates, with everything escaped, and the frame every page shares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Connection as Db

from adapters import pms
from adapters.phones import region_of
from domain.counting import so_many
from domain.people import Permission, Person
from domain.window import zone
from infra.database import DatabaseAway, transaction

Answer = TypeVar("Answer")
MONTH_FIRST = frozenset({"US", "AS", "GU", "MP", "PR", "VI"})
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class NavItem:
    """A page in the navigation, for those who may open it; `count` is what waits for them there.

    Where not all of them can do anything about that, it is counted `counted_for` those who can.
    Without a word from `wanted` it is there for every account. `also` are pages that are reached
    from this one alone.
    """

    path: str
    title: str
    permission: Permission
    order: int = 50
    count: Callable[[Db], int] | None = None
    counted_for: Permission | None = None
    wanted: Callable[[Db], bool] | None = None
    also: Sequence[str] = ()

    @property
    def named(self) -> str:
        """Its title within a sentence, where a name keeps its capitals."""
        is_name = self.title[1:] != self.title[1:].lower()
        return self.title if is_name else self.title.lower()

    def count_for(self, person: Person | None) -> Callable[[Db], int] | None:
        """What is counted for them, if anything."""
        is_theirs = person and (self.counted_for is None or person.may(self.counted_for))
        return self.count if is_theirs else None

    def is_at(self, path: str) -> bool:
        """Whether that address is this page, lies below it or is reached from it."""
        return (
            path in self.also
            or path == self.path
            or (self.path != "/" and path.startswith(f"{self.path}/"))
        )


def render(
    request: Request,
    template: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    person: Person | None = None,
    **context: Any,
) -> HTMLResponse:
    links = open_to(request, person)
    page = ENVIRONMENT.get_template(template).render(
        person=person,
        nav=links,
        path=request.url.path,
        counted=lambda link: _asked(request, person, link.count_for(person)),
        is_wanted=lambda link: not link.wanted or _asked(request, person, link.wanted),
        **context,
    )
    return HTMLResponse(page, status_code=status)


def open_to(request: Request, person: Person | None) -> list[NavItem]:
    """The pages this person may open, in their order."""
    return [link for link in request.app.state.nav if person and person.may(link.permission)]


def _asked(
    request: Request, person: Person | None, question: Callable[[Db], Answer] | None
) -> Answer | None:
    """Asked by the frame only, not by a fragment; a page of an error is shown without."""
    if question is None or person is None:
        return None
    try:
        with transaction(request.app.state.ports.database, account_id=person.account_id) as db:
            return question(db)
    except DatabaseAway:
        return None


def clock(instant: datetime, timezone: str) -> str:
    """HH:MM on the practice's clock."""
    return f"{instant.astimezone(zone(timezone)):%H:%M}"


def moment(instant: datetime, timezone: str) -> str:
    return f"{instant.astimezone(zone(timezone)):%-d %b %H:%M}"


def born(told: Any) -> str:
    """A date of birth that nobody takes for another, whichever order they read: 3 Feb 1980."""
    try:
        return f"{date.fromisoformat(str(told)):%-d %b %Y}"
    except ValueError:
        return str(told)


def date_kind(timezone: str) -> str:
    """How numbers are read as a date there: in some countries with the month first."""
    return "date-month-first" if region_of(timezone) in MONTH_FIRST else "date"


def words(identifier: str) -> str:
    """Make "In progress" of in_progress."""
    return identifier.replace("_", " ").capitalize()


def vendor(name: str) -> str:
    """By its title; one that is no longer installed by its name."""
    return pms.title(name) or words(name)


def system(one: Any) -> str:
    """The practice's own PMS, and what it is reached through where that is another."""
    title = vendor(one.vendor)
    return title if one.pms_type == one.vendor else f"{one.pms_type}, through {title}"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        clock=clock,
        moment=moment,
        born=born,
        date_kind=date_kind,
        words=words,
        vendor=vendor,
        system=system,
    )
    made.globals.update(so_many=so_many)
    return made


ENVIRONMENT = _environment()
