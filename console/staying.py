"""What the processes that stay have in common: where their log goes, and what they wait for."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, NoReturn

import typer

from adapters.secrets.choosing import require_readable
from adapters.storage.upkeep.sampling import require_its_key
from console.awaiting import PATIENCE_SECONDS, once_there
from console.wiring import Wiring, ensure_schema, wired
from domain.errors import BadInput
from infra import logging, otel
from infra.redis import policy_problem

SPARE_CONNECTIONS = 3

LogsAsJson = Annotated[bool, typer.Option("--json", help="Log as JSON, on a terminal too.")]


@contextmanager
def staying(
    *,
    connections: int = SPARE_CONNECTIONS,
    as_json: bool = False,
    patience: float = PATIENCE_SECONDS,
) -> Iterator[Wiring]:
    """The parts of a long-running process, whose log goes to standard error."""
    signal.signal(signal.SIGTERM, _end)
    with wired(migrated=False, connections=connections, stays=True) as wiring:
        given = wiring.settings
        plain = not as_json and (
            given.log_format == "console" or (given.log_format == "auto" and sys.stderr.isatty())
        )
        logging.configure(json=not plain, level=given.log_level)
        once_there(lambda: ensure_schema(wiring), seconds=patience)
        once_there(lambda: refuse_leaky_redis(wiring), seconds=patience)
        require_readable(wiring.secrets)
        once_there(lambda: require_its_key(wiring.engine, wiring.sealer), seconds=patience)
        with otel.sending(given.otel_exporter_otlp_endpoint, process=" ".join(sys.argv[1:2])):
            yield wiring


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """Until the process itself says what it does then: as PID 1 it would not hear it at all."""
    raise SystemExit(0)


def refuse_leaky_redis(wiring: Wiring) -> None:
    problem = policy_problem(wiring.redis)
    if problem:
        raise BadInput(problem)
