"""`pms-sync audit`: are the audit rows as they were written, and who saw which patient."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from adapters.storage.audit.audit import record
from adapters.storage.audit.audit_archive import Archiving, verify_file
from adapters.storage.audit.audit_cuts import Cut
from adapters.storage.audit.audit_search import Wanted, everything
from adapters.storage.audit.audit_verify import Tell, Verdict, Verifying
from adapters.storage.people import accounts
from console import given, output, stating
from console.auditing import access
from console.lines import one_line
from console.opened import of_account, require_account
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.audit_chain import Finding
from domain.counting import so_many
from infra import settings
from infra.audit_keys import audit_keys
from infra.clock import system_clock
from infra.database import dispatch, transaction

MOST_TOLD = 50_000

app = typer.Typer(no_args_is_help=True, help="Who saw and changed what, and whether that stands.")


@app.command()
def verify(
    *,
    account: Annotated[str | None, typer.Option(help="One account; default all.")] = None,
    json: AsJson = False,
) -> None:
    """Judge every row by its chain, and every chain by the anchor; exit 1 where one is broken."""
    with wired() as wiring:
        require_account(wiring, account)
        with _progress() as tell:
            verdicts, broken = replace(verifying(wiring), tell=tell).verify(account)
    if json:
        output.answer(_told(verdicts, broken))
    else:
        _say(verdicts, broken)
    if broken or any(one.findings for one in verdicts):
        raise typer.Exit(1)


@app.command()
def restored(
    *,
    backup: Annotated[str, typer.Option("--backup-of", help="When it was made, with its zone.")],
    account: Annotated[str | None, typer.Option(help="One account; default all.")] = None,
    json: AsJson = False,
) -> None:
    """State that a backup was restored: what the anchor knows beyond it counts as lost."""
    made_at = given.past_instant(backup, now=system_clock())
    with wired() as wiring:
        require_account(wiring, account)
        stated, unknown = stating.state(wiring, account, backup=made_at)
    if json:
        output.answer({"stated": [stating.told(one) for one in stated], "not_here": unknown})
    else:
        stating.say(stated, unknown)
    if unknown:
        raise typer.Exit(1)


@app.command()
def archive(
    *,
    to: Annotated[Path, typer.Option(help="The folder the files go to.", file_okay=False)],
    account: Annotated[str | None, typer.Option(help="One account; default all.")] = None,
    json: AsJson = False,
) -> None:
    """Take rows past AUDIT_KEEP_YEARS out to files, and go on from a marked cut."""
    made: list[Cut] = []
    with wired() as wiring:
        for one in _accounts(wiring, account):
            cut = _archived(wiring, one, to)
            made += [cut] if cut else []
    if json:
        return output.answer({"archives": [_cut(one) for one in made]})
    if not made:
        return output.say("Nothing is old enough to be archived.")
    return output.table(
        ["Account", "Rows", "To place", "File"],
        [(one.account_id, one.rows, one.seq, one.file) for one in made],
    )


@app.command("verify-archive")
def verify_archive(
    file: Annotated[
        Path, typer.Argument(help="What 'audit archive' wrote.", exists=True, dir_okay=False)
    ],
    *,
    json: AsJson = False,
) -> None:
    """Judge an archive by itself; exit 1 where a row is not the one that was chained."""
    segment, findings = verify_file(file, audit_keys(settings.load()))
    if json:
        told = {"account": segment.account_id, "first": segment.first, "last": segment.last}
        output.answer({"ok": not findings, **told, "findings": findings})
    else:
        rows = f"{segment.account_id}: {so_many(segment.rows, 'row')}"
        output.say(f"{rows}, places {segment.first} to {segment.last}")
        for found in findings:
            output.say(found.sentence)
    if findings:
        raise typer.Exit(1)


@app.command()
def patient(
    patient_id: Annotated[
        str, typer.Argument(help="The patient's id at the PMS.", callback=one_line)
    ],
    *,
    account: Annotated[str, typer.Option(help="Whose patient.")] = "default",
    json: AsJson = False,
) -> None:
    """Tell who saw a patient, when and by which route; the asking is audited."""
    wanted = Wanted(patient_id=patient_id)
    with wired() as wiring, of_account(wiring, account) as db:
        found = list(everything(db, wanted, most=MOST_TOLD))
        record(
            db,
            access("audit patient"),
            account_id=account,
            action="audit.patient_read",
            phi_fields=("patient_id",),
            patient_id=patient_id,
            summary=so_many(len(found), "access", "accesses"),
        )
    if json:
        return output.answer({"accesses": found})
    if not found:
        return output.say("Nobody did, as far as rows name a patient.")
    return output.table(
        ["When", "Who", "Action", "By", "Fields"],
        [
            (
                one.created_at,
                one.user_id,
                one.action,
                " ".join(filter(None, (one.method, one.endpoint, one.address))),
                ", ".join(one.phi_fields),
            )
            for one in found
        ],
    )


def _accounts(wiring: Wiring, only: str | None) -> Sequence[str]:
    require_account(wiring, only)
    if only is not None:
        return [only]
    with dispatch(wiring.engine) as db:
        return [one.id for one in accounts.listed(db)]


def _archived(wiring: Wiring, account: str, folder: Path) -> Cut | None:
    chaining = wiring.chaining
    cut = Archiving(
        engine=wiring.engine,
        keys=chaining.keys,
        folder=folder,
        clock=system_clock,
        years=wiring.settings.audit_keep_years,
    ).archive(account)
    if cut is not None:
        summary = f"{so_many(cut.rows, 'row')} to place {cut.seq}, {cut.file}"
        with transaction(wiring.engine, account_id=account) as db:
            by = access("audit archive")
            record(db, by, account_id=account, action="audit.archived", summary=summary)
    return cut


def _cut(cut: Cut) -> dict[str, Any]:
    named = {"account": cut.account_id, "rows": cut.rows, "last": cut.seq, "file": cut.file}
    return {**named, "sha256": cut.digest.hex()}


@contextmanager
def _progress() -> Iterator[Tell]:
    """A bar on standard error, where that is a terminal: a long chain takes minutes."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    terminal = output.err()
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal) as progress:
        task = progress.add_task("Reading", total=None)

        def tell(account_id: str, looked_at: int, of: int) -> None:
            told = f"{account_id}: {looked_at:,} of {of:,} entries"
            progress.update(task, description=told, completed=looked_at, total=of)

        yield tell


