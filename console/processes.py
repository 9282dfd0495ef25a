"""`pms-sync migrate | up`: the schema, and all processes of the product on this machine."""

import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated

import typer

import migrations
from adapters import pms
from adapters.secrets.choosing import require_readable
from adapters.storage.upkeep.sampling import require_its_key
from console import address, output
from console.output import AsJson
from console.staying import refuse_leaky_redis
from console.wiring import Wiring, revision, wired
from infra import settings
from infra.listening import require_free
from infra.supervisor import Child, Supervisor

app = typer.Typer()

POOLS = ("voice", "sync", "default")
NICENESS = {"sync": 10}
"""On one machine a caller's answer comes before a sync that can wait a moment."""

HERE = "127.0.0.1"
LOOK_SECONDS = 0.5
LETTING_GO_SECONDS = 5.0
"""How long the ingress of an `up` that was killed may still have the port."""

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Where pages and webhooks are served.", min=1, max=65535)]


@app.command()
def migrate(*, json: AsJson = False) -> None:
    """Bring the database to this version's schema."""
    with wired(migrated=False) as wiring:
        before, newest = revision(wiring.engine), migrations.newest()
        is_later = before != newest and migrations.is_served(before)
        built = () if is_later else migrations.upgrade(wiring.database_url)
    if json:
        return output.answer(
            {"before": before, "now": before if is_later else newest, "indexes": built}
        )
    if is_later:
        return output.say(f"The database is at {before}, a later version's; nothing was to do.")
    if built:
        output.say(f"Built beside the work that goes on: {', '.join(built)}.")
    if before == newest:
        return output.say("The database was up to date.")
    return output.say(f"The database is at {newest} now.")


@app.command()
def up(*, port: Port = 8000, host: Host = HERE, json: AsJson = False) -> None:
    """Run everything on this machine; what dies is started again."""
    stopped = obey_signals()
    with (
        wired(wait=_in_line(stopped)) as wiring,
        Supervisor(wiring.settings.home / "logs") as supervisor,
    ):
        given = wiring.settings
        pages = address.public(given) or address.local(port)
        refuse_leaky_redis(wiring)
        require_readable(wiring.secrets)
        require_its_key(wiring.engine, wiring.sealer)
        require_free(host, port, patience=LETTING_GO_SECONDS)
        for child in children(wiring, port=port, host=host, base_url=pages):
            supervisor.add(child)
        with address.noted(given.home, pages):
            if json:
                output.answer({"url": pages, "port": port, "logs": str(given.home / "logs")})
            else:
                _tell_up(port, given.home / "logs")
            keep_servers(wiring, stopped)
            if not json:
                output.say("Stopping ...")


def children(
    wiring: Wiring,
    *,
    port: int,
    base_url: str,
    host: str = HERE,
    played: Mapping[str, str] | None = None,
) -> Sequence[Child]:
    """All processes of the product, told to use this command's servers.

    What is `played` hears what that says and nothing else: it lives where no .env of ours lies.
    """
    environment = wiring.environment() | {"APP_BASE_URL": base_url}
    if played is not None:
        unsaid, given = settings.unsaid(vendors=pms.registered()), wiring.settings
        heard = {"LOG_LEVEL": given.log_level, "LOG_FORMAT": given.log_format}
        environment = unsaid | environment | heard | dict(played)
    commands = {
        "ingress": ["ingress", "--port", str(port), "--host", host],
        "scheduler": ["scheduler"],
        **{
            f"worker-{pool}": ["worker", "--pool", pool, "--nice", str(NICENESS.get(pool, 0))]
            for pool in POOLS
        },
    }
    return [
        Child(
            name=name,
            command=[sys.executable, "-m", "console.main", *arguments],
            environment={**environment, "PYTHONPATH": str(Path(__file__).parent.parent)},
            folder=None if played is None else wiring.settings.home,
        )
        for name, arguments in commands.items()
    ]


def _tell_up(port: int, logs: Path) -> None:
    output.say(f"Pages   {address.local(port)}   (sign in with 'pms-sync login-link')")
    output.say(f"Logs    {logs}")
    output.say("Stop with Ctrl-C.")


def _in_line(stopped: Event) -> Callable[[], None]:
    """For servers that end with another command: said once, and waited for until told to stop."""
    told = Event()

    def wait() -> None:
        if not told.is_set():
            output.err().print("Another command has the servers now; waiting for it to end ...")
            told.set()
        if stopped.wait(LOOK_SECONDS):
            raise typer.Exit

    return wait


def obey_signals() -> Event:
    """Set when this process was asked to stop."""
    stopped = Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stopped


def keep_servers(wiring: Wiring, stopped: Event, *, seconds: float | None = None) -> None:
    """Until told to stop, or for so long: what of our own servers dies is started again."""
    until = None if seconds is None else time.monotonic() + seconds
    while not stopped.wait(LOOK_SECONDS) and (until is None or time.monotonic() < until):
        for name in wiring.revive():
            output.err().print(f"{name} had ended and was started again.")
