"""`pms-sync demo`: everything on this machine, against simulated vendors, judged by their truth."""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from secrets import token_urlsafe
from threading import Event
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import typer

from adapters import pms
from adapters.storage.runs.runs import LoggedRun
from console import (
    address,
    called,
    noted_secret,
    output,
    processes,
    sheet,
    simulators,
    sync,
)
from console.called import JudgedCall
from console.following import bars, follow
from console.login import new_link
from console.output import AsJson
from console.playing import Caller
from console.practices import connect
from console.processes import HERE, Host, Port
from console.telling import enter_webhooks
from console.truth import Difference, Simulator, differences, untold
from console.wiring import Wiring, wired
from domain.connections import Connection
from domain.errors import BadInput
from domain.sheet import Asked, as_json
from domain.window import local_day
from infra import embedded, environment, settings
from infra.clock import system_clock
from infra.listening import require_free
from infra.supervisor import Supervisor

app = typer.Typer()

APPOINTMENTS = 60
PRACTITIONERS = 6
PLAYED = (
    f"--appointments={APPOINTMENTS}",
    f"--practitioners={PRACTITIONERS}",
    "--days=today,+1",
)
CHANGE_SECONDS = 10
LAST_WORD_SECONDS = 1.0
"""How long after a simulator fell silent we may hear that everything is to stop."""
LISTENS_WITHIN = 8
"""Tries, each after twice the wait of the one before: a minute in all."""
TIMEOUT = 20.0
FOLDER = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A simulated practice and our connection to it."""

    connection: Connection
    simulator: Simulator
    tenant: str
    day: date

    @property
    def has_desk(self) -> bool:
        """Whether callers can book there."""
        return self.connection.vendor in pms.desks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A practice's first sync, compared with the simulator's truth."""

    practice: Practice
    run: LoggedRun
    appointments: int
    wrong: Sequence[Difference]

    @property
    def is_right(self) -> bool:
        return self.run.status == "success" and not self.wrong


@app.command()
def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="End after the first syncs; 0 only if all is equal.")
    ] = False,
    vendor: Annotated[list[str] | None, typer.Option(help="Only this PMS; repeatable.")] = None,
    port: Port = 8000,
    host: Host = HERE,
    json: AsJson = False,
) -> None:
    """Start everything against simulated practices, sync them and judge the sheet."""
    vendors = _chosen(vendor or ())
    stopped = processes.obey_signals()
    with ExitStack() as stack:
        home = _fresh_home(settings.load().home)
        require_free(host, port)
        _narrate("Starting Postgres, Valkey and the simulators")
        wiring = stack.enter_context(wired(home=home, stays=True))
        practices = [stack.enter_context(_practice(wiring, name)) for name in vendors]
        # Asked for before anyone is there to do it, so that the timetable cannot come first.
        job_ids = [_ask(wiring, one) for one in practices]
        url, secret = address.local(port), token_urlsafe(24)
        stack.enter_context(_running(wiring, practices, port=port, host=host, secret=secret))
        judged = _first_syncs(wiring, practices, job_ids)
        until_it_listens(url)
        calls = [_called(wiring, one, url, secret) for one in practices if one.has_desk]
        _tell(judged, calls, as_json=json)
        if not once:
            _stay(wiring, practices, stopped, port=port)
    if not (all(one.is_right for one in judged) and all(call.is_right for call in calls)):
        raise typer.Exit(1)


@contextmanager
def _running(
    wiring: Wiring, practices: Sequence[Practice], *, port: int, host: str, secret: str
) -> Iterator[None]:
    """All processes of the product, told of by the practices' webhooks and by callers."""
    _narrate("Starting ingress, scheduler and workers")
    home, url = wiring.settings.home, address.local(port)
    told = {"VAPI_WEBHOOK_SECRET": secret}
    with Supervisor(home / "logs") as supervisor:
        for child in processes.children(wiring, port=port, host=host, base_url=url, played=told):
            supervisor.add(child)
        with address.noted(home, url), noted_secret.noted(home, secret):
            for one in practices:
                enter_webhooks(wiring, one.connection, one.simulator.url, url)
            yield


def until_it_listens(url: str) -> None:
    """On a busy machine the first syncs are over before the ingress answers anybody."""
    patient = httpx.HTTPTransport(retries=LISTENS_WITHIN)
    with httpx.Client(transport=patient, timeout=TIMEOUT) as client:
        client.get(f"{url}/healthz").raise_for_status()


