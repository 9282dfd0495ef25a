"""Singer: a tap of its SDK's RESTStream, piped into target-postgres in a second process.

The target copies its batches of 10,000 rows, adds no columns of its own and does not validate what
the tap has typed already; all else as it comes. CPU time and memory are of both processes together.
"""

import json
import subprocess
import sys
import time
from dataclasses import asdict
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from requests import Response
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as types
from singer_sdk.authenticators import OAuthAuthenticator
from singer_sdk.pagination import JSONPathPaginator
from target_postgres.target import TargetPostgres

from bench.pipes.kit import SCHEMA, TABLE, Used, Wanted, main, peak_mb

GO = b"\n"
TEXT = ("id", "status", "comment", "description", "practitioner_id")
TIMES = ("startAt", "endAt")
ANYTHING = types.CustomType({"type": ["array", "object", "null"]})
SHAPE = types.PropertiesList(
    *(types.Property(name, types.StringType) for name in TEXT),
    *(types.Property(name, types.DateTimeType) for name in TIMES),
    types.Property("minutesDuration", types.IntegerType),
    *(types.Property(name, ANYTHING) for name in ("participant", "appointmentType", "extension")),
).to_dict()
A_PRACTITIONER = types.PropertiesList(types.Property("id", types.StringType)).to_dict()


class Client(OAuthAuthenticator):
    """Names the client by its headers, as this vendor wants it."""

    @property
    def oauth_request_body(self) -> dict[str, str]:
        return {"grant_type": "client_credentials"}


class Listed(RESTStream[str]):
    """Of one practice."""

    wanted: Wanted

    @property
    def url_base(self) -> str:
        return f"{self.wanted.base_url}/"

    @property
    def authenticator(self) -> Client:
        """One for all streams and requests of this process."""
        kept: Client = self._tap.client  # type: ignore[attr-defined] # its own tap
        return kept


class Practitioners(Listed):
    name, primary_keys = "practitioners", ("id",)
    schema, selected_by_default = A_PRACTITIONER, False

    def get_child_context(self, record: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"practitioner_id": record["id"]}


class Appointments(Listed):
    name, primary_keys = TABLE, ("id",)
    schema, parent_stream_type = SHAPE, Practitioners
    records_jsonpath = "$.appointments[*]"
    state_partitioning_keys = ()

    def get_new_paginator(self) -> JSONPathPaginator:
        return JSONPathPaginator("$.pagination.next")

    def get_url_params(self, context: Any, next_page_token: str | None) -> dict[str, Any]:
        asked = {**self.wanted.params, "practitionerId": context["practitioner_id"]}
        return {**asked, "cursor": next_page_token} if next_page_token else asked

    def parse_response(self, response: Response) -> Any:
        yield from response.json()["appointments"]


class Gentu(Tap):
    """The two streams of a practice."""

    name = "tap-gentu"
    config_jsonschema = types.PropertiesList().to_dict()

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.client = Client(
            auth_endpoint=wanted.token_url, oauth_headers={"Authorization": wanted.basic}
        )
        super().__init__(config={})

    def discover_streams(self) -> list[Listed]:
        streams = [Practitioners(self, path=self.wanted.practitioners)]
        return [*streams, Appointments(self, path=self.wanted.appointments)]


def load(tap: "subprocess.Popen[bytes]", wanted: Wanted) -> Used:
    target = TargetPostgres(config=_settings(wanted))
    if tap.stdin is None or tap.stdout is None:
        raise ValueError("a tap is spoken to over pipes")
    tap.stdin.write(GO)
    target.listen(TextIOWrapper(tap.stdout, encoding="utf-8"))
    tap.wait()
    return Used(**json.loads(_told(wanted).read_text(encoding="ascii")))


def tap(wanted: Wanted) -> None:
    """Once it is told to begin; what it used goes into a file, as its output is the records."""
    Listed.wanted = wanted
    sys.stdout.buffer.write(GO)
    sys.stdout.buffer.flush()
    sys.stdin.readline()
    cpu = time.process_time()
    Gentu(wanted).sync_all()
    sys.stdout.flush()
    used = Used(cpu=time.process_time() - cpu, rss_mb=peak_mb())
    _told(wanted).write_text(json.dumps(asdict(used)), encoding="ascii")


def _started() -> "subprocess.Popen[bytes]":
    """A tap that has imported what it needs, and waits to be told to begin."""
    process = subprocess.Popen(  # noqa: S603 - this module
        [sys.executable, "-m", "bench.pipes.singer_postgres", sys.argv[1], "tap"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    if process.stdout is None or process.stdout.readline() != GO:
        raise RuntimeError("the tap did not start")
    return process


def _told(wanted: Wanted) -> Path:
    return Path(wanted.home) / "tap.json"


def _settings(wanted: Wanted) -> dict[str, Any]:
    return {
        "sqlalchemy_url": wanted.database_url.replace("postgresql:", "postgresql+psycopg:"),
        "default_target_schema": SCHEMA,
        "use_copy": True,
        "add_record_metadata": False,
        "activate_version": False,
        "validate_records": False,
    }


if __name__ == "__main__":
    if sys.argv[-1] == "tap":
        tap(Wanted(**json.loads(sys.argv[1])))
    else:
        with _started() as process:
            main(partial(load, process))
