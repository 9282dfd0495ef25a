"""`pms-sync simulate vapi-call`: phone calls played against the running ingress."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from sqlalchemy import text

from adapters import pms
from adapters.phones import normalised, region_of
from adapters.storage.people.accounts import require_number
from adapters.storage.phone import phone_book
from console import address, noted_secret
from console.simulators import CALLS, ROOT
from console.wiring import Wiring, wired
from domain.errors import BadInput
from infra.database import transaction
from infra.settings import Settings

WEBHOOK = "/vapi/webhook"
LOOKED_AT = 200
MOST = 10_000

app = typer.Typer()

_ROWS = text(
    """
    SELECT entry.id, entry.patient_phone, entry.pms_patient_id AS patient, connection.timezone
    FROM run_sheet_appointments AS entry
    JOIN pms_connections AS connection ON connection.id = entry.pms_connection_id
    WHERE entry.account_id = :account_id AND connection.removed_at IS NULL
      AND connection.connector = ANY(:connectors) AND entry.patient_phone IS NOT NULL
    ORDER BY entry.created_at DESC, entry.id LIMIT :most
    """
)

_NUMBERS = text("SELECT vapi_number_ids, phones FROM accounts WHERE id = :id")


@app.command("vapi-call")
def vapi_call(  # noqa: PLR0913 - each is an option
    *,
    to: Annotated[
        str | None, typer.Option(help="Where the ingress is; else the running one.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Who is called, where there are several.")
    ] = None,
    script: Annotated[
        Path | None, typer.Option(help="A list of says, tool and arguments as JSON.")
    ] = None,
    caller: Annotated[
        list[str] | None, typer.Option(help="Who calls, +1...; else patients of the sheet.")
    ] = None,
    patient: Annotated[str | None, typer.Option(help="Who they say the patient is.")] = None,
    born: Annotated[str | None, typer.Option(help="The patient's date of birth.")] = None,
    day: Annotated[str, typer.Option(help="When they would like to come.")] = "tomorrow",
    repeat: Annotated[int, typer.Option(help="How many calls.", min=1, max=MOST)] = 1,
    concurrency: Annotated[int, typer.Option(help="How many at once.", min=1, max=500)] = 1,
    duplicate: Annotated[
        int, typer.Option(help="How often each message is delivered.", min=1, max=3)
    ] = 1,
    for_real: Annotated[bool, typer.Option("--for-real", help="At real ones, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Answer as JSON on one line.")] = False,
) -> None:
    """Play the call that searches, asks what is free, books, and hears the number."""
    with wired() as wiring:
        options = _called(wiring, account, for_real=for_real)
        credential = _credential(wiring.settings)
        callers = caller or _callers(wiring, account or "default", most=min(repeat, LOOKED_AT))
        where = _where(to or address.of_pages(wiring.settings))
    options += ["--to", where, "--day", day, "--repeat", str(repeat)]
    options += ["--concurrency", str(concurrency), "--duplicate", str(duplicate)]
    given = {"--account": account, "--script": script, "--patient": patient, "--born": born}
    for name, value in given.items():
        options += [name, str(value)] if value else []
    options += _numbers(callers)
    options += ["--json"] if json else []
    raise typer.Exit(_played(options, credential))


def _must_be_played(wiring: Wiring, account_id: str) -> None:
    with transaction(wiring.engine, account_id=account_id) as db:
        found = phone_book.real(db, connectors=pms.desks(), urls=wiring.settings.vendor_urls)
    if found:
        raise BadInput(
            f"A call books in the book of {found[0]}, which is not played on this machine, and its"
            " patients get texts; say --for-real if you mean that."
        )


def _numbers(callers: Sequence[str]) -> list[str]:
    """As options, where each is a number somebody can call from."""
    for one in callers:
        require_number(one)
    return [word for one in callers for word in ("--caller", one)]


def _played(options: list[str], credential: str) -> int:
    """The secret goes by standard input: arguments can be read by everybody on a machine."""
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", f"simulators.{CALLS}", *options],
        cwd=ROOT,
        input=credential,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    sys.stdout.write(ended.stdout)
    return ended.returncode


def _credential(given: Settings) -> str:
    """That of the demo, where it runs in this home; else the one that is set."""
    found = noted_secret.of(given.home)
    if found is not None:
        return found
    secret = given.vapi_auth or given.vapi_webhook_secret
    if secret is None:
        raise BadInput(
            "Set VAPI_WEBHOOK_SECRET (or VAPI_AUTH) first; without it no call is genuine."
        )
    return secret.get_secret_value()


def _called(wiring: Wiring, account_id: str | None, *, for_real: bool = False) -> list[str]:
    """A number of the account's own, where it has named any; that is how a call finds it."""
    if not for_real:
        _must_be_played(wiring, account_id or "default")
    with transaction(wiring.engine) as db:
        row = db.execute(_NUMBERS, {"id": account_id or "default"}).first()
    if row is None:
        raise BadInput(f"There is no account '{account_id}'; see 'pms-sync accounts list'.")
    by_id = ["--number-id", row.vapi_number_ids[0]] if row.vapi_number_ids else []
    return by_id + (["--called", row.phones[0]] if row.phones else [])


def _where(url: str) -> str:
    return url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}{WEBHOOK}"


def _callers(wiring: Wiring, account_id: str, *, most: int) -> list[str]:
    """Numbers of patients on the sheet, whom a practice that can be called will recognise.

    Those behind which there is one patient come first: of several the caller is asked for whom.
    """
    if wiring.settings.is_production:
        raise BadInput("Name who calls with --caller; patients are not made to call in production.")
    values = {"account_id": account_id, "connectors": pms.desks(), "most": LOOKED_AT}
    with transaction(wiring.engine) as db:
        rows = db.execute(_ROWS, values).all()
    found = defaultdict[str, set[str]](set)
    for row in rows:
        place = {"table": "run_sheet_appointments", "column": "patient_phone"}
        raw = wiring.sealer.open_text(
            row.patient_phone, row=str(row.id), account=account_id, **place
        )
        number = normalised(raw, region_of(row.timezone)).e164
        if number:
            found[number].add(row.patient)
    if not found:
        raise BadInput("Nobody on the sheet could call: name a caller with --caller +1...")
    return sorted(found, key=lambda number: len(found[number]))[:most]