def _tell(judged: Sequence[Judged], calls: Sequence[JudgedCall], *, as_json: bool) -> None:
    if as_json:
        answers = [as_answer(one) for one in judged]
        return output.answer({"connections": answers, "calls": [one.as_answer() for one in calls]})
    _show(judged)
    for call in calls:
        call.show()
    return None


def _called(wiring: Wiring, practice: Practice, url: str, secret: str) -> JudgedCall:
    _narrate(f"Playing a call to {practice.connection.name}")
    caller = Caller(url, secret)
    held, simulator = practice.connection, practice.simulator
    return called.play(wiring, held, simulator, caller, today=practice.day)


def as_answer(one: Judged) -> dict[str, Any]:
    """A practice as scripts read it."""
    connection = one.practice.connection
    return {
        "id": connection.id,
        "vendor": connection.vendor,
        "status": one.run.status,
        "appointments": one.appointments,
        "wrong": len(one.wrong),
    }


def _chosen(names: Sequence[str]) -> list[str]:
    """Vendors that are both described and simulated."""
    possible = [name for name in simulators.known() if name in pms.registered()]
    for name in names:
        if name not in possible:
            raise BadInput(f"'{name}' cannot be shown; choose from {', '.join(possible)}.")
    return list(dict.fromkeys(names)) or possible


def _fresh_home(home: Path) -> Path:
    """A folder of its own, emptied each time, so that nobody's data is mixed with the demo's."""
    fresh = home / FOLDER
    if embedded.is_owned(fresh):
        raise BadInput(
            "A demo is running already; stop it, or set PMS_SYNC_HOME to another folder"
            " and choose another --port."
        )
    shutil.rmtree(fresh, ignore_errors=True)
    return fresh


@contextmanager
def _practice(wiring: Wiring, vendor: str) -> Iterator[Practice]:
    """A simulated practice with everything of it connected, mapped and let through."""
    with simulators.Running(vendor, PLAYED) as described:
        simulator, tenant = Simulator(described["url"]), described["tenants"][0]
        if vendor in pms.desks():
            simulator.hurry()
        connection = connect(wiring, vendor, simulator, described)
        yield Practice(
            connection=connection,
            simulator=simulator,
            tenant=str(tenant["tenantId"]),
            day=local_day(system_clock(), connection.timezone),
        )


def _ask(wiring: Wiring, practice: Practice) -> int:
    day = practice.day
    return sync.ask(wiring, practice.connection, asked=Asked(first_day=day, last_day=day))


def _first_syncs(
    wiring: Wiring, practices: Sequence[Practice], job_ids: Sequence[int]
) -> list[Judged]:
    """Watch all of them at once, then judge each."""
    with bars() as line, ThreadPoolExecutor(max_workers=len(practices)) as threads:
        watched = [
            threads.submit(follow, wiring.engine, job_id, line(_named(practice)))
            for practice, job_id in zip(practices, job_ids, strict=True)
        ]
        found = [one.result() for one in watched]
    judged = [_judged(wiring, *pair) for pair in zip(practices, found, strict=True)]
    return [one if one.is_right else _looked_at_again(wiring, one) for one in judged]


def _looked_at_again(wiring: Wiring, first: Judged) -> Judged:
    """An appointment may end between reading and judging: what is still wrong then, is wrong."""
    if first.run.status != "success":
        return first
    job_id = _ask(wiring, first.practice)
    with bars() as line:
        run = follow(wiring.engine, job_id, line(_named(first.practice)))
    again = _judged(wiring, first.practice, run)
    return replace(again, run=first.run if run.status == "success" else run)


def _judged(wiring: Wiring, practice: Practice, run: LoggedRun) -> Judged:
    held, today = practice.connection, practice.day
    entries = sheet.read(wiring, held.account_id, today, today, held=held).entries
    rows = [as_json(sheet.as_answer(one)) for one in entries]
    truth = practice.simulator.truth(practice.tenant)
    return Judged(
        practice=practice,
        run=run,
        appointments=sum(not row["removed"] for row in rows),
        wrong=differences(
            truth, rows, first=today, last=today, untold=untold(pms.vendor(held.vendor))
        ),
    )


