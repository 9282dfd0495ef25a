"""`pms-sync simulate practices`: a practice of every PMS, played and connected, until stopped."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Annotated, Any

import typer

from adapters import pms
from adapters.storage.practices import connection_list
from adapters.storage.practices.connections import NewConnection
from console import output, processes, setting_up, simulators, sync
from console.output import AsJson
from console.setting_up import Wanted
from console.truth import Simulator
from console.wiring import Wiring, wired
from domain.connections import Connection, State
from domain.sheet import Asked
from domain.window import local_day
from infra.clock import system_clock
from infra.database import dispatch

FIRST_PORT = 9101
APPOINTMENTS = 60
USUAL_MINUTES = 15
BOTH_WAYS_MINUTES = 1

app = typer.Typer()


@app.command()
def practices(
    *,
    first_port: Annotated[
        int, typer.Option(help="The first of their ports; each keeps its own.", min=1, max=65000)
    ] = FIRST_PORT,
    json: AsJson = False,
) -> None:
    """Play a practice of every PMS on this machine, connected to this service, until stopped.

    Started again, they are the same practices at the same addresses; one that is connected stays.
    """
    stopped = processes.obey_signals()
    with ExitStack() as stack, wired(stays=True) as wiring:
        for port, vendor in enumerate(_played(), start=first_port):
            options = [f"--port={port}", f"--seed={simulators.OWN_SEED}"]
            options += [f"--appointments={APPOINTMENTS}", "--days=-1..+7", "--lively=1"]
            described = stack.enter_context(simulators.Running(vendor, options))
            said = told(wiring, vendor, described)
            if json:
                output.answer({"vendor": vendor, "base_url": described["base_url"], "told": said})
            else:
                output.say(said)
        stopped.wait()


def told(wiring: Wiring, vendor: str, described: Mapping[str, Any]) -> str:
    """What came of connecting it, in a sentence; its first sync is asked for."""
    site = str(described["tenants"][0]["tenantId"])
    with dispatch(wiring.engine) as db:
        held = {(one["vendor"], one["site"]) for one in connection_list.listed(db)}
    if (vendor, site) in held:
        return f"{vendor}: {described['base_url']}, connected earlier"
    connection = connect(wiring, vendor, Simulator(described["url"]), described)
    day = local_day(system_clock(), connection.timezone)
    sync.ask(wiring, connection, asked=Asked(first_day=day, last_day=day))
    return f"{vendor}: {described['base_url']}, connected as {connection.name}"


def connect(
    wiring: Wiring, vendor: str, simulator: Simulator, described: Mapping[str, Any]
) -> Connection:
    """The first practice a simulator plays, with all of its people and appointments let through."""
    about, tenant = pms.vendor(vendor), described["tenants"][0]
    site = str(tenant["tenantId"])
    credentials = simulator.credentials(site)
    new = NewConnection(
        account_id="default",
        vendor=vendor,
        site=site,
        timezone=str(tenant["timezone"]),
        base_url=described["base_url"],
        token_url=described.get("token_url"),
        settings={"map_all": True},
        telehealth_only=False,
        frequency_minutes=BOTH_WAYS_MINUTES if about.two_way else USUAL_MINUTES,
        state=State.ACTIVE,
    )
    wanted = Wanted(
        vendor=about,
        new=new,
        secrets={key: str(credentials[key]) for key in about.secrets},
        telehealth_types=[str(one) for one in tenant.get("telehealth_type_ids", ())],
    )
    return setting_up.create(wiring, wanted)


def _played() -> list[str]:
    return [name for name in simulators.known() if name in pms.registered()]
