"""`pms-sync writes`: what left for a PMS without an end, and the end as somebody found it there."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from adapters.storage.audit.audit import record
from adapters.storage.phone import open_writes
from adapters.storage.phone.writes import WriteLedger
from console import output
from console.auditing import access, audited
from console.opened import DEFAULT_ACCOUNT, Account, Limit, of_account
from console.output import AsJson, short
from console.wiring import wired
from domain.errors import BadInput
from infra.clock import system_clock

app = typer.Typer(no_args_is_help=True, help="What was written to a practice's system.")


@app.command("list")
def list_(
    *,
    account: Account = DEFAULT_ACCOUNT,
    limit: Limit = 100,
    json: AsJson = False,
) -> None:
    """List what left without an end: what needs attention first, then what is still followed."""
    with wired() as wiring, of_account(wiring, account) as db:
        found = open_writes.listed(db, limit=limit)
        if found:
            record(
                db,
                access("writes list"),
                account_id=account,
                action="writes.listed",
                phi_fields=("appointment_time",),
                summary=f"{len(found)} writes",
            )
    if json:
        return output.answer({"writes": found})
    if not found:
        return output.say("Every write has its end.")
    return _show(found)


def _show(found: Sequence[Mapping[str, Any]]) -> None:
    now = system_clock()
    output.table(
        ["Id", "Practice", "What", "For", "Number", "State", "Told", "Left", "Followed"],
        [
            (
                short(one["id"]),
                one["practice"],
                one["kind"],
                one["start_at"] and one["start_at"].isoformat(timespec="minutes"),
                one["confirmation"],
                one["state"],
                one["told"],
                output.ago(one["submitted_at"], now=now),
                one["is_followed"],
            )
            for one in found
        ],
    )


@app.command()
def settle(
    write: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    *,
    as_: Annotated[str, typer.Option("--as", help="confirmed or failed, as the book shows it.")],
    never: Annotated[
        bool,
        typer.Option("--never", help="Followed or not: the practice keeps it from being done."),
    ] = False,
    account: Account = DEFAULT_ACCOUNT,
    json: AsJson = False,
) -> None:
    """Say what became of a write, once the practice's own book was looked at."""
    state = open_writes.BY_HAND.get(as_)
    if state is None:
        raise BadInput(f"A write is settled as {' or '.join(open_writes.BY_HAND)}, not '{as_}'.")
    with wired() as wiring:
        with of_account(wiring, account) as db:
            write_id = open_writes.find(db, write)
        ledger = WriteLedger(wiring.engine, wiring.sealer, account_id=account, clock=system_clock)
        kept = ledger.load(write_id)
        with audited(
            wiring.engine,
            "writes settle",
            account_id=account,
            action="write.settled_by_hand",
            connection_id=kept.connection_id,
            summary=f"write {write_id}, {state.value}",
        ) as db:
            open_writes.settle(db, ledger, kept, state, now=system_clock(), even_followed=never)
    if json:
        return output.answer({"id": write_id, "state": state.value})
    return output.say(f"Write {short(write_id)} is {state.value}; whoever waits for word gets it.")
