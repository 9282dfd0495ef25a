"""`pms-sync connections remove`, and what becomes of the rows of practices that were removed."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, get_args

import typer
from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.by_hand.hands import Hand
from adapters.storage.practices import connection_list, left_rows
from adapters.storage.practices.connection_list import Found
from adapters.storage.practices.left_rows import Leaving, LeftRows, Removed
from adapters.storage.sheet import linking
from adapters.storage.sheet.entries import EntrySeal
from console import output, setting_up
from console.auditing import hand_for
from console.opened import Id, of_account, opened
from console.output import AsJson, short
from console.wiring import Wiring, wired
from domain.connections import Connection, State
from domain.counting import so_many
from domain.errors import BadInput
from infra.clock import system_clock
from infra.database import dispatch, transaction

app = typer.Typer()

LEAVING: Mapping[str, Leaving] = {one.replace("_", "-"): one for one in get_args(Leaving)}
MEANING: Mapping[str, str] = {
    "keep": "they stay on the sheet",
    "take-off": "they leave it, but for what was typed in",
    "take-off-all": "they all leave it",
}
Rows = Annotated[
    str | None,
    typer.Option(
        metavar="WHAT",
        help="What becomes of rows still to come: "
        + "; ".join(f"{word}, {means}" for word, means in MEANING.items())
        + ". A terminal is asked; else they stay.",
    ),
]


@app.command()
def remove(
    connection: Id,
    *,
    rows: Rows = None,
    forget_secrets: Annotated[
        bool, typer.Option("--forget-secrets", help="Delete its credentials from the store too.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Sync no more. Past rows, the runs and the audit stay; rows to come as --rows says.

    Add the practice again and it goes on as the same connection: same rows, edits and mappings.
    """
    said = _checked(rows)
    with opened(connection) as (wiring, held):
        hand = hand_for(held.account_id, "connections remove")
        leaving = LEAVING[said or _asked(wiring, held, hand, is_asked=not json)]
        with transaction(wiring.engine, account_id=held.account_id) as db:
            seal = wiring.entry_seal(held.account_id)
            linking.alone(db, held.account_id)
            connection_list.claim(db, held.id, expected=None)
            left = left_rows.leave(db, seal, held.id, leaving, hand=hand)
            record(
                db,
                hand.access,
                account_id=held.account_id,
                action="connection.removed",
                connection_id=held.id,
                summary=leaving if said else None,
            )
        if forget_secrets:
            setting_up.drop_secrets(wiring, held.secret_ref)
    if json:
        told: dict[str, Any] = {"id": held.id, "state": State.INACTIVE}
        return output.answer(told | {"rows": left} if said else told)
    output.say(f"{held.name} ({held.vendor}) is removed.")
    return _tell(left, number=short(held.id))


@app.command()
def removed(
    *,
    account: Annotated[str, typer.Option(help="Which account.")] = "default",
    json: AsJson = False,
) -> None:
    """List connections that were removed, and how many of their rows are still to come."""
    now = system_clock()
    with wired() as wiring, of_account(wiring, account) as db:
        found = left_rows.removed(db, account_id=account, now=now)
    if json:
        return output.answer({"connections": found})
    if not found:
        return output.say("No connection was removed.")
    return output.table(
        ["Id", "PMS", "Name", "Removed", "To come", "Typed in", "Taken off"],
        [_line(one, ago=output.ago(one.removed_at, now=now)) for one in found],
    )


@app.command("take-off")
def take_off(
    connection: Id,
    *,
    typed: Annotated[
        bool, typer.Option("--typed", help="Also rows in which a person typed something.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Take the rows still to come of a removed connection off the sheet."""
    with _left(connection, "connections take-off") as left:
        moved = left_rows.take_off(left.db, left.seal, left.held.id, typed=typed, hand=left.hand)
        rows = left.counted()
    return _told("taken off", moved, rows, left.held, json=json)


@app.command("put-back")
def put_back(connection: Id, *, json: AsJson = False) -> None:
    """Put rows of a removed connection that were taken off by hand back on the sheet."""
    with _left(connection, "connections put-back") as left:
        moved = left_rows.put_back(left.db, left.seal, left.held.id, hand=left.hand)
        rows = left.counted()
    if rows.taken_off and not json:
        staying = so_many(rows.taken_off, "row stays", "rows stay")
        output.say(f"{staying} off: each would overlap another appointment.")
    return _told("put back", moved, rows, left.held, json=json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """A removed connection, in a transaction that moves its rows."""

    db: Db
    seal: EntrySeal
    held: Found
    hand: Hand

    def counted(self) -> LeftRows:
        account, now = self.held.account_id, self.hand.at
        return left_rows.counted(self.db, self.held.id, account_id=account, now=now)


@contextmanager
def _left(wanted: str, command: str) -> Iterator[_Left]:
    with wired() as wiring:
        with dispatch(wiring.engine) as db:
            held = connection_list.find(db, wanted, removed=True)
        with transaction(wiring.engine, account_id=held.account_id) as db:
            linking.alone(db, held.account_id)
            left_rows.require_gone(db, held.id)
            seal, hand = wiring.entry_seal(held.account_id), hand_for(held.account_id, command)
            yield _Left(db=db, seal=seal, held=held, hand=hand)


def _checked(rows: str | None) -> str | None:
    if rows is not None and rows not in LEAVING:
        raise BadInput(f"--rows is {', '.join(list(LEAVING)[:-1])} or take-off-all, not '{rows}'.")
    return rows


def _asked(wiring: Wiring, held: Connection, hand: Hand, *, is_asked: bool) -> str:
    """What a person at a terminal chooses; where nobody can choose, or nothing, they stay."""
    if not is_asked or not sys.stdin.isatty():
        return "keep"
    with transaction(wiring.engine, account_id=held.account_id) as db:
        left = left_rows.counted(db, held.id, account_id=held.account_id, now=hand.at)
    if not left.to_come:
        return "keep"
    output.say(_to_come(left))
    for word, means in MEANING.items():
        output.say(f"  {word}: {means}")
    chosen = typer.prompt("What becomes of them?", default="keep")
    return _checked(chosen) or "keep"


def _tell(left: LeftRows, *, number: str) -> None:
    if left.to_come:
        output.say(f"{_to_come(left)} 'pms-sync connections take-off {number}' takes them off.")
    if left.taken_off:
        output.say(
            f"{so_many(left.taken_off, 'row is', 'rows are')} off the sheet;"
            f" 'pms-sync connections put-back {number}' undoes that."
        )


def _to_come(left: LeftRows) -> str:
    return (
        f"Rows still to come on the sheet: {left.to_come}, {left.typed} of them with something a"
        " person typed."
    )


def _told(what: str, moved: int, rows: LeftRows, held: Found, *, json: bool) -> None:
    if json:
        return output.answer({"id": held.id, "moved": moved, "rows": rows})
    output.say(f"{held.name} ({held.vendor}): {so_many(moved, 'row')} {what}.")
    return _tell(rows, number=short(held.id))


def _line(one: Removed, *, ago: str) -> tuple[Any, ...]:
    return (short(one.id), one.vendor, one.name, ago, one.to_come, one.typed, one.taken_off)
