"""`pms-sync authorisations` and `pms-sync sikka`: offices that let us in, and whose they are."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping

from adapters.presets import presets
from adapters.storage.audit.audit import record
from adapters.storage.jobs.ledger import put
from adapters.storage.people import accounts
from adapters.storage.practices import authorisation_tokens as tokens
from adapters.storage.practices import authorisations
from adapters.storage.practices.authorisations import VENDOR, enter
from console import address, output
from console.agreeing import require_agreements
from console.auditing import access, audited
from console.opened import require_account
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.authorisations import OPEN, AuthorisationState, shown_code
from domain.errors import BadInput
from domain.work import authorise_job
from infra.clock import system_clock
from infra.database import dispatch
from producers.marketplace import marketplace

app = typer.Typer(no_args_is_help=True, help="Offices that let us in at Sikka's marketplace.")
sikka = typer.Typer(no_args_is_help=True, help="Sikka's marketplace.")

OfficeId = Annotated[str, typer.Argument(metavar="OFFICE", help="Its id at Sikka, such as D12345.")]


@app.command("list")
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are settled.")] = False,
    json: AsJson = False,
) -> None:
    """List the offices that wait, of every account, with the code a practice may be told."""
    with wired() as wiring, dispatch(wiring.engine) as db:
        rows = authorisations.every(db, everything=everything)
        found = [{**row, "code": _code(wiring, row)} for row in rows]
    if json:
        return output.answer({"authorisations": found})
    if not found:
        return output.say("No office waits.")
    now = system_clock()
    output.table(
        ["Office", "Practice", "State", "Code", "Last"],
        [
            (
                one["office_id"],
                one["practice_name"] or "not in Sikka's list",
                f"{one['state']} by {one['account_id']}" if one["account_id"] else one["state"],
                one["code"],
                output.ago(one["last_seen_at"], now=now),
            )
            for one in found
        ],
    )
    # Below the table: they would squeeze its columns until nothing could be read.
    for one in found:
        times = f" Told {one['times']} times." if one["times"] > 1 else ""
        if one["note"] or times:
            output.say(f"  {one['office_id']}: {one['note'] or ''}{times}")
    return None


@app.command()
def claim(
    office: OfficeId,
    *,
    account: Annotated[str | None, typer.Option(help="The account the office belongs to.")] = None,
    code: Annotated[
        str | None, typer.Option(help="A code that the account made, instead of its id.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Connect an office that waits to the account it belongs to."""
    if (account is None) == (code is None):
        raise BadInput("Say whose it is: one of --account and --code.")
    by = access("authorisations claim")
    with wired() as wiring, dispatch(wiring.engine) as db:
        if account is not None:
            accounts.require(db, account)
        row = _open(db, office)
        if account is not None:
            authorisations.claim(db, row["id"], account_id=account, by=by.user)
        else:
            account, _ = authorisations.by_code(
                db, wiring.sealer, row["id"], str(code), by=by.user, now=system_clock()
            )
        require_agreements(wiring, account_id=account, vendor=VENDOR)
        job_id = put(db, authorise_job(account_id=account))
        enter(db, account)
        summary = f"office {row['office_id']}, job {job_id}"
        record(db, by, account_id=account, action="authorisation.claimed", summary=summary)
    if json:
        return output.answer({"office_id": row["office_id"], "account": account, "job_id": job_id})
    return output.say(f"Job {job_id} asks Sikka and connects {row['office_id']} to '{account}'.")


@app.command()
def refuse(office: OfficeId, *, json: AsJson = False) -> None:
    """Take an office from the list; it is asked about again when it lets us in again."""
    by = access("authorisations refuse")
    with wired() as wiring, dispatch(wiring.engine) as db:
        row = _open(db, office)
        owner = row["account_id"]
        authorisations.refuse(db, row["id"], account_id=owner, by=by.user, now=system_clock())
        if owner is not None:
            enter(db, owner)
            summary = f"office {row['office_id']}"
            record(db, by, account_id=owner, action="authorisation.refused", summary=summary)
    if json:
        return output.answer({"office_id": row["office_id"], "state": "refused"})
    return output.say(f"{row['office_id']} is not connected.")


@app.command()
def reconcile(*, json: AsJson = False) -> None:
    """Ask Sikka now who lets us in, as the scheduler does daily."""
    with wired() as wiring, dispatch(wiring.engine) as db:
        job_id = put(db, authorise_job())
    if json:
        return output.answer({"job_id": job_id})
    return output.say(f"Job {job_id} asks Sikka.")


@sikka.command()
def link(
    *,
    account: Annotated[str, typer.Option(help="Whose the practice will be.")] = "default",
    json: AsJson = False,
) -> None:
    """Print a link to the marketplace: good for an hour, one office, and that account alone."""
    with wired() as wiring:
        require_account(wiring, account)
        app_id = _app_id(wiring)
        now, by = system_clock(), access("sikka link")
        with audited(
            wiring.engine, "sikka link", account_id=account, action="authorisation.begun"
        ) as db:
            state = tokens.make_state(
                db, wiring.sealer, vendor=VENDOR, account_id=account, asked_by=by.user, now=now
            )
        back_to = f"{address.of_pages(wiring.settings)}/setup/sikka"
        url = marketplace(wiring.settings).link(app_id=app_id, state=state, back_to=back_to)
    if json:
        return output.answer({"url": url, "expires_at": now + tokens.STATE_LASTS})
    return output.say(url)


def _open(db: Db, office: str) -> RowMapping:
    wanted = office.strip().casefold()
    for row in authorisations.every(db, everything=False, limit=authorisations.MOST_PENDING):
        if row["office_id"].casefold() == wanted:
            return row
    raise BadInput(f"No office {office} waits; see 'pms-sync authorisations list'.")


def _code(wiring: Wiring, row: Any) -> str | None:
    """What the practice may type, while it waits and for seven days."""
    is_fresh = row["first_seen_at"] > system_clock() - tokens.CODE_LASTS
    if AuthorisationState(row["state"]) not in OPEN or row["account_id"] or not is_fresh:
        return None
    return shown_code(tokens.office_code(wiring.sealer, row["id"]))


def _app_id(wiring: Wiring) -> str:
    found = presets(wiring.settings.vendor_secrets).get(VENDOR, {}).get("app_id")
    if not found:
        raise BadInput("Set SIKKA_APP_ID and SIKKA_APP_KEY first.")
    return found
