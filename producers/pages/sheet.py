"""The run sheet as a page: the day's board, a row in detail, and what renews either."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection as Db

from adapters.phones import Phone, normalised, region_of
from adapters.storage.by_hand import chosen_clinicians, chosen_statuses
from adapters.storage.by_hand.given_rows import CLINICIAN_AS_READ
from adapters.storage.practices.connections import load as load_connection
from adapters.storage.practices.rhythms import wake
from adapters.storage.sheet import overlap_policies
from adapters.storage.sheet.booked_again import LeftBehind, left_behind
from adapters.storage.sheet.days_read import read_days
from adapters.storage.sheet.overlap_policies import OverlapPolicies
from adapters.storage.sheet.reading import read_entry
from adapters.storage.sheet.sheet_status import read_connections
from adapters.storage.two_way import push_log
from adapters.storage.two_way.push_standing import (
    Standing,
    link_of,
    link_to,
    standing,
    standings,
    steps,
)
from domain.appointments import Status
from domain.board import lay_out
from domain.connections import Connection, State
from domain.fields import ASSUMED
from domain.intake import FOR_OTHERS, LEFT_OUT
from domain.names import clinician
from domain.patient_links import Link
from domain.people import Permission, Person
from domain.reading import Reading, readings_of
from domain.sheet import ConflictView, ConnectionView, EntryView, Origin, OtherValue
from domain.wide import Choice
from domain.window import local_day, place
from producers.both_ways import vendors
from producers.days import named_day, todays
from producers.doors import Door, door
from producers.overlapping import in_short, side_by_side
from producers.pages import two_way, wide
from producers.pages.fields import LABELS, shown_value
from producers.pages.rendering import ENVIRONMENT, NavItem, clock, moment, render, vendor, words
from producers.pages.whose import in_words
from producers.reading import count_each, reading

router = APIRouter(include_in_schema=False)

NAV = NavItem("/", "Run sheet", Permission.SEE_SHEET, order=0)
Reader = Annotated[Door, Depends(door(Permission.SEE_SHEET))]
Chosen = Annotated[Choice, Depends(wide.asked)]

FLAGS: Mapping[str, str] = {
    "estimated_duration": "The PMS gave no length; the practice's usual one is shown.",
    "missing_time": "The PMS gave no time; the row is shown at the start of its day.",
    "left_out": "It was still in the PMS; which clinicians, types and appointments this practice"
    " shows leaves it out.",
    "for_others": "The PMS has this appointment still, for somebody else or for nobody.",
    "was_for_somebody": "The PMS had this appointment for a patient; their row, which is off, says"
    " whom.",
    "moved": "The PMS moved this appointment: it stands at another time, in a row of its own.",
    "unknown_status": "The PMS uses a status we do not know",
    "gap": "The clocks go forward at this time; check it in the PMS.",
    "fold": "The clocks go back: this time happens twice that night.",
    "may_be_double": "Another row may be the same appointment; compare the two.",
    "kept_apart": "Somebody said that this is not the appointment the PMS has.",
    "partly_read": "The scan shows something impossible; check it.",
}
WORDS = {"labels": LABELS, "flags": FLAGS}


@router.get("/")
def page(
    request: Request,
    door: Reader,
    chosen: Chosen,
    *,
    date: str | None = None,
    remember: bool = False,
) -> HTMLResponse:
    """The whole page; it can be read before any script runs."""
    shown = _day(door, named_day(date) if date else None, chosen)
    _wake(door, shown)
    answer = render(request, "sheet.html", person=door.person, **shown)
    if remember:
        wide.remember(answer, chosen, is_secure=door.ports.is_secure)
    return answer


@router.get("/sheet")
def fragment(request: Request, door: Reader, chosen: Chosen, date: str) -> HTMLResponse:
    """The part that changes, to be laid over what is shown."""
    return render(request, "_day.html", person=door.person, **_day(door, named_day(date), chosen))


@router.get("/sheet/entries/{entry_id}")
def entry(request: Request, door: Reader, entry_id: UUID) -> HTMLResponse:
    """One row with everything known of it."""
    with reading(door) as db:
        count_each(db, door, [entry_id])
        account_id = door.account_id
        found = read_entry(db, door.seal, entry_id, account_id=account_id, access=door.access)
        known = read_connections(db, now=door.ports.clock())
        stands = standing(db, found.id, vendors=vendors())
        held = load_connection(db, stands.connection_id) if stands else None
        names = chosen_clinicians.names(db)
        columns = chosen_clinicians.possible(db, found, held)
        left = left_behind(db, [found]).get(found.id)
        statuses = _statuses(db, door, found, held)
        sent = steps(db, found.id) if stands else ()
        link = _link(db, door, stands, found)
        past = push_log.of_patient(db, link.id) if link else ()
    return render(
        request,
        "_entry.html",
        person=door.person,
        entry=in_words(found, names),
        connections={one.id: one for one in known},
        stands=stands,
        clinicians=[(str(one.id), one.name) for one in columns],
        statuses=two_way.statuses(statuses),
        sent=sent,
        link=link,
        past=past,
        left=left,
        may_sync=door.person.may(Permission.SYNC),
        may_edit=door.person.may(Permission.EDIT_SHEET),
        labels=LABELS,
        flags=FLAGS,
    )


def _statuses(db: Db, door: Door, entry: EntryView, held: Connection | None) -> Sequence[Status]:
    """Those that a practice which takes changes takes for one of its rows; else any of ours."""
    if held is None or entry.source != "pms":
        return list(Status)
    return chosen_statuses.offered(db, door.seal, entry.id, held)


def _link(db: Db, door: Door, stands: Standing | None, entry: EntryView) -> Link | None:
    """Who somebody of ours is at a practice that takes changes; of its own, who was linked."""
    if stands is None:
        return None
    if entry.source == "pms":
        known = entry.patient.pms_id if entry.patient else None
        return link_to(db, door.ports.sealer, stands, known) if known else None
    person = two_way.person_of(entry)
    if person is None:
        return None
    return link_of(db, door.ports.sealer, stands, person, account_id=door.account_id)


def _day(door: Door, day: date | None, chosen: Choice) -> dict[str, Any]:
    now = door.ports.clock()
    with reading(door) as db:
        here = todays(db, now)
        shown = day or here.day
        sheet, selection = wide.read(db, door, shown, chosen)
        names = {one.id: one.name for one in sheet.columns}
        known = read_connections(db, now=now)
        read = {one: days[shown] for one, days in read_days(db, shown, shown).items()}
        both_ways = _both_ways(known)
        ids = [one.id for one in sheet.entries] if both_ways else []
        stands = standings(db, ids, vendors=vendors()) if ids else {}
        policies = _policies(db, door)
        left = left_behind(db, sheet.entries)
    return {
        "sheet": sheet,
        "wide": wide.told(selection, known),
        "board": lay_out(
            shown,
            wide.on_board(sheet, selection),
            sheet.entries,
            connected={one.id for one in known},
        ),
        "overlaps": side_by_side(sheet),
        "left_behind": left,
        "policies": policies,
        "disputed": [in_words(one, names) for one in sheet.entries if one.is_disputed],
        "connections": {one.id: one for one in known},
        "both_ways": both_ways,
        "stands": stands,
        "reading": readings_of(shown, known, read, today=here.day, now=now),
        "day": shown,
        "today": here.day,
        "elsewhere": here.elsewhere,
        **_around(shown),
        "now": now,
        "timezone": here.zone,
        **WORDS,
        **_rights(door),
    }


def _wake(door: Door, shown: Mapping[str, Any]) -> None:
    """Somebody opened today: what rests is read again. A page that renews itself wakes nobody."""
    resting = [one for one in shown["connections"].values() if one.rests(shown["now"])]
    if shown["day"] == shown["today"] and resting:
        with door.transaction() as db:
            for one in resting:
                wake(db, one.id)


def _around(day: date) -> dict[str, date]:
    return {"before": day - timedelta(days=1), "after": day + timedelta(days=1)}


def _policies(db: Db, door: Door) -> OverlapPolicies | None:
    """What is done about overlaps, for whoever may say so."""
    if not door.person.may(Permission.CONFIGURE):
        return None
    return overlap_policies.read(db, door.account_id)


def _rights(door: Door) -> dict[str, bool]:
    """What the reader may do, and so is offered."""
    return {
        "may_edit": door.person.may(Permission.EDIT_SHEET),
        "may_sync": door.person.may(Permission.SYNC),
        "may_rename": door.person.may(Permission.CONFIGURE),
    }


def _both_ways(known: Sequence[ConnectionView]) -> list[ConnectionView]:
    """The practices that take changes by now."""
    in_setup = State.SETUP_REQUIRED
    return [one for one in known if one.vendor in vendors() and one.state != in_setup]


def origin_of(entry: EntryView, field: str, connections: Mapping[UUID, ConnectionView]) -> str:
    """Who set a field, when, and what else was said: one or two sentences."""
    pms = _pms(entry, connections)
    origin = entry.provenance.get(field)
    if origin is None:
        return _from_source(entry, pms)
    said = _said(origin, pms, entry.timezone)
    other = origin.other
    if other is None:
        return said
    value = shown_value(other.value, field, entry.timezone)
    return f"{said} {_whose(other, field, pms)} {value}."


def _whose(other: OtherValue, field: str, pms: str) -> str:
    """Who told the other value, as the beginning of a sentence."""
    if other.source == "manual":
        return f"{other.by or 'Somebody'} had set"
    if other.by == ASSUMED:
        return f"The usual {LABELS.get(field, field).lower()} is"
    return "The scan says" if other.source == "ocr" else f"{pms} says"


def conflict_origin(entry: EntryView, conflict: ConflictView) -> str:
    origin = entry.provenance.get(conflict.field)
    return moment(origin.at, entry.timezone) if origin else ""


def conflict_hand(entry: EntryView, conflict: ConflictView, person: Person) -> str:
    """Whose value stands against the PMS's: the reader's own, or somebody else's by name."""
    origin = entry.provenance.get(conflict.field)
    by = origin.by if origin else None
    return "You" if by == person.name else by or "hand"


