"""`pms-sync simulate`: a vendor or a call played on this machine, in a process of its own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from adapters import pms
from console import output, processes
from console.introducing import introduce
from domain.errors import BadInput, Refused

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "simulators"
OWN_SEED = 8
"""Not the demo's, so that a practice played beside it is another one."""
LOOK_SECONDS = 0.5
DAY = r"(today|[+-]\d{1,4}|\d{4}-\d\d-\d\d)"
DAYS = re.compile(rf"{DAY}(\.\.{DAY})?(,{DAY}(\.\.{DAY})?)*")
SERVICES = frozenset({"twilio", "vapi"})
"""Played without practices: they have none."""

CALLS = "calls"
VENDOR = "vendor"


def known() -> list[str]:
    """PMSs that can be played back: the folders that can be run."""
    return [name for name in _folders() if name not in SERVICES]


def command(vendor: str, *options: str) -> list[str]:
    if vendor not in _folders():
        raise BadInput(
            f"There is no simulator of '{vendor}'; choose one of {', '.join(_folders())}."
        )
    return [sys.executable, "-m", f"simulators.{vendor}", *options]


def _folders() -> list[str]:
    found = (one.parent.name for one in FOLDER.glob("*/__main__.py"))
    return sorted(name for name in found if name != CALLS)


class Played(TyperGroup):
    """The vendors are commands of one shape, beside those that have a shape of their own."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return VENDOR, self.commands[VENDOR], args
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=Played, no_args_is_help=True, help="Play a vendor, or a phone call, on this machine."
)


@app.command(VENDOR)
def simulate(  # noqa: PLR0913 - each is an option
    vendor: Annotated[str, typer.Argument(help="The PMS to play, such as gentu.")],
    *,
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 0,
    seed: Annotated[
        int, typer.Option(help="Another seed plays other practices.", min=0)
    ] = OWN_SEED,
    tenants: Annotated[
        int | None, typer.Option(help="How many practices; else as usual for it.", min=1, max=9)
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME=SHARE", help="Such as 500=0.05; repeatable.")
    ] = None,
    appointments: Annotated[int, typer.Option(help="How many a day.", min=0)] = 60,
    days: Annotated[str, typer.Option(help="Such as today,+1 or -1..+7.")] = "today",
    lively: Annotated[float, typer.Option(help="Random changes a minute.", min=0)] = 0,
    json: Annotated[bool, typer.Option("--json", help="It always answers as JSON.")] = False,
) -> None:
    """Play a vendor on this machine until stopped; one line of JSON says where.

    The word may be left out: `pms-sync simulate gentu`. What staff would do there, such as change
    a status or lock the account, is asked for under /_sim/ at its address: see docs/advancedmd.md.
    """
    if vendor in SERVICES:
        _become(command(vendor, "--port", str(port), "--outlive-parent"))
    if not DAYS.fullmatch(days):
        raise BadInput(f"'{days}' are no days; write such as today,+1 or -1..+7 or 2026-04-05.")
    options = [f"--port={port}", f"--seed={seed}", f"--appointments={appointments}"]
    # In one word: days may begin with a minus.
    options += [f"--days={days}", f"--lively={lively}"]
    options += [f"--tenants={tenants}"] if tenants is not None else []
    options += [f"--fault={_checked(one)}" for one in fault or ()]
    _play(vendor, options)


def _play(vendor: str, options: Sequence[str]) -> None:
    """Until told to stop; a person at a terminal is told how to connect it."""
    running = Running(vendor, options)
    stopped = processes.obey_signals()
    with running as described:
        output.answer(described)
        if output.err().is_terminal and vendor in pms.registered():
            introduce(pms.vendor(vendor), described)
        while running.runs() and not stopped.wait(LOOK_SECONDS):
            continue
    if not stopped.is_set():
        raise Refused(f"The simulator of {vendor} ended by itself.")


def _become(arguments: Sequence[str]) -> NoReturn:
    """It takes our place, so that Ctrl-C and signals are its own."""
    os.chdir(ROOT)
    os.execv(arguments[0], list(arguments))  # noqa: S606 - our own command


def _checked(fault: str) -> str:
    """`500=0.05`: what goes wrong, and in which share of the answers."""
    name, _, share = fault.partition("=")
    try:
        is_share = 0 <= float(share) <= 1
    except ValueError:
        is_share = False
    if not name or not is_share:
        raise BadInput(f"'{fault}' is not a fault; write such as 500=0.05, a share from 0 to 1.")
    return fault


class Running:
    """A simulator as a child process, for a `with` statement."""

    def __init__(self, vendor: str, options: Sequence[str]) -> None:
        self.vendor = vendor
        self._command = command(vendor, *options)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Mapping[str, Any]:
        """What it says of itself when it is ready: its address, its practices."""
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self.__exit__()
            raise Refused(f"The simulator of {self.vendor} did not start.")
        described: Mapping[str, Any] = json.loads(line)
        return described

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
