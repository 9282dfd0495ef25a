"""A page of the docs that says how something is added, followed to the letter in a copy of this."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = [
    *("adapters", "console", "domain", "infra", "migrations", "producers", "scheduler"),
    *("simulators", "workers", "tests/contract", "tests/fixtures", "tests/pms"),
]
SINGLE = [
    *("pyproject.toml", "tests/__init__.py", "tests/conftest.py", "tests/refusals.py"),
    *("tests/fakes.py", "tests/plain.py"),
]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def files(shown: str) -> dict[str, str]:
    """The files a page shows whole, by the path it gives them."""
    found = re.findall(
        r"^`([^`\n]+)`,[^\n]*:\n\n```\w+\n(.*?)^```$", shown, re.DOTALL | re.MULTILINE
    )
    return dict(found)


def edits(shown: str) -> list[tuple[str, str, str]]:
    """What a page changes: the file, what stands there, and what stands there afterwards."""
    found: list[tuple[str, str, str]] = []
    for path, blocks in re.findall(
        r"^In `([^`\n]+)`:\n((?:\n```diff\n.*?^```\n)+)", shown, re.DOTALL | re.MULTILINE
    ):
        for block in re.findall(r"^```diff\n(.*?)^```$", blocks, re.DOTALL | re.MULTILINE):
            lines = block.splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if line[0] in " -")
            after = "".join(line[1:] for line in lines if line[0] in " +")
            found.append((path, before, after))
    return found


def commands(shown: str) -> list[list[str]]:
    """The commands a page gives, in its order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", shown, re.DOTALL | re.MULTILINE)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def copied(there: Path) -> Path:
    """This repository as somebody has it before they begin."""
    for folder in FOLDERS:
        # With what Python has compiled of it, or every command would compile all of it first.
        shutil.copytree(ROOT / folder, there / folder)
    for single in SINGLE:
        shutil.copy(ROOT / single, there / single)
    return there


def write(tree: Path, shown: str) -> None:
    """What the page says, in that tree; a change that does not fit what is there is an error."""
    for path, text in files(shown).items():
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text(text)
        if path.endswith(".py") and not path.startswith("tests/"):
            (tree / path).with_name("__init__.py").touch()
    for path, before, after in edits(shown):
        held = (tree / path).read_text()
        assert held.count(before) == 1, f"what the page changes in {path} is not there:\n{before}"
        (tree / path).write_text(held.replace(before, after))


def run(*arguments: str, tree: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, *arguments],
        cwd=tree,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
