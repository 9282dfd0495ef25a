"""Where the pages of a home are: noted by the `up` or `demo` that serves them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.settings import Settings

NOTE = "address.json"


def local(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def public(given: Settings) -> str | None:
    """The address a person set, if one did."""
    return given.app_base_url if "app_base_url" in given.model_fields_set else None


def of_pages(given: Settings) -> str:
    """The one set, else the one noted by who runs, else the default."""
    return public(given) or _noted(given.home) or given.app_base_url


@contextmanager
def noted(home: Path, url: str) -> Iterator[None]:
    """Say for as long as this lasts where the pages are."""
    note = home / NOTE
    draft = note.with_name(f"{NOTE}.{os.getpid()}")
    draft.write_text(json.dumps({"pid": os.getpid(), "url": url}))
    draft.replace(note)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def _noted(home: Path) -> str | None:
    """Who was killed leaves a note that means nothing."""
    try:
        said = json.loads((home / NOTE).read_text())
    except FileNotFoundError:
        return None
    return str(said["url"]) if _runs(said["pid"]) else None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It runs, as somebody else.
        return True
    return True
