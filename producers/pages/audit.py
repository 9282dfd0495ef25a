"""The audit as a page: who saw and changed what, how much a day, and what is worth a look."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection as Db

from adapters import pms
from adapters.storage.audit import audit_findings, audit_search
from adapters.storage.audit.audit_search import DayCount, Wanted
from adapters.storage.jobs import job_search
from adapters.storage.people import agreements
from adapters.storage.people.agreements import CUSTOMER
from domain.accesses import Noticed, Rule
from domain.counting import so_many
from domain.people import Permission
from domain.window import check_days, days, local_day, whole_days
from producers import audits, cursors
from producers.cursors import Cursor
from producers.days import account_zone
from producers.doors import Door, door
from producers.pages.queues import bars, told_counts
from producers.pages.rendering import ENVIRONMENT, NavItem, render, vendor
from producers.words import Line, uuid_of

router = APIRouter(include_in_schema=False)

NAV = NavItem("/audit", "Audit", Permission.SEE_AUDIT, order=60, count=audit_findings.open_count)
Auditor = Annotated[Door, Depends(door(Permission.SEE_AUDIT))]

PAGE = 50
USUAL_DAYS = 7
MOST_BARS = 62
COUNTS = re.compile(r"[a-z_]+=\d+( [a-z_]+=\d+)+")
RULES: Mapping[Rule, str] = {
    Rule.MANY_PATIENTS: "Many patients within an hour",
    Rule.UNUSUAL_HOURS: "Reading far outside opening hours",
    Rule.DENIALS: "Refused again and again",
    Rule.EXPORTS: "Many exports in a day",
    Rule.NEW_ADDRESS: "Many patients from a new address",
    Rule.BULK_READING: "A great deal read within an hour",
    Rule.BULK_IN_A_DAY: "A great deal read within a day",
    Rule.MANY_DAYS: "Many days of the sheet within a day",
    Rule.WRONG_ANSWERS: "Many callers not believed within a day",
}
COUNTED: Mapping[Rule, tuple[str, str]] = {
    Rule.MANY_PATIENTS: ("patient opened", "different patients opened"),
    Rule.UNUSUAL_HOURS: ("reading of patients", "readings of patients"),
    Rule.DENIALS: ("refusal", "refusals"),
    Rule.EXPORTS: ("export", "exports"),
    Rule.NEW_ADDRESS: ("patient opened", "different patients opened"),
    Rule.BULK_READING: ("patient row read", "patient rows read"),
    Rule.BULK_IN_A_DAY: ("patient row read", "patient rows read"),
    Rule.MANY_DAYS: ("day of the sheet read", "days of the sheet read"),
    Rule.WRONG_ANSWERS: ("wrong answer on the phone", "wrong answers on the phone"),
}


class Chosen(BaseModel):
    """What is to be shown. A form sends empty words too."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    first: Annotated[str, Query(max_length=10, alias="from")] = ""
    last: Annotated[str, Query(max_length=10, alias="to")] = ""
    person: Annotated[Line, Query(max_length=200)] = ""
    action: Annotated[Line, Query(max_length=80)] = ""
    connection_id: Annotated[str, Query(max_length=36)] = ""
    patient_id: Annotated[Line, Query(max_length=200)] = ""
    trace_id: Annotated[Line, Query(max_length=80)] = ""
    phi_only: Annotated[str, Query(max_length=5)] = ""

    def address(self, path: str = "/audit", **changed: str | None) -> str:
        """The same page, or another, with something else chosen."""
        chosen = {**self.model_dump(by_alias=True), **changed}
        query = urlencode({name: one for name, one in chosen.items() if one})
        return f"{path}?{query}" if query else path

    def days(self, today: date) -> tuple[date, date]:
        """The days meant: a week, where none or nothing readable is named."""
        last = _date(self.last) or today
        check_days(last, last)
        first = _date(self.first) or last - timedelta(days=USUAL_DAYS - 1)
        return min(first, last), last

    def wanted(self, span: tuple[date, date], timezone: str) -> Wanted:
        window = whole_days(*span, timezone)
        return Wanted(
            since=window.start,
            until=window.end,
            person=self.person or None,
            action=self.action or None,
            connection_id=uuid_of(self.connection_id),
            patient_id=self.patient_id.strip() or None,
            trace_id=self.trace_id.strip() or None,
            phi_only=bool(self.phi_only),
        )


