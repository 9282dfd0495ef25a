"""`pms-sync conflicts`: fields that a person and the PMS both changed."""

from typing import Annotated, get_args

import typer

from adapters.storage import conflict_list
from adapters.storage.sheet_edits import Hand, settle_conflict
from console import output
from console.auditing import access
from console.output import AsJson, short
from console.wiring import wired
from domain.errors import BadInput
from domain.merge import Choice
from domain.window import zone
from infra.clock import system_clock
from infra.database import transaction

app = typer.Typer(no_args_is_help=True, help="Fields that a person and the PMS both changed.")

CHOICES: tuple[Choice, ...] = get_args(Choice)
Account = Annotated[str, typer.Option(help="Whose sheet.")]


@app.command("list")
def list_(
    *,
    account: Account = "default",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 50,
    json: AsJson = False,
) -> None:
    """List the open conflicts with both values."""
    by = access("conflicts list")
    with wired() as wiring, transaction(wiring.engine, account_id=account) as db:
        found = conflict_list.listed(
            db, wiring.entry_seal(account), account_id=account, access=by, limit=limit
        )
    if json:
        return output.answer({"conflicts": found})
    if not found:
        return output.say("No open conflicts.")
    return output.table(
        ["Id", "Appointment", "Field", "Ours", "Theirs"],
        [
            (
                short(one.id),
                one.start.astimezone(zone(one.timezone)).strftime("%d %b %H:%M"),
                one.field,
                one.ours,
                one.theirs,
            )
            for one in found
        ],
    )


@app.command()
def resolve(
    conflict: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    *,
    keep: Annotated[str, typer.Option(help="mine or theirs.")],
    account: Account = "default",
    json: AsJson = False,
) -> None:
    """Choose which value stands."""
    choice = next((one for one in CHOICES if one == keep), None)
    if choice is None:
        raise BadInput(f"--keep is {' or '.join(CHOICES)}, not '{keep}'.")
    by = access("conflicts resolve")
    hand = Hand(account_id=account, by=by.user, at=system_clock(), access=by)
    with wired() as wiring, transaction(wiring.engine, account_id=account) as db:
        conflict_id = conflict_list.find(db, conflict)
        settle_conflict(
            db,
            wiring.entry_seal(account),
            conflict_id,
            choice,
            expected_version=None,
            hand=hand,
        )
    if json:
        return output.answer({"id": conflict_id, "kept": choice})
    return output.say("Settled.")
