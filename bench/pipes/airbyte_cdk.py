"""Airbyte's CDK: a declarative source, a partition for each practitioner, pages by cursor.

The CDK has no destination, so its records go by COPY into a table of the session and from there
into the real one by id, unchanged rows left alone. It reads two partitions at a time, the fewest
it allows; five were tried.
"""

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson
import psycopg
from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    ConcurrentDeclarativeSource,
)

from bench.pipes.kit import SCHEMA, TABLE, Used, Wanted, main

BATCH = 5000
COLUMNS = {
    "id": "text PRIMARY KEY",
    "startAt": "timestamptz",
    "endAt": "timestamptz",
    "minutesDuration": "integer",
    "status": "text",
    "comment": "text",
    "description": "text",
    "participant": "jsonb",
    "appointmentType": "jsonb",
    "extension": "jsonb",
}
_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_TYPES = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
_OTHERS = [name for name in COLUMNS if name != "id"]
_NEW = ", ".join(f'"{name}" = excluded."{name}"' for name in _OTHERS)
_OLD = ", ".join(f'held."{name}"' for name in _OTHERS)
_TOLD = ", ".join(f'excluded."{name}"' for name in _OTHERS)
TABLES = f"""
    CREATE SCHEMA IF NOT EXISTS {SCHEMA};
    CREATE TABLE IF NOT EXISTS {SCHEMA}.{TABLE} ({_TYPES});
    CREATE TEMPORARY TABLE arriving ({_TYPES});
"""
COPY = f"COPY arriving ({_NAMES}) FROM STDIN"
MERGE = f"""
    INSERT INTO {SCHEMA}.{TABLE} AS held ({_NAMES}) SELECT {_NAMES} FROM arriving
    ON CONFLICT (id) DO UPDATE SET {_NEW} WHERE ({_OLD}) IS DISTINCT FROM ({_TOLD})
"""  # noqa: S608 - names of this file


def load(wanted: Wanted) -> Used:
    with psycopg.connect(wanted.database_url, autocommit=True) as db:
        db.execute(TABLES)
        records = _records(wanted)
        while batch := list(islice(records, BATCH)):
            _merge(db, batch)
    return Used()


def _merge(db: Any, batch: Iterable[dict[str, Any]]) -> None:
    with db.transaction():
        db.execute("TRUNCATE arriving")
        with db.cursor().copy(COPY) as copy:
            for record in batch:
                copy.write_row([_plain(record.get(name)) for name in COLUMNS])
        db.execute(MERGE)


def _plain(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else value


def _records(wanted: Wanted) -> Iterator[dict[str, Any]]:
    stream = AirbyteStream(name=TABLE, json_schema={}, supported_sync_modes=[SyncMode.full_refresh])
    chosen = ConfiguredAirbyteStream(
        stream=stream,
        sync_mode=SyncMode.full_refresh,
        destination_sync_mode=DestinationSyncMode.append_dedup,
    )
    catalog = ConfiguredAirbyteCatalog(streams=[chosen])
    source = ConcurrentDeclarativeSource(
        catalog=catalog, config={}, state=[], source_config=_manifest(wanted)
    )
    for message in source.read(logging.getLogger("airbyte"), {}, catalog, []):
        if message.type == Type.RECORD:
            yield message.record.data


def _manifest(wanted: Wanted) -> dict[str, Any]:
    practitioners = _stream("practitioners", _requester(wanted, wanted.practitioners, {}), [])
    requester = _requester(wanted, wanted.appointments, wanted.params)
    requester["request_parameters"]["practitionerId"] = "{{ stream_partition.practitioner }}"
    appointments = _stream(TABLE, requester, ["appointments"])
    appointments["retriever"]["partition_router"] = {
        "type": "SubstreamPartitionRouter",
        "parent_stream_configs": [
            {
                "type": "ParentStreamConfig",
                "stream": practitioners,
                "parent_key": "id",
                "partition_field": "practitioner",
            }
        ],
    }
    appointments["retriever"]["paginator"] = PAGINATOR
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": [TABLE]},
        "concurrency_level": {"type": "ConcurrencyLevel", "default_concurrency": 2},
        "streams": [practitioners, appointments],
    }


PAGINATOR = {
    "type": "DefaultPaginator",
    "page_token_option": {
        "type": "RequestOption",
        "inject_into": "request_parameter",
        "field_name": "cursor",
    },
    "pagination_strategy": {
        "type": "CursorPagination",
        "cursor_value": "{{ response.pagination.next }}",
        "stop_condition": "{{ not response.pagination.next }}",
    },
}


def _stream(name: str, requester: dict[str, Any], at: list[str]) -> dict[str, Any]:
    return {
        "type": "DeclarativeStream",
        "name": name,
        "primary_key": "id",
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object"}},
        "retriever": {
            "type": "SimpleRetriever",
            "requester": requester,
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": at},
            },
        },
    }


def _requester(wanted: Wanted, path: str, params: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "HttpRequester",
        "url": f"{wanted.base_url}/{path}",
        "http_method": "GET",
        "request_parameters": {name: str(value) for name, value in params.items()},
        "authenticator": {
            "type": "OAuthAuthenticator",
            "token_refresh_endpoint": wanted.token_url,
            "grant_type": "client_credentials",
            "client_id": wanted.client_id,
            "client_secret": wanted.client_secret,
            "refresh_request_headers": {"Authorization": wanted.basic},
        },
    }


if __name__ == "__main__":
    main(load)