def verifying(wiring: Wiring) -> Verifying:
    chaining = wiring.chaining
    return Verifying(engine=wiring.engine, keys=chaining.keys, anchor=chaining.anchor)


def _told(verdicts: Sequence[Verdict], broken: Sequence[Finding]) -> dict[str, Any]:
    wrong = [*broken, *(found for one in verdicts for found in one.findings)]
    return {"ok": not wrong, "findings": wrong, "accounts": [_verdict(one) for one in verdicts]}


def _verdict(one: Verdict) -> dict[str, Any]:
    """Heads are bytes, and nobody's to read."""
    told = {named.name: getattr(one, named.name) for named in fields(one) if named.name != "lost"}
    stated = [
        {
            "kept": said.restored.kept,
            "known": said.restored.known.seq,
            "place": said.restored.seq,
            "backup_of": said.restored.backup,
            "by": said.by,
            "at": said.at,
        }
        for said in one.stated
    ]
    return {**told, "stated": stated}


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
                "bad" if one.findings else "restored" if one.stated else "ok",
            )
            for one in verdicts
        ],
    )
    for found in broken:
        output.say(f"anchor: {found.sentence}")
    for one in verdicts:
        for said in one.stated:
            output.say(f"{one.account_id}: {said.sentence}")
        for at, found in enumerate(one.findings):
            first = "first, " if at == 0 and len(one.findings) > 1 else ""
            output.say(f"{one.account_id}: {first}{found.sentence}")
