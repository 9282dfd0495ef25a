"""`pms-sync worker`: carries jobs."""

import os
from typing import Annotated

import typer

import workers.main
from console.staying import SPARE_CONNECTIONS, LogsAsJson, staying
from domain.errors import BadInput

MOST_THREADS = 64

app = typer.Typer()


@app.command()
def worker(
    *,
    pool: Annotated[str, typer.Option(help="voice, sync, default, or all but voice.")],
    threads: Annotated[
        int | None,
        typer.Option(help="Jobs at once; as usual for the pool.", min=1, max=MOST_THREADS),
    ] = None,
    nice: Annotated[int, typer.Option(help="Yield to others by this much.", min=0, max=19)] = 0,
    json: LogsAsJson = False,
) -> None:
    """Carry jobs until stopped."""
    if pool not in workers.main.POOLS:
        raise BadInput(f"There is no pool '{pool}'; choose one of {', '.join(workers.main.POOLS)}.")
    os.nice(nice)
    count = threads or workers.main.THREADS[pool]
    with staying(connections=count + SPARE_CONNECTIONS, as_json=json) as wiring:
        workers.main.run(wiring.parts(), redis_url=wiring.redis_url, pool=pool, threads=count)