def why_off(entry: EntryView, connections: Mapping[UUID, ConnectionView]) -> str:
    """Why a row is not on the sheet any more: the PMS dropped it, or somebody or a choice here."""
    is_kept = entry.source == "pms" and entry.connection_id in connections
    what = "Undone" if is_kept else "Taken off"
    if entry.undone_at is None:
        return _gone(entry.flags) if entry.source == "pms" else what
    at, zone = entry.undone_at, entry.timezone
    is_same_day = local_day(at, zone) == local_day(entry.start, zone)
    return f"{what} by {entry.undone_by}, {clock(at, zone) if is_same_day else moment(at, zone)}"


def _gone(flags: Sequence[str]) -> str:
    if LEFT_OUT in flags:
        return "Left out here"
    return "Not theirs any more" if FOR_OTHERS in flags else "Gone from the PMS"


def practice_name(
    one: ConnectionView, connections: Mapping[UUID, ConnectionView], *, with_vendor: bool = True
) -> str:
    """Its name; where another practice bears it too, with what tells them apart."""
    twins = [each for each in connections.values() if each.name == one.name and each.id != one.id]
    if any(each.vendor == one.vendor for each in twins):
        return f"{one.name} ({one.site})"
    return f"{one.name} ({vendor(one.vendor)})" if twins and with_vendor else one.name


