"""One Postgres cluster: made once, started, stopped, killed, started again on the same socket."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from infra.embedded import leftovers
from infra.embedded.errors import EmbeddedServerError
from infra.embedded.processes import (
    NOBODY,
    PATIENCE,
    Identity,
    run,
    spawn,
    stop,
    unprivileged_identity,
)

NAME = "pms_sync"
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements, parameters and details quote rows: the log keeps only what ends a session.
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
# Said until the last children of a killed server have noticed its death.
STILL_HELD = "is still in use"
FORGETFUL: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}


@dataclass(slots=True, kw_only=True)
class Postgres:
    binaries: Path
    home: Path
    sockets: Path
    durable: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    identity: Identity | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    def start(self) -> None:
        """Make the cluster if there is none; `identity` is found out unless it was given."""
        harmless = [str(self.binaries / "postgres"), "--version"]
        self.identity = self.identity or unprivileged_identity(harmless)
        leftovers.clear(self.data / "postmaster.pid", data=self.data, how=signal.SIGINT)
        if not self.data.exists():
            self._make_cluster()
        self._start_server()
        self._make_database()

    @property
    def has_died(self) -> bool:
        """Whether it ended without being told to."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, what was committed is kept."""
        self.kill(signal.SIGINT)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process:
            stop(self.process, how)
        self.process = None

    def _make_cluster(self) -> None:
        """Made aside and renamed, so that a half-made cluster is never taken for a whole one."""
        aside = self.home / "postgres.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        if self.identity == "nobody":
            os.chown(aside, NOBODY, NOBODY)
        made = run(self._initdb(aside), identity=self.identity or "self")
        if made.returncode != 0:
            raise EmbeddedServerError(f"initdb failed: {_last_line(made.stderr)}")
        aside.rename(self.data)

    def _initdb(self, folder: Path) -> list[str]:
        command = [str(self.binaries / "initdb"), "-D", str(folder), "-U", NAME, "-A", "trust"]
        command += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        return command if self.durable else [*command, "--no-sync"]

    def _start_server(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._spawned_and_answers(deadline):
            self.kill()
            last = _last_line(self.log.read_text(errors="replace"))
            if STILL_HELD not in last or time.monotonic() > deadline:
                raise EmbeddedServerError(f"Postgres did not start, see {self.log}: {last}")
            time.sleep(0.1)

    def _spawned_and_answers(self, deadline: float) -> bool:
        self.process = spawn(
            self._command(),
            log=self.log,
            death_signal=signal.SIGINT,
            identity=self.identity or "self",
        )
        while self.process.poll() is None and time.monotonic() < deadline:
            if answers(self.sockets):
                return True
            time.sleep(0.01)
        return False

    def _command(self) -> list[str]:
        settings = {**SETTINGS, **({} if self.durable else FORGETFUL), **self.settings}
        settings["unix_socket_directories"] = str(self.sockets)
        options = [word for pair in settings.items() for word in ("-c", "=".join(pair))]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *options]

    def _make_database(self) -> None:
        with _connect(self.sockets) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [NAME])
            if not found.fetchall():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))


def url(sockets: Path) -> str:
    return f"postgresql+psycopg://{NAME}@/{NAME}?host={quote(str(sockets))}"


def answers(sockets: Path) -> bool:
    try:
        _connect(sockets).close()
    except psycopg.OperationalError:
        return False
    return True


def _connect(sockets: Path) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=str(sockets), user=NAME, dbname="postgres", autocommit=True, connect_timeout=5
    )


def _last_line(text: str) -> str:
    return next(iter(text.strip().splitlines()[-1:]), "it said nothing")
