"""Values that were once published by mistake, and this machine's own paths, are in no file."""

import re
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from tests.security.tokens import Search

ROOT = Path(__file__).parents[2]
LEAKED = Path(__file__).with_name("leaked-values.sha256")
INVENTED = "sk_Inv3nted-v4lue.of/a+key"
LARGEST = 2_000_000
HOMES = re.compile(r"/roo[t]/|/Use[r]s/\w|/hom[e]/(?!nonroot\b|app\b)\w|[A-Z]:\\Use[r]s\\")


def refused() -> list[str]:
    lines = LEAKED.read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def git(*arguments: str) -> str:
    """What git says, or nothing where the sources came without their history."""
    finished = subprocess.run(  # noqa: S603 - our own arguments
        ["git", "-C", str(ROOT), *arguments],  # noqa: S607 - whichever git is there
        capture_output=True,
        check=False,
    )
    return finished.stdout.decode(errors="replace") if finished.returncode == 0 else ""


@cache
def tracked() -> list[Path]:
    """The files under version control; of an unpacked release, all but what was installed."""
    named = git("ls-files", "-z")
    paths = [ROOT / name for name in named.split("\0") if name]
    if not paths:
        hidden = {".venv", ".local", "node_modules", "__pycache__"}
        paths = [path for path in ROOT.rglob("*") if not hidden & set(path.parts)]
    return [path for path in paths if path.is_file() and path.stat().st_size < LARGEST]


@cache
def text_of(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def test_the_list_holds_hashes_and_nothing_else() -> None:
    hashes = refused()

    assert hashes
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in hashes)


def test_no_file_holds_a_leaked_value() -> None:
    search = Search(refused())

    found = [path.relative_to(ROOT) for path in tracked() if search.finds(text_of(path))]

    assert found == []
    assert len(tracked()) > 100


def test_no_change_ever_added_a_leaked_value() -> None:
    search = Search(refused())
    log = git("log", "--all", "--patch", "--unified=0", "--no-color", "--no-ext-diff")

    commits = [
        part.partition("\n")[0]
        for part in re.split(r"^commit ", log, flags=re.MULTILINE)
        if search.finds(added(part))
    ]

    assert commits == []


def added(commit: str) -> str:
    """Its message and the lines it added."""
    lines = commit.splitlines()
    return "\n".join(line[1:] for line in lines if line.startswith(("+", " ")))


@pytest.mark.parametrize(
    "line",
    [
        "{0}",
        "  key = '{0}'",
        'headers={{"X-Key": "{0}"}}',
        "KEY={0}",
        "export KEY={0};",
        "https://user:{0}@example.com/path?x=1",
        "https://example.com/?key={0}&x=1",
        "Authorization: Bearer {0}",
        "- {0}, and more.",
        "a,{0},b",
        "({0})",
        "<key>{0}</key>",
        "pre.{0}.post",
        "{0}==",
    ],
)
def test_a_value_is_found_wherever_it_hides(line: str) -> None:
    search = Search([sha256(INVENTED.encode()).hexdigest()])

    assert not search.finds(line.format("something-else"))
    assert search.finds(line.format(INVENTED))


@pytest.mark.parametrize("value", ["c2VjcmV0IQ==", "plainword", "with space", "a:b:c", "q-w_e.r"])
def test_a_value_of_any_shape_is_found(value: str) -> None:
    search = Search([sha256(value.encode()).hexdigest()])

    assert search.finds(f'key = "{value}"  # comment')


def test_no_file_names_a_directory_of_the_machine_it_was_written_on() -> None:
    own = re.compile("|".join(re.escape(str(path)) + r"\b" for path in (ROOT, Path.home())))

    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if HOMES.search(line) or (len(ROOT.parts) > 2 and own.search(line))
    ]

    assert found == []
