"""Secrets a machine makes for itself at its first start and keeps in files of its owner."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def local_secret(path: Path, *, make: Callable[[], str]) -> str:
    """What the file holds; written first when it is not there yet."""
    if not path.exists():
        _write_once(path, make())
    return path.read_text().strip()


def _write_once(path: Path, secret: str) -> None:
    """Several processes may start at once: the first link wins, whole, and the others read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secret)
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
