"""File locks that the kernel drops when their holder dies, however it dies."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.embedded.errors import EmbeddedServerError

AGAIN_SECONDS = 0.02


@contextmanager
def held(path: Path, *, patience: float) -> Iterator[None]:
    """Wait so many seconds for the lock, and keep it for the length of the block."""
    deadline = time.monotonic() + patience
    while (file := take(path)) is None:
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"Another command starts or ends the servers in {path.parent} and does not finish:"
                " wait for it to end or stop it, then try again."
            )
        time.sleep(AGAIN_SECONDS)
    with file:
        yield


def take(path: Path) -> IO[str] | None:
    """The lock, kept until the file is closed, or nothing when another process has it."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def is_held(path: Path) -> bool:
    """Whether another process has the lock at this moment."""
    if not path.exists():
        return False
    file = take(path)
    if file is None:
        return True
    file.close()
    return False
