"""`pms-sync connections drift`: what a connection's PMS sends that nobody described."""

import typer

from adapters import pms
from adapters.drift_cures import as_answer, sentence
from adapters.storage.practices.drift import read_drift
from console import output
from console.opened import Id, opened
from console.output import AsJson
from infra.clock import system_clock
from infra.database import transaction

app = typer.Typer()


@app.command()
def drift(connection: Id, *, json: AsJson = False) -> None:
    """Show unknown statuses, missing fields and the like, latest first."""
    with (
        opened(connection) as (wiring, held),
        transaction(wiring.engine, account_id=held.account_id) as db,
    ):
        found = read_drift(db, held.id)
    vendor = pms.vendor(held.vendor)
    if json:
        return output.answer({"drift": [as_answer(one, vendor, held) for one in found]})
    if not found:
        return output.say("Everything this PMS sent is as described.")
    now = system_clock()
    return output.table(
        ["What", "Times", "Last", "Means"],
        [
            (
                one.what,
                one.times,
                output.ago(one.last_seen_at, now=now),
                sentence(one, vendor, held),
            )
            for one in found
        ],
    )