def _show(judged: Sequence[Judged]) -> None:
    output.table(
        ["Practice", "PMS", "Result", "Appointments", "Requests", "Seconds", "Wrong"],
        [
            (
                one.practice.connection.name,
                one.practice.connection.vendor,
                one.run.status,
                one.appointments,
                one.run.requests,
                one.run.seconds,
                len(one.wrong),
            )
            for one in judged
        ],
    )
    for one in judged:
        for problem in one.run.errors:
            output.say(f"  {one.practice.connection.name}: {problem}")
        fields = Counter(wrong.field for wrong in one.wrong)
        if fields:
            told = ", ".join(f"{field} {count} times" for field, count in fields.most_common())
            output.say(f"  {one.practice.connection.name} differs from its PMS in {told}")


def _stay(wiring: Wiring, practices: Sequence[Practice], stopped: Event, *, port: int) -> None:
    """Until asked to stop, with something happening at each practice now and then."""
    link = new_link(wiring, account_id="default", base_url=address.local(port))
    home = wiring.settings.home.resolve()
    ours = as_called()
    call = f"  {ours} simulate vapi-call\n" if any(one.has_desk for one in practices) else ""
    output.err().print(
        f"""
Open the run sheet (this link works once):
  {link}

Try, in another terminal:
  {way_to(home)}
  {ours} run-sheet
  {ours} sync {output.short(practices[0].connection.id)} --dry-run
{call}  {ours} queues
  {ours} login-link

The practices' simulators, which take what staff would do under /_sim/ (docs/advancedmd.md):
{addresses(practices)}

Logs are in {home / "logs"}.
Something changes at each practice every {CHANGE_SECONDS} seconds. Stop with Ctrl-C.""",
        markup=False,
        soft_wrap=True,
    )
    away: set[str] = set()
    while not stopped.is_set():
        processes.keep_servers(wiring, stopped, seconds=CHANGE_SECONDS)
        for practice in practices:
            happen(practice, stopped, away)


def addresses(practices: Sequence[Practice]) -> str:
    """Where each practice is played, and which of the simulator's practices it is."""
    return "\n".join(
        f"  {one.connection.vendor}: {one.simulator.url}, practice {one.tenant}"
        for one in practices
    )


def happen(practice: Practice, stopped: Event, away: set[str]) -> None:
    """One thing more at a practice. A vendor that is away is told of once; the others go on."""
    if stopped.is_set():
        return
    vendor = practice.connection.vendor
    try:
        practice.simulator.change_something(practice.tenant)
    except httpx.HTTPError as trouble:
        # Ctrl-C may have reached the simulator before us.
        if vendor not in away and not stopped.wait(LAST_WORD_SECONDS):
            away.add(vendor)
            _told_away(practice, type(trouble).__name__)
    else:
        if vendor in away:
            away.remove(vendor)
            output.err().print(f"The simulator of {vendor} answers again.", markup=False)


def _told_away(practice: Practice, kind: str) -> None:
    """With what brings it back where our connection looks for it."""
    vendor, port = practice.connection.vendor, urlsplit(practice.simulator.url).port
    again = " ".join([sys.executable, "-m", f"simulators.{vendor}", f"--port={port}", *PLAYED])
    output.err().print(
        f"The simulator of {vendor} does not answer any more ({kind}). The others go on;"
        f" /queues says what this one misses. To have it back:\n  {again}",
        markup=False,
        soft_wrap=True,
    )


def _narrate(line: str) -> None:
    """What is going on, where a person looks on; answers stay on standard output."""
    terminal = output.err()
    if terminal.is_terminal:
        terminal.print(f"[dim]{line} ...[/dim]")


def _named(practice: Practice) -> str:
    return f"{practice.connection.name} ({practice.connection.vendor})"


def way_to(home: Path) -> str:
    """Out of a folder whose .env would lead those commands to the real thing."""
    aside = f"cd {home}\n  " if Path(environment.DOTENV).exists() else ""
    return f"{aside}export PMS_SYNC_HOME={home}"


def as_called() -> str:
    """How this command is called from here: `make` does not put it on the path."""
    if shutil.which("pms-sync"):
        return "pms-sync"
    if Path(environment.DOTENV).exists():
        return str(Path(sys.executable).parent.absolute() / "pms-sync")
    return os.path.relpath(Path(sys.executable).parent / "pms-sync")
