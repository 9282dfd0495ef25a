"""`pms-sync baa`: agreements on patient data, with the account and with each vendor."""

from datetime import date, datetime
from typing import Annotated

import typer

from adapters import pms
from adapters.storage.people import agreements
from adapters.storage.people.agreements import CUSTOMER, Agreement, NewAgreement
from console import output
from console.auditing import access, audited
from console.lines import one_line
from console.opened import Account, of_account, require_account
from console.output import AsJson
from console.wiring import wired
from domain.errors import BadInput
from infra.clock import system_clock

app = typer.Typer(no_args_is_help=True, help="Agreements on patient data (BAA).")

Signed = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day it was signed; else today.")
]
Ends = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its last day, if it has one.")
]


@app.command("list")
def list_(*, account: Account = "default", json: AsJson = False) -> None:
    """List what was signed, the newest first; of each party the newest counts."""
    with wired() as wiring, of_account(wiring, account) as db:
        found = agreements.listed(db)
    if json:
        return output.answer({"agreements": found})
    if not found:
        return output.say("No agreement is on record; record one with 'pms-sync baa record'.")
    return output.table(
        ["With", "Version", "Signed by", "On", "Until", "Recorded by"],
        [
            (one.party, one.version, one.signed_by, one.signed_on, one.ends_on, one.recorded_by)
            for one in found
        ],
    )


@app.command()
def record(  # noqa: PLR0913 - each is an option
    *,
    party: Annotated[str, typer.Option("--with", help="customer, or a vendor's name.")],
    version: Annotated[str, typer.Option(help="Which text was signed.", callback=one_line)],
    signed_by: Annotated[str, typer.Option(help="Who signed for them.", callback=one_line)],
    signed_on: Signed = None,
    ends_on: Ends = None,
    account: Account = "default",
    json: AsJson = False,
) -> None:
    """Record an acceptance; it stays, and a newer one takes its place."""
    if party != CUSTOMER and party not in pms.registered():
        raise BadInput(f"--with is '{CUSTOMER}' or one of {', '.join(sorted(pms.registered()))}.")
    now = system_clock()
    new = NewAgreement(
        party=party,
        version=version,
        signed_by=signed_by,
        signed_on=_day(signed_on) or now.date(),
        ends_on=_day(ends_on),
    )
    kept = _kept(new, account, now)
    if json:
        return output.answer({"agreement": kept})
    return output.say(f"Recorded: {kept.party}, version {kept.version}, by {kept.signed_by}.")


def _kept(new: NewAgreement, account: str, now: datetime) -> Agreement:
    summary = f"{new.party}, version {new.version}"
    with wired() as wiring:
        require_account(wiring, account)
        with audited(
            wiring.engine,
            "baa record",
            account_id=account,
            action="agreement.recorded",
            summary=summary,
        ) as db:
            by = access("baa record").user
            return agreements.keep(db, new, account_id=account, by=by, at=now)


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None
