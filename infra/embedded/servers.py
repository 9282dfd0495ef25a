"""Postgres and Valkey under one home, started by the first process that asks, then shared."""

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from infra.embedded import postgres, sharing, valkey
from infra.embedded.binaries import postgres_binaries, valkey_binary
from infra.embedded.errors import EmbeddedServerError
from infra.embedded.locks import held
from infra.embedded.postgres import Postgres
from infra.embedded.processes import PATIENCE
from infra.embedded.valkey import Valkey

# A socket's whole path may have 103 bytes on macOS, and 40 of them are the names below this folder.
LONGEST_TEMPORARY_FOLDER = 60

TURN_SECONDS = 90.0
"""For whoever starts or ends the servers; each of the two may take its patience for it."""

LET_END_SECONDS = 10.0


@dataclass(slots=True)
class Started:
    """What only the process that started the servers has."""

    home: Path
    sockets: Path
    postgres: Postgres
    valkey: Valkey
    ownership: IO[str]
    pid: int
    brief: bool = False

    def start(self) -> None:
        try:
            self.postgres.start()
            self.valkey.start()
            sharing.announce(self.home, self.sockets, brief=self.brief)
        except BaseException:
            self._end()
            raise
        atexit.register(self.stop)

    def stop(self) -> None:
        """Once; and never from a forked child, whose parent still needs the servers."""
        if self.ownership.closed or os.getpid() != self.pid:
            return
        atexit.unregister(self.stop)
        with held(_starting(self.home), patience=TURN_SECONDS):
            self._end()

    def revive(self) -> list[str]:
        """Start again what has died; names what it was."""
        dead = [one for one in (self.postgres, self.valkey) if one.has_died]
        for one in dead:
            one.start()
        return [type(one).__name__ for one in dead]

    def _end(self) -> None:
        sharing.withdraw(self.home)
        self.valkey.stop()
        self.postgres.stop()
        shutil.rmtree(self.sockets, ignore_errors=True)
        self.ownership.close()


@dataclass(slots=True, kw_only=True)
class Servers:
    """Where the servers are; as a context manager, for as long as they are needed."""

    database_url: str
    redis_url: str
    started: Started | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Who started the servers stops them; who joined just leaves."""
        if self.started:
            self.started.stop()

    def revive(self) -> list[str]:
        """Start again a server of ours that has died, with its data; names what it was.

        Whoever joined leaves this to the owner. Only from the main thread.
        """
        return self.started.revive() if self.started else []

    def kill_redis(self, how: signal.Signals = signal.SIGKILL) -> None:
        self._own().valkey.kill(how)

    def start_redis(self) -> None:
        self._own().valkey.start()

    def kill_postgres(self, how: signal.Signals = signal.SIGKILL) -> None:
        self._own().postgres.kill(how)

    def start_postgres(self) -> None:
        self._own().postgres.start()

    def _own(self) -> Started:
        if self.started is None:
            raise EmbeddedServerError("Only the process that started the servers may do this.")
        return self.started


def start(  # noqa: PLR0913 - each is something else to say of the servers
    home: Path,
    *,
    durable: bool = True,
    settings: Mapping[str, str] | None = None,
    postgres_folder: Path | None = None,
    valkey_folder: Path | None = None,
    patience: float = PATIENCE,
    brief: Callable[[], object] | None = None,
) -> Servers:
    """Start both servers with their data under `home`, or join those that already run there.

    `durable=False` is for tests; `settings` are further Postgres settings; `patience` is how many
    seconds those who run them have to answer. With `brief` they are wanted for one command only:
    another such is let end first, for it takes the servers along, and `brief` is called once then.
    """
    home = home.resolve()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    binaries, binary = postgres_binaries(postgres_folder), valkey_binary(valkey_folder)
    if brief is not None:
        sharing.let_end(home, patience=LET_END_SECONDS, told=brief)
    with held(_starting(home), patience=TURN_SECONDS):
        found = sharing.own_or_join(home, patience=patience)
        if isinstance(found, Path):
            return Servers(database_url=postgres.url(found), redis_url=valkey.url(found))
        sharing.drop_old_sockets(home)
        sockets = _socket_folder()
        database = Postgres(
            binaries=binaries,
            home=home,
            sockets=sockets,
            durable=durable,
            settings=settings or {},
        )
        cache = Valkey(binary=binary, home=home, sockets=sockets, durable=durable)
        started = Started(home, sockets, database, cache, found, os.getpid(), brief is not None)
        started.start()
    return Servers(
        database_url=postgres.url(sockets), redis_url=valkey.url(sockets), started=started
    )


def own(home: Path, *, wait: Callable[[], object]) -> Servers:
    """As `start`, but never joins: whoever runs the servers may end any moment, and ends them.

    `wait` is called again and again for as long as another process has them, and may raise. Fails
    as `start` does where they do not answer.
    """
    while not (found := start(home)).started:
        wait()
    return found


def _socket_folder() -> Path:
    usual = tempfile.gettempdir()
    short = usual if len(usual) <= LONGEST_TEMPORARY_FOLDER else "/tmp"  # noqa: S108 - mkdtemp within
    return Path(tempfile.mkdtemp(prefix=sharing.PREFIX, dir=short))


def _starting(home: Path) -> Path:
    return home / "starting.lock"
