"""Servers whose owner died without stopping them, found by their pid file."""

import os
import signal
import time
from pathlib import Path

from infra.embedded.errors import EmbeddedServerError
from infra.embedded.processes import PATIENCE, command_of


def clear(pid_file: Path, *, data: Path, how: signal.Signals) -> None:
    """Stop the server that still runs on `data`; drop a pid file that names somebody else."""
    pid = _pid_in(pid_file)
    if pid is None:
        return
    if _serves(pid, data):
        _stop(pid, data, how)
    elif command_of(pid):
        # A recycled pid: Postgres would take the stranger for a running server and refuse to start.
        pid_file.unlink(missing_ok=True)


def _pid_in(pid_file: Path) -> int | None:
    try:
        first = pid_file.read_text().split()[0]
    except (FileNotFoundError, IndexError):
        return None
    return int(first) if first.isdecimal() else None


def _serves(pid: int, data: Path) -> bool:
    return str(data) in command_of(pid)


def _stop(pid: int, data: Path, how: signal.Signals) -> None:
    _signal(pid, how)
    deadline = time.monotonic() + PATIENCE
    while _serves(pid, data):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"A server left over in {data} (pid {pid}) does not stop.")
        time.sleep(0.02)


def _signal(pid: int, how: signal.Signals) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return
