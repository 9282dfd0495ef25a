"""The `pms-sync` command, once everything it needs is loaded."""

from collections.abc import Sequence
from pathlib import Path

import typer

from console.commands import HOUSE, ByName
from console.failures import guarded, log_to
from domain.errors import BadInput
from infra import settings

app = typer.Typer(
    cls=ByName,
    name="pms-sync",
    help="Practice management systems into one run sheet, and voice bookings back into them.",
    no_args_is_help=True,
    add_completion=False,
    **HOUSE,
)


@app.callback()
def pms_sync() -> None:
    """Nothing is done but what a command does."""


def run(arguments: Sequence[str]) -> int:
    """One command, from its arguments to its exit code."""
    folder = _log_folder()
    return guarded(
        lambda: app(list(arguments), prog_name="pms-sync", standalone_mode=False), folder=folder
    )


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
