"""`pms-sync run-sheet`: the days as they stand, by clinician for people, in order for programs."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any

import typer

from adapters.storage.sheet.reading import read_sheet
from console import given, output
from console.auditing import access
from console.opened import load, of_account
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.connections import Connection
from domain.counting import so_many
from domain.errors import BadInput
from domain.sheet import EntryView, Sheet
from domain.window import check_days, local_day
from infra.clock import system_clock
from infra.database import transaction
from producers.days import todays_date

app = typer.Typer()

NO_CLINICIAN = "Without a clinician"
HEADINGS = ("Id", "Time", "Min", "Patient", "Type", "Status", "", "Notes")
Line = tuple[str, list[Any]]
"""A clinician's name, and a row of theirs."""
UNKNOWN = "unknown_status"
LONGEST_NOTE = 30


@app.command("run-sheet")
def run_sheet(
    *,
    day: Annotated[
        str | None, typer.Option("--date", help="One day, 2026-03-31; today if not given.")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="First of several days.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last of several days.")] = None,
    connection: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this connection's rows.")
    ] = None,
    account: Annotated[str, typer.Option(help="Whose sheet.")] = "default",
    json: AsJson = False,
) -> None:
    """Show the run sheet; every look at it is audited."""
    if day and (first or last):
        raise BadInput("Give --date for one day, or --from and --to for several; not both.")
    with wired() as wiring:
        held = load(wiring, connection) if connection else None
        whose = held.account_id if held else account
        today = _today(wiring, whose, held)
        first_day = given.day(day or first, today=today)
        last_day = given.day(day or last, today=today, default=first_day)
        check_days(first_day, last_day)
        sheet = read(wiring, whose, first_day, last_day, held=held)
    if json:
        rows = [as_answer(one) for one in sheet.entries]
        return output.answer({"appointments": rows, "overlaps": sheet.overlaps})
    return _show(sheet)


def read(
    wiring: Wiring, account_id: str, first: date, last: date, *, held: Connection | None = None
) -> Sheet:
    with transaction(wiring.engine, account_id=account_id) as db:
        return read_sheet(
            db,
            wiring.entry_seal(account_id),
            account_id=account_id,
            first_day=first,
            last_day=last,
            access=access("run-sheet"),
            connection_id=held.id if held else None,
        )


def as_answer(one: EntryView) -> dict[str, Any]:
    """A row as scripts read it; the names are kept for ever."""
    return {
        "pms_appointment_id": one.pms_appointment_id,
        "connection_id": one.connection_id,
        "start": one.start,
        "end": one.end,
        "duration_minutes": one.duration_minutes,
        "timezone": one.timezone,
        "status": one.status,
        "is_telehealth": one.is_telehealth,
        "appointment_type": one.appointment_type,
        "patient": one.patient,
        "practitioner": one.practitioner,
        "clinician": one.clinician,
        "notes": one.notes,
        "source": one.source,
        "removed": one.removed,
        "provenance": one.provenance,
        "id": one.id,
        "overlaps": one.overlaps,
        "referral_id": one.referral_id,
    }


def _today(wiring: Wiring, account_id: str, held: Connection | None) -> date:
    """The connection's own day, else the one that the page opens on."""
    now = system_clock()
    if held is not None:
        return local_day(now, held.timezone)
    with of_account(wiring, account_id) as db:
        return todays_date(db, now)


def _show(sheet: Sheet) -> None:
    days = f"{sheet.first_day:%A %d %B %Y}"
    if sheet.last_day != sheet.first_day:
        days += f" to {sheet.last_day:%A %d %B %Y}"
    standing = [one for one in sheet.entries if not one.removed]
    output.say(f"{days}: {so_many(len(standing), 'appointment')}")
    ordered = sorted(standing, key=lambda one: (_clinician(one), one.start))
    with_day = sheet.first_day != sheet.last_day
    lines = [(_clinician(one), _line(one, with_day=with_day)) for one in ordered]
    headings, shown = _fitting(lines)
    for clinician, rows in groupby(shown, key=itemgetter(0)):
        output.table(headings, [line for _, line in rows], title=clinician)
    if headings != HEADINGS and any(line[-1] for _, line in lines):
        output.say("The notes have no room here: widen the terminal, or see --json.")
    _overlapping(sheet)
    _unknown(standing)


def _overlapping(sheet: Sheet) -> None:
    if sheet.overlaps:
        overlaps = so_many(len(sheet.overlaps), "overlap")
        output.say(f"{overlaps}: appointments of one clinician at the same time")


def _unknown(entries: Sequence[EntryView]) -> None:
    """Statuses nobody has given a meaning, and where that is done."""
    raw = {(one.connection_id, one.status_raw) for one in entries if UNKNOWN in one.flags}
    for connection, word in sorted(raw, key=str):
        number = output.short(connection)
        output.say(
            f"The PMS uses the status '{word}', which we do not know: it stands as booked. See"
            f" 'pms-sync connections drift {number}' for how to say what it means."
        )


def _line(one: EntryView, *, with_day: bool) -> list[Any]:
    shape = "%a %d %H:%M" if with_day else "%H:%M"
    return [
        output.short(one.id),
        one.local_start.strftime(shape),
        one.duration_minutes,
        one.patient.full_name if one.patient else None,
        one.appointment_type,
        one.status,
        " ".join(_signs(one)) or output.BLANK,
        _first_line(one.notes),
    ]


def _fitting(lines: Sequence[Line]) -> tuple[Sequence[str], Sequence[Line]]:
    """Where words would be broken, that there is a note stands in the place of its text."""
    if output.has_room(HEADINGS, [line for _, line in lines]):
        return HEADINGS, lines
    short = [
        (clinician, [*line[:-2], f"{line[-2]} note".strip() if line[-1] else line[-2]])
        for clinician, line in lines
    ]
    return HEADINGS[:-1], short


def _signs(one: EntryView) -> list[str]:
    return ["video"] * one.is_telehealth + ["overlaps"] * bool(one.overlaps)


def _clinician(one: EntryView) -> str:
    return one.clinician or NO_CLINICIAN


def _first_line(notes: str | None) -> str:
    line = (notes or "").partition("\n")[0]
    return line if len(line) <= LONGEST_NOTE else line[: LONGEST_NOTE - 1] + "…"
