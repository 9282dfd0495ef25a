"""`pms-sync scheduler`: writes what is due and announces what is ready."""

import typer

import scheduler.main
from console.staying import LogsAsJson, staying

app = typer.Typer()


@app.command("scheduler")
def scheduler_(*, json: LogsAsJson = False) -> None:
    """Write the jobs that are due and announce what is ready, until stopped."""
    with staying(as_json=json) as wiring:
        scheduler.main.run(
            database_url=wiring.database_url,
            redis_url=wiring.redis_url,
            sealer=wiring.sealer,
            usual_hours=wiring.settings.usual_hours,
        )