def flag_sentence(flag: str, entry: EntryView) -> str:
    if flag.startswith(CLINICIAN_AS_READ):
        name = flag.removeprefix(CLINICIAN_AS_READ)
        return f"The scan names “{name}”, who has no column here."
    raw = f" ({entry.status_raw})" if flag == "unknown_status" and entry.status_raw else ""
    return FLAGS.get(flag, words(flag)) + (f"{raw}; shown as booked." if raw else "")


def in_one_before(left: LeftBehind, entry: EntryView) -> str:
    """Where what was typed for a patient stands who was booked again, as a sentence."""
    fields = ", ".join(LABELS.get(name, name).lower() for name in left.fields)
    is_same_day = local_day(left.start, left.timezone) == local_day(entry.start, entry.timezone)
    at = (clock if is_same_day else moment)(left.start, left.timezone)
    return f"Typed for this patient in the appointment of {at}, which no longer stands: {fields}."


def phone(number: str | None, timezone: str) -> Phone | None:
    """A number as the practice's country writes it, whoever wrote it how; and what to dial."""
    return normalised(number, region_of(timezone)) if number else None


def when_read(reading: Reading, now: datetime, timezone: str) -> str:
    """When a day was read, in two or three words."""
    at = reading.read_at
    if at is None:
        return "not read yet"
    is_today = local_day(at, timezone) == local_day(now, timezone)
    return f"read {clock(at, timezone) if is_today else moment(at, timezone)}"


def _pms(entry: EntryView, connections: Mapping[UUID, ConnectionView]) -> str:
    found = connections.get(entry.connection_id) if entry.connection_id else None
    return vendor(found.vendor) if found else "The PMS"


def _from_source(entry: EntryView, pms: str) -> str:
    if entry.source == "manual":
        return "Entered by hand."
    if entry.source == "ocr":
        return "Read from a scan."
    at = entry.pms_last_synced_at
    return f"From {pms}, synced {moment(at, entry.timezone)}." if at else f"From {pms}."


def _said(origin: Origin, pms: str, timezone: str) -> str:
    at = moment(origin.at, timezone)
    if origin.source == "manual":
        return f"Set by {origin.by or 'hand'}, {at}."
    if origin.by == ASSUMED:
        return "The usual one; nobody gave another."
    if origin.source == "ocr":
        return f"Read from a scan, {at}."
    chosen = f", chosen by {origin.by}" if origin.by else ""
    return f"From {pms}, {at}{chosen}."


ENVIRONMENT.filters.update(
    shown_value=shown_value,
    origin_of=origin_of,
    conflict_origin=conflict_origin,
    conflict_hand=conflict_hand,
    why_off=why_off,
    practice_name=practice_name,
    flag_sentence=flag_sentence,
    place=place,
    when_read=when_read,
    clinician=clinician,
    phone=phone,
    in_short=in_short,
    in_one_before=in_one_before,
)
