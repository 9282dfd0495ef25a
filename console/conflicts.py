"""`pms-sync conflicts`: fields that a person and the PMS both changed."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, get_args
from uuid import UUID

import typer
from sqlalchemy import Connection as Db

from adapters.storage.by_hand import conflict_list, run_redoing, run_undoing, settling
from adapters.storage.by_hand.conflict_list import Listed, Wanted
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import settle_conflict
from adapters.storage.practices import connection_list
from adapters.storage.runs import runs
from adapters.storage.sheet.entries import EntrySeal
from console import output
from console.auditing import access, hand_for
from console.opened import of_account
from console.output import AsJson, short
from console.wiring import wired
from domain.errors import BadInput
from domain.merge import Choice
from domain.window import zone
from infra.database import transaction

app = typer.Typer(no_args_is_help=True, help="Fields that a person and the PMS both changed.")

CHOICES: tuple[Choice, ...] = get_args(Choice)
AT_ONCE = 500
Account = Annotated[str, typer.Option(help="Whose sheet.")]
Keep = Annotated[str, typer.Option("--keep", "--choice", help="mine or theirs.")]
Rule = Annotated[str | None, typer.Option(help="Only this field, for example patient_phone.")]
OfConnection = Annotated[str | None, typer.Option("--connection", help="Only this connection.")]
OfRun = Annotated[str | None, typer.Option("--run", help="Only what this run opened.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]


@app.command("list")
def list_(  # noqa: PLR0913 - each is a filter of its own
    *,
    account: Account = "default",
    settled: Annotated[bool, typer.Option("--settled", help="Those settled by now.")] = False,
    rule: Rule = None,
    connection: OfConnection = None,
    run: OfRun = None,
    limit: Annotated[int, typer.Option(help="At most this many.", min=1, max=1000)] = 50,
    json: AsJson = False,
) -> None:
    """List conflicts with both values, and how many there are of each field."""
    by = access("conflicts list")
    with wired() as wiring, of_account(wiring, account) as db:
        wanted = _wanted(db, rule, connection, run, state="settled" if settled else "open")
        found = conflict_list.listed(
            db,
            wiring.entry_seal(account),
            account_id=account,
            access=by,
            limit=limit,
            wanted=wanted,
        )
        rules = conflict_list.counted(db, wanted)
    if json:
        return output.answer({"conflicts": found, "rules": rules})
    if not found:
        return output.say("No settled conflicts." if settled else "No open conflicts.")
    _table(found, settled=settled)
    return output.say(", ".join(f"{one.count} {one.rule}" for one in rules))


@app.command("resolve", hidden=True)
@app.command()
def settle(  # noqa: PLR0913 - one or many, and which
    conflict: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID[@VERSION]]", help="Its id, or how it begins, as it was listed."
        ),
    ] = None,
    *,
    keep: Keep,
    every: Annotated[bool, typer.Option("--all", help="All that the filters name.")] = False,
    rule: Rule = None,
    connection: OfConnection = None,
    run: OfRun = None,
    yes: Yes = False,
    account: Account = "default",
    json: AsJson = False,
) -> None:
    """Choose which value stands, in one conflict or in many.

    A row that changed since it was listed as ID@VERSION is left alone.
    """
    choice = _choice(keep)
    if (conflict is None) == (not every):
        raise BadInput("Name one conflict, or --all of them.")
    if conflict is not None:
        return _settle_one(conflict, choice, account=account, yes=yes, json=json)
    hand = hand_for(account, "conflicts settle")
    with wired() as wiring:
        with of_account(wiring, account) as db:
            wanted = _wanted(db, rule, connection, run)
            shown = conflict_list.shown_now(db, wanted, limit=AT_ONCE)
        if shown and not yes:
            _sure(f"{_verb(choice)} in {len(shown)} conflicts?")
        with transaction(wiring.engine, account_id=account) as db:
            done = settling.settle_many(db, wiring.entry_seal(account), shown, choice, hand=hand)
    return _told({"settled": len(done.ids), "left": done.left}, json=json)


@app.command()
def undo(
    conflict: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A settled conflict's id, or its start.")
    ] = None,
    *,
    run: Annotated[str | None, typer.Option("--run", help="Undo all a run did instead.")] = None,
    yes: Yes = False,
    account: Account = "default",
    json: AsJson = False,
) -> None:
    """Open a settled conflict again, or take back a whole run."""
    if (conflict is None) == (run is None):
        raise BadInput("Name one conflict, or --run and a run.")
    hand = hand_for(account, "conflicts undo")
    with wired() as wiring:
        seal = wiring.entry_seal(account)
        if run is not None:
            with of_account(wiring, account) as db:
                found = runs.find(db, run)
            if not yes:
                _sure(f"Undo {_did(found)} of the run of {found.started_at:%d %b %H:%M} UTC?")
            with transaction(wiring.engine, account_id=account) as db:
                undone = run_undoing.undo_run(db, seal, found.id, hand=hand)
            return _told(asdict(undone), json=json)
        with of_account(wiring, account) as db:
            conflict_id = conflict_list.find(db, str(conflict))
            settling.undo_one(db, seal, conflict_id, hand=hand)
    return output.answer({"id": conflict_id}) if json else output.say("Open again.")


@app.command()
def redo(
    run: Annotated[str, typer.Argument(metavar="RUN", help="An undone run, or how its id begins.")],
    *,
    yes: Yes = False,
    account: Account = "default",
    json: AsJson = False,
) -> None:
    """Do an undone run again, but for rows that were changed since."""
    hand = hand_for(account, "conflicts redo")
    with wired() as wiring:
        with of_account(wiring, account) as db:
            found = runs.find(db, run)
        if not yes:
            _sure(f"Do the run of {found.started_at:%d %b %H:%M} UTC again?")
        with transaction(wiring.engine, account_id=account) as db:
            done = run_redoing.redo_run(db, wiring.entry_seal(account), found.id, hand=hand)
    return _told(asdict(done), json=json)


def _settle_one(conflict: str, choice: Choice, *, account: str, yes: bool, json: bool) -> None:
    """Settles what was listed or, where that is not told, what is shown now."""
    hand = hand_for(account, "conflicts settle")
    start, version = _as_listed(conflict)
    with wired() as wiring:
        seal = wiring.entry_seal(account)
        is_asked = sys.stdin.isatty() and not yes
        with of_account(wiring, account) as db:
            conflict_id = conflict_list.find(db, start)
            if version is None:
                version = _shown_version(db, conflict_id)
            question = is_asked and _question(db, seal, conflict_id, choice, hand=hand)
        if question:
            _sure(question)
        with transaction(wiring.engine, account_id=account) as db:
            settle_conflict(db, seal, conflict_id, choice, expected_version=version, hand=hand)
    if json:
        return output.answer({"id": conflict_id, "kept": choice})
    return output.say("Settled.")


def _as_listed(conflict: str) -> tuple[str, int | None]:
    """An id as it was typed, and the version of its row where it was told."""
    start, at, version = conflict.partition("@")
    if at and not (version.isascii() and version.isdigit()):
        raise BadInput(f"'{version}' is no version; see 'pms-sync conflicts list'.")
    return start, int(version) if at else None


def _shown_version(db: Db, conflict_id: UUID) -> int | None:
    """None of one that is settled: that it is, is what will be said."""
    shown = conflict_list.shown_now(db, Wanted(only=conflict_id), limit=1)
    return shown[0].version if shown else None


def _question(db: Db, seal: EntrySeal, conflict_id: UUID, choice: Choice, *, hand: Hand) -> str:
    """Both sides of it, for whoever is asked to choose."""
    found = conflict_list.listed(
        db,
        seal,
        account_id=hand.account_id,
        access=hand.access,
        limit=1,
        wanted=Wanted(only=conflict_id),
    )
    told = [
        f"{one.field} of {one.patient}: ours {_side(one, 'ours')}, theirs {_side(one, 'theirs')}. "
        for one in found
    ]
    return f"{''.join(told)}{_verb(choice)}?"


def _side(one: Listed, side: str) -> Any:
    value = _shown(getattr(one, side), one.timezone)
    return "nothing" if value is None else value


def _wanted(
    db: Db,
    rule: str | None,
    connection: str | None,
    run: str | None,
    *,
    state: conflict_list.State = "open",
) -> Wanted:
    return Wanted(
        state=state,
        rule=rule,
        connection_id=connection_list.find(db, connection).id if connection else None,
        run_id=runs.find(db, run).id if run else None,
    )


def _choice(keep: str) -> Choice:
    choice = next((one for one in CHOICES if one == keep), None)
    if choice is None:
        raise BadInput(f"--keep is {' or '.join(CHOICES)}, not '{keep}'.")
    return choice


def _verb(choice: Choice) -> str:
    return "Keep ours" if choice == "mine" else "Take theirs"


def _sure(question: str) -> None:
    """Goes on only after a yes; where nobody can answer, --yes must have said so."""
    if not sys.stdin.isatty():
        raise BadInput(f"{question} Say --yes to go on.")
    if not typer.confirm(question):
        raise typer.Exit(1)


def _did(run: runs.LoggedRun) -> str:
    return f"{run.created} added, {run.updated} changed and {run.removed} removed rows"


def _told(counts: Mapping[str, int], *, json: bool) -> None:
    if json:
        return output.answer(dict(counts))
    said = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items() if count)
    return output.say(f"Done: {said or 'nothing'}.")


def _table(found: Sequence[Listed], *, settled: bool) -> None:
    headings = ["Id", "Appointment", "Patient", "Field", "Ours", "Theirs"]
    output.table(
        [*headings, "Settled"] if settled else headings,
        [_line(one, settled=settled) for one in found],
    )


def _line(one: Listed, *, settled: bool) -> tuple[Any, ...]:
    start = one.start.astimezone(zone(one.timezone)).strftime("%d %b %H:%M")
    sides = [_shown(value, one.timezone) for value in (one.ours, one.theirs)]
    line = (start, one.patient, one.field, *sides)
    if settled:
        return (short(one.id), *line, f"{one.settled_as}, {one.settled_by}")
    return (f"{short(one.id)}@{one.version}", *line)


def _shown(value: Any, timezone: str) -> Any:
    is_time = isinstance(value, datetime)
    return value.astimezone(zone(timezone)).strftime("%d %b %H:%M") if is_time else value
