"""The `pms-sync` command."""

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from console import (
    accounts,
    agreements,
    audit,
    authorisations,
    backfill,
    calling,
    choices,
    conflicts,
    connections,
    deliveries,
    demo,
    doctor,
    drift,
    jobs,
    leaving,
    login,
    practices,
    processes,
    push,
    rotating,
    runs,
    sheet,
    simulators,
    summary,
    sync,
    vapi,
    vendors,
    webhooks,
    writes,
)
from console.failures import guarded, log_to
from domain.errors import BadInput
from infra import settings

app = typer.Typer(
    name="pms-sync",
    help="Practice management systems into one run sheet, and voice bookings back into them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
simulators.played.command("vapi-call")(calling.vapi_call)
simulators.played.command("practices")(practices.practices)
connections.app.add_typer(choices.app)
connections.app.add_typer(backfill.app)
connections.app.add_typer(drift.app)
connections.app.add_typer(leaving.app)
connections.app.add_typer(webhooks.app)
for commands in (
    demo.app,
    processes.app,
    sync.app,
    summary.app,
    sheet.app,
    jobs.top,
    doctor.app,
    login.app,
    simulators.app,
    vendors.app,
):
    app.add_typer(commands)
for name, group in {
    "accounts": accounts.app,
    "audit": audit.app,
    "baa": agreements.app,
    "connections": connections.app,
    "conflicts": conflicts.app,
    "runs": runs.app,
    "secrets": rotating.app,
    "jobs": jobs.app,
    "push": push.app,
    "writes": writes.app,
    "deliveries": deliveries.app,
    "vapi": vapi.app,
    "authorisations": authorisations.app,
    "sikka": authorisations.sikka,
}.items():
    app.add_typer(group, name=name)


def run(arguments: Sequence[str]) -> int:
    """One command, from its arguments to its exit code."""
    folder = _log_folder()
    return guarded(
        lambda: app(list(arguments), prog_name="pms-sync", standalone_mode=False), folder=folder
    )


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def _log_folder() -> Path:
    """Settings that cannot be used are told by the command itself; --help needs none."""
    try:
        given = settings.load()
    except BadInput:
        folder, level = settings.Settings.model_fields["home"].default, "INFO"
    else:
        folder, level = given.home, given.log_level
    log_to(folder, level=level)
    return Path(folder)


if __name__ == "__main__":
    main()
