"""dlt: its REST source, and a merge by id with its upsert strategy.

Nested lists stay in their row as JSON, telemetry is off, all else as it comes. Loading from CSV by
COPY and fetching practitioners in parallel were tried.
"""

from pathlib import Path
from typing import Any

import dlt
from dlt.common.configuration import configspec
from dlt.destinations import postgres
from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials
from dlt.sources.rest_api import rest_api_source

from bench.pipes.kit import SCHEMA, TABLE, Used, Wanted, main


@configspec
class Basic(OAuth2ClientCredentials):
    """Names the client as this vendor wants it."""

    def build_access_token_request(self) -> dict[str, Any]:
        told = {"grant_type": "client_credentials"}
        return {"auth": (str(self.client_id), str(self.client_secret)), "data": told}


def load(wanted: Wanted) -> Used:
    dlt.config["runtime.dlthub_telemetry"] = False
    pipeline = dlt.pipeline(
        "gentu",
        pipelines_dir=str(Path(wanted.home) / "dlt"),
        # It will have a host and a password; the socket named in the query is what is used.
        destination=postgres(wanted.database_url.replace("@/", ":unused@localhost/")),
        dataset_name=SCHEMA,
    )
    source = rest_api_source(_described(wanted))
    source.max_table_nesting = 0
    pipeline.run(source)
    return Used()


def _described(wanted: Wanted) -> Any:
    auth = Basic(
        access_token_url=wanted.token_url,
        client_id=wanted.client_id,
        client_secret=wanted.client_secret,
    )
    practitioners = {
        "name": "practitioners",
        "selected": False,
        "endpoint": {"path": wanted.practitioners, "paginator": "single_page"},
    }
    appointments = {
        "name": TABLE,
        "primary_key": "id",
        "write_disposition": {"disposition": "merge", "strategy": "upsert"},
        "endpoint": {
            "path": wanted.appointments,
            "params": {**wanted.params, "practitionerId": "{resources.practitioners.id}"},
            "data_selector": "appointments",
            "paginator": {
                "type": "cursor",
                "cursor_path": "pagination.next",
                "cursor_param": "cursor",
            },
        },
    }
    client = {"base_url": wanted.base_url, "auth": auth}
    return {"client": client, "resources": [practitioners, appointments]}


if __name__ == "__main__":
    main(load)
