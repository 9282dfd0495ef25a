"""What proves a call to the demo: noted in its home for as long as it runs, never printed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOTE = "vapi.secret"
OWNER_ONLY = 0o600


@contextmanager
def noted(home: Path, secret: str) -> Iterator[None]:
    """For whoever may read the home: a call played beside the demo is signed with it."""
    note = home / NOTE
    note.unlink(missing_ok=True)
    with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w") as file:
        file.write(secret)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def of(home: Path) -> str | None:
    """The secret, where one is noted."""
    try:
        return (home / NOTE).read_text() or None
    except FileNotFoundError:
        return None
