"""One Valkey server on a socket: started, stopped, killed, started again."""

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra.embedded import leftovers
from infra.embedded.errors import EmbeddedServerError
from infra.embedded.processes import PATIENCE, spawn, stop
from infra.redis import cannot_keep

SOCKET = "valkey.sock"


@dataclass(slots=True, kw_only=True)
class Valkey:
    binary: Path
    home: Path
    sockets: Path
    durable: bool = True
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.home / "valkey"

    @property
    def log(self) -> Path:
        return self.home / "valkey.log"

    def start(self) -> None:
        leftovers.clear(self._pid_file, data=self.data, how=signal.SIGTERM)
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.process = spawn(self._command(), log=self.log, death_signal=signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while not answers(self.sockets):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise EmbeddedServerError(f"Valkey did not start, see {self.log}.")
            time.sleep(0.01)

    @property
    def has_died(self) -> bool:
        """Whether it ended without being told to."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        self.kill(signal.SIGTERM)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process:
            stop(self.process, how)
        self.process = None

    @property
    def _pid_file(self) -> Path:
        return self.home / "valkey.pid"

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.sockets / SOCKET),
            "dir": str(self.data),
            "pidfile": str(self._pid_file),
            # The command line stays as given: it is how a leftover server is recognised.
            "set-proc-title": "no",
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        pairs = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [str(self.binary), *pairs]


def url(sockets: Path) -> str:
    return f"unix://{quote(str(sockets / SOCKET))}"


def answers(sockets: Path) -> bool:
    """A server that is still loading its data does not count."""
    at_once = Retry(NoBackoff(), 0)
    client = redis.Redis(unix_socket_path=str(sockets / SOCKET), socket_timeout=5, retry=at_once)
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.BusyLoadingError, redis.TimeoutError):
        return False
    except redis.ResponseError as refusal:
        # One whose disk is full is there: whoever looks is told so, and not that it is away.
        return cannot_keep(refusal)
    finally:
        client.close()
