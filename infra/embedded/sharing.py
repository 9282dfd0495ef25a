"""How processes of one home find each other: a lock for the owner, a note for the rest."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from infra.embedded import postgres, valkey
from infra.embedded.errors import EmbeddedServerError
from infra.embedded.locks import is_held, take

AGAIN_SECONDS = 0.05
PREFIX = "pms-sync-"
OWNER = "owner.lock"


def own_or_join(home: Path, *, patience: float) -> IO[str] | Path:
    """The ownership of `home`, or the socket folder of those who have it and answer."""
    deadline = time.monotonic() + patience
    while (ownership := take(home / OWNER)) is None:
        sockets = announced(home)
        if sockets and postgres.answers(sockets) and valkey.answers(sockets):
            return sockets
        if time.monotonic() > deadline:
            raise EmbeddedServerError(_silent(home, sockets))
        time.sleep(AGAIN_SECONDS)
    return ownership


def _silent(home: Path, sockets: Path | None) -> str:
    """Who is to blame and where to look."""
    if sockets is None:
        return f"Another process is starting the servers in {home} and does not finish: stop it."
    silent = [
        name
        for name, is_up in (
            ("postgres", postgres.answers(sockets)),
            ("valkey", valkey.answers(sockets)),
        )
        if not is_up
    ]
    logs = " and ".join(str(home / f"{name}.log") for name in silent)
    return (
        f"{' and '.join(silent) or 'a server'} of another process (pid {_owner(home)}) does not"
        f" answer; see {logs or home}, or stop that process."
    )


def _owner(home: Path) -> object:
    try:
        return json.loads(_note(home).read_text()).get("owner", "unknown")
    except (FileNotFoundError, ValueError):
        return "unknown"


def _is_brief(home: Path) -> bool:
    try:
        return bool(json.loads(_note(home).read_text()).get("brief", False))
    except (FileNotFoundError, ValueError):
        return False


def is_owned(home: Path) -> bool:
    """Whether a process keeps servers in this home at the moment."""
    return is_held(home / OWNER)


def let_end(home: Path, *, patience: float, told: Callable[[], object]) -> None:
    """Wait a while for a command that has the servers only until it is done, and ends them then."""
    deadline = time.monotonic() + patience
    is_told = False
    while is_owned(home) and _is_brief(home) and time.monotonic() < deadline:
        if not is_told:
            told()
            is_told = True
        time.sleep(AGAIN_SECONDS)


def announce(home: Path, sockets: Path, *, brief: bool) -> None:
    draft = home / "servers.json.new"
    note = {"owner": os.getpid(), "sockets": str(sockets), "brief": brief}
    draft.write_text(json.dumps(note))
    draft.replace(_note(home))


def withdraw(home: Path) -> None:
    _note(home).unlink(missing_ok=True)


def announced(home: Path) -> Path | None:
    try:
        return Path(json.loads(_note(home).read_text())["sockets"])
    except FileNotFoundError:
        return None


def drop_old_sockets(home: Path) -> None:
    """The folder of an owner that was killed."""
    sockets = announced(home)
    if sockets and sockets.name.startswith(PREFIX):
        shutil.rmtree(sockets, ignore_errors=True)
    withdraw(home)


def _note(home: Path) -> Path:
    return home / "servers.json"