@router.get("/audit")
def page(
    request: Request, door: Auditor, chosen: Annotated[Chosen, Query()], cursor: Cursor = None
) -> HTMLResponse:
    """The whole page, without a script; to look at it is an access too."""
    now = door.ports.clock()
    with door.transaction() as db:
        timezone = account_zone(db)
        span = chosen.days(local_day(now, timezone))
        wanted = audits.checked(door, chosen.wanted(span, timezone))
        rows = audit_search.find(db, wanted, before=cursors.decode(cursor), limit=PAGE + 1)
        listed, following = cursors.paged(rows, limit=PAGE, mark=audit_search.mark)
        shown = audits.shown(door, listed)
        audits.noted(db, door, "audit.read", wanted, shown)
        told: dict[str, Any] = {
            "accesses": shown,
            "per_day": _every_day(span, audit_search.per_day(db, wanted, timezone=timezone)),
            "connections": job_search.practices(db),
            **_standing(db, door),
            **audit_search.choices(db, since=wanted.since or now),
        }
    return render(
        request,
        "audit.html",
        person=door.person,
        **told,
        chosen=chosen,
        first=span[0],
        last=span[1],
        next_href=following and chosen.address(cursor=following),
        is_first=cursor is None,
        timezone=timezone,
        now=now,
        sees_patients=audits.sees_patients(door),
        parties=[CUSTOMER, *sorted(pms.registered())],
        today=local_day(now, timezone),
    )


@router.get("/audit/standing")
def fragment(request: Request, door: Auditor, chosen: Annotated[Chosen, Query()]) -> HTMLResponse:
    """What changes by what is done here, to be laid over what is shown; nobody's access is told."""
    with door.transaction() as db:
        told = {**_standing(db, door), "timezone": account_zone(db)}
    return render(request, "_audit.html", person=door.person, chosen=chosen, **told)


def _standing(db: Db, door: Door) -> dict[str, Any]:
    """What is worth a look, and the agreements for whoever may record them."""
    may_settle = door.person.may(Permission.CONFIGURE)
    return {
        "findings": audit_findings.listed(db, limit=PAGE),
        "agreements": agreements.listed(db) if may_settle else (),
        "may_settle": may_settle,
    }


def _every_day(span: tuple[date, date], counted: Sequence[DayCount]) -> Sequence[DayCount]:
    """Days without any access are days too; nothing where there are too many to draw."""
    if (span[1] - span[0]).days >= MOST_BARS:
        return ()
    by_day = {one.day: one for one in counted}
    return [by_day.get(day) or DayCount(day=day, accesses=0, patients=0) for day in days(*span)]


def finding_words(one: Noticed) -> str:
    """`74 different patients opened, where 60 are told`."""
    return f"{so_many(one.counted, *COUNTED[one.rule])}; flagged from {one.threshold} on"


def plain_counts(summary: str | None) -> str:
    """`fetched=60 created=0 updated=2` as people say it: `60 fetched, 2 updated`."""
    told = summary or ""
    if not COUNTS.fullmatch(told):
        return told
    pairs = (one.split("=") for one in told.split())
    return told_counts({name.replace("_", " "): int(count) for name, count in pairs})


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


ENVIRONMENT.filters.update(
    party_words=lambda party: "The practice, with us" if party == CUSTOMER else vendor(party),
    rule_words=lambda rule: RULES[rule],
    finding_words=finding_words,
    plain_counts=plain_counts,
    access_bars=lambda counted: bars([one.accesses for one in counted]),
    patient_bars=lambda counted: bars(
        [one.patients for one in counted], [one.accesses for one in counted]
    ),
)
