"""Servers of a test's own, whose Postgres is a copy of one that was made and migrated once."""

import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import migrations
from infra import embedded

CLUSTER = "postgres"


@contextmanager
def migrated(
    home: Path, *, settings: Mapping[str, str] | None = None
) -> Iterator[embedded.Servers]:
    """At the newest revision; the files are this test's alone."""
    furnish(home)
    with embedded.start(home, durable=False, settings=settings) as servers:
        yield servers


def furnish(home: Path) -> None:
    """A folder for servers, which have run there before."""
    home.mkdir(mode=0o700, parents=True)
    # `cp`, which keeps whose they are: where there are no namespaces, they are nobody's.
    subprocess.run(["cp", "-a", _made(), home / CLUSTER], check=True)  # noqa: S603, S607 - our own folders


@cache
def _made() -> Path:
    """Once in a process of tests: to make and to migrate one takes seconds, to copy it a moment."""
    home = Path(tempfile.mkdtemp(prefix="pms-sync-cluster-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    with embedded.start(home, durable=False) as servers:
        migrations.upgrade(servers.database_url)
    return home / CLUSTER
