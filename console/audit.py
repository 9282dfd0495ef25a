"""`pms-sync audit`: are the audit rows as they were written, and who saw which patient."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from adapters.storage import accounts
from adapters.storage.audit_verify import Verdict, Verifying
from console import output
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.audit_chain import Finding
from infra.clock import system_clock
from infra.database import dispatch

app = typer.Typer(no_args_is_help=True, help="Who saw and changed what, and whether that stands.")


@app.command()
def verify(
    *,
    account: Annotated[str | None, typer.Option(help="One account; default all.")] = None,
    json: AsJson = False,
) -> None:
    """Judge every row by its chain, and every chain by the anchor; exit 1 where one is broken."""
    with wired() as wiring:
        if account is not None:
            with dispatch(wiring.engine) as db:
                accounts.require(db, account)
        verdicts, broken = verifying(wiring).verify(account)
    if json:
        output.answer(_told(verdicts, broken))
    else:
        _say(verdicts, broken)
    if broken or any(one.findings for one in verdicts):
        raise typer.Exit(1)


def verifying(wiring: Wiring) -> Verifying:
    chaining = wiring.chaining
    return Verifying(engine=wiring.engine, keys=chaining.keys, anchor=chaining.anchor)


def _told(verdicts: Sequence[Verdict], broken: Sequence[Finding]) -> dict[str, Any]:
    wrong = [*broken, *(found for one in verdicts for found in one.findings)]
    return {"ok": not wrong, "findings": wrong, "accounts": verdicts}


def _say(verdicts: Sequence[Verdict], broken: Sequence[Finding]) -> None:
    now = system_clock()
    output.table(
        ["Account", "Rows", "Archived", "Anchored to", "Unchained", "Oldest", "Verdict"],
        [
            (
                one.account_id,
                one.links,
                one.archived,
                one.anchored,
                one.unchained,
                output.ago(one.oldest_unchained, now=now) if one.unchained else "-",
                "bad" if one.findings else "ok",
            )
            for one in verdicts
        ],
    )
    for found in broken:
        output.say(f"anchor: {found.sentence}")
    for one in verdicts:
        for at, found in enumerate(one.findings):
            first = "first, " if at == 0 and len(one.findings) > 1 else ""
            output.say(f"{one.account_id}: {first}{found.sentence}")
