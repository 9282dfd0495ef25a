"""The image as its Dockerfile describes it, laid out in a folder: its files, its distributions."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
LOCK = "requirements.image.lock"


def ignored(path: PurePosixPath, rules: list[str]) -> bool:
    """The last rule that names the path or a folder above it wins, as Docker reads the file."""
    found = False
    for rule in rules:
        pattern, is_back = rule.removeprefix("!"), rule.startswith("!")
        if any(_matches(str(one), pattern) for one in (path, *path.parents)):
            found = not is_back
    return found


def copied() -> Iterator[tuple[Path, PurePosixPath]]:
    """Each file of the build context that a COPY takes, and where in /app it comes to lie."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    build = DOCKERFILE.partition(" AS run")[0]
    for line in re.findall(r"^COPY (?!--from)(.+)$", build, re.MULTILINE):
        *sources, target = shlex.split(line)
        for source in sources:
            yield from _below(source, PurePosixPath(target), rules)


def lay_out(folder: Path) -> None:
    """What the container has in /app."""
    for path, where in copied():
        target = folder / where
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())


def environment(folder: Path) -> Path:
    """A Python with the distributions of the image's lock and no other; linked, not downloaded."""
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", "--without-pip", folder], check=True)  # noqa: S603 - ours
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in _locked():
        _link(distribution(name), packages)
    return folder / "bin" / "python"


def _matches(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch(path.rpartition("/")[2], pattern.removeprefix("**/"))
    return path == pattern or (pattern == "*" and "/" not in path and path != ".")


def _below(
    source: str, target: PurePosixPath, rules: list[str]
) -> Iterator[tuple[Path, PurePosixPath]]:
    start = ROOT / source
    for path in start.rglob("*") if start.is_dir() else [start]:
        inside = PurePosixPath(path.relative_to(ROOT).as_posix())
        if path.is_file() and not ignored(inside, rules):
            yield path, target / path.relative_to(start if start.is_dir() else ROOT)


def _locked() -> Iterator[str]:
    """By name, those that are meant for a machine like this one."""
    text = (ROOT / LOCK).read_text().replace("\\\n", "")
    for line in re.findall(r"^[\w.-]+==.+$", text, re.MULTILINE):
        wanted = Requirement(line.partition("--hash")[0].strip())
        if wanted.marker is None or wanted.marker.evaluate():
            yield wanted.name


def _link(found: Distribution, packages: Path) -> None:
    """Its folders and files; what it puts beside them, such as commands, is not needed here."""
    inside = [Path(str(one)).parts for one in found.files or ()]
    for top in {parts[0] for parts in inside if ".." not in parts} - {"__pycache__"}:
        target = packages / top
        if not target.exists():
            target.symlink_to(Path(str(found.locate_file(top))))
