"""`pms-sync ingress`: pages, the API and webhooks."""

import typer
from pydantic import SecretStr

import producers.main
from console.awaiting import PROBED_SECONDS
from console.processes import HERE, Host, Port
from console.staying import LogsAsJson, staying

app = typer.Typer()


@app.command()
def ingress(
    *,
    port: Port = 8000,
    host: Host = HERE,
    json: LogsAsJson = False,
) -> None:
    """Serve pages, the API and webhooks until stopped."""
    with staying(as_json=json, patience=PROBED_SECONDS) as wiring:
        given = wiring.settings.model_copy(
            update={
                "database_url": SecretStr(wiring.database_url),
                "redis_url": SecretStr(wiring.redis_url),
            }
        )
        producers.main.run(given, port=port, host=host)
