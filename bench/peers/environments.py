"""Makes a peer's environment when it is first asked for, under `.local/bench`."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
HOME = HERE.parent.parent / ".local" / "bench"
STAMP = ".lock.sha256"


def known() -> list[str]:
    """Every lock is a peer; `NAME.in` says what it was resolved from."""
    return sorted(path.stem for path in HERE.glob("*.lock"))


def python_of(peer: str) -> str:
    """The interpreter of that peer; what its lock says is installed once, by hash.

    Raises RuntimeError if it cannot be installed.
    """
    lock, home = HERE / f"{peer}.lock", HOME / peer
    python, stamp = home / "bin" / "python", home / STAMP
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
        venv.create(home, clear=True)
        _install(python, lock)
        stamp.write_text(wanted, encoding="ascii")
    return str(python)


def versions(peer: str) -> list[str]:
    """What it was asked for, at the version that is locked: `celery==5.7.0`."""
    asked = {line.partition("[")[0].strip() for line in _lines(HERE / f"{peer}.in")}
    locked = (line.split(" ")[0] for line in _lines(HERE / f"{peer}.lock"))
    return [line for line in locked if line.partition("==")[0] in asked]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _install(python: Path, lock: Path) -> None:
    uv = Path(sys.executable).parent / "uv"
    uv_pip: list[str | Path] = [uv, "pip", "install", "--quiet", "--system-certs"]
    done = subprocess.run(  # noqa: S603 - our own tool
        [*uv_pip, "--python", python, "--require-hashes", "-r", lock],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{lock.name} cannot be installed:\n{done.stdout}")
