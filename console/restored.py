"""`pms-sync restored`: a backup was restored; what it brought back is called back, or shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from adapters.storage.audit.audit import record
from adapters.storage.people import accounts
from adapters.storage.upkeep import restores
from console import given, output, stating
from console.auditing import access, audited
from console.output import AsJson, short
from console.wiring import Wiring, wired
from domain.counting import so_many
from infra.clock import system_clock
from infra.database import as_dispatch, dispatch

app = typer.Typer()

AGAIN = (
    "Is somebody or something here that was taken away since the backup? It is back. Before the"
    " processes start: 'people shut-out NAME', 'connections remove ID', 'connections webhooks ID'"
    " where a key was made anew, 'endpoints remove ID'."
)
HELD = (
    "{practices} paused, lest one that has left since is read, written to or booked at. Remove"
    " those that have left; then 'connections resume --restored' lets the others go on, or"
    " 'connections resume ID' one of them."
)

PROMISED = (
    "What callers were promised since the backup is in no list here, and no text of it leaves: go"
    " through the calls of that time at Vapi and ring whoever was to hear more. What was booked"
    " then comes to the sheet like a visit that the practice has entered itself."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was ended and paused in one, and what stood in it before that."""

    account: str
    takes_calls: bool
    sessions: int
    paused: Sequence[UUID]
    stands: Sequence[Mapping[str, Any]]


@app.command()
def restored(
    *,
    backup: Annotated[str, typer.Option("--backup-of", help="When it was made, with its zone.")],
    go_on: Annotated[
        bool, typer.Option("--go-on", help="No practice was removed or paused since: pause none.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Tell that a backup was restored: sessions and tokens end, practices wait for your word."""
    made_at, now = given.past_instant(backup, now=system_clock()), system_clock()
    with wired() as wiring:
        with dispatch(wiring.engine) as db:
            ids = [one.id for one in accounts.listed(db)]
        told = [_called_back(wiring, one, backup=made_at, at=now, go_on=go_on) for one in ids]
        stated, unknown = stating.state(wiring, None, backup=made_at)
    if json:
        audit = [stating.told(one) for one in stated]
        output.answer({"accounts": told, "stated": audit, "not_here": unknown})
    else:
        _say(told)
        stating.say(stated, unknown)
    if unknown:
        raise typer.Exit(1)


def _called_back(
    wiring: Wiring, account_id: str, *, backup: datetime, at: datetime, go_on: bool
) -> Account:
    with audited(
        wiring.engine,
        "restored",
        account_id=account_id,
        action="account.restored",
        summary=f"backup of {backup.isoformat()}",
    ) as db:
        stands = restores.standing(db, account_id)
        with as_dispatch(db):
            is_known = restores.is_told(db, account_id, backup=backup)
            sessions = restores.call_back(db, account_id, at=at)
        paused = () if go_on or is_known else restores.hold_back(db, account_id)
        for one in paused:
            record(
                db,
                access("restored"),
                account_id=account_id,
                action="connection.paused",
                connection_id=one,
                summary=restores.HELD_BACK,
            )
        return Account(
            account=account_id,
            takes_calls=restores.takes_calls(db, account_id),
            sessions=sessions,
            paused=paused,
            stands=stands,
        )


def _say(told: Sequence[Account]) -> None:
    ended = sum(one.sessions for one in told)
    output.say(
        f"{so_many(ended, 'session')} ended; every link and bearer token made until now is refused."
        " Texts that may have left before are looked for at Twilio before they leave."
    )
    rows = [
        (one.account, each["what"], each["id"] and short(each["id"]), each["name"], each["stands"])
        for one in told
        for each in one.stands
    ]
    if rows:
        output.table(["Account", "What", "Id", "Name", "Stands"], rows)
        output.say(AGAIN)
    paused = sum(len(one.paused) for one in told)
    if paused:
        output.say(HELD.format(practices=so_many(paused, "practice is", "practices are")))
    if any(one.takes_calls for one in told):
        output.say(PROMISED)
