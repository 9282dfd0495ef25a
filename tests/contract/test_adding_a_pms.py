"""`docs/adding-a-pms.md` followed to the letter, for an invented PMS nobody has heard of."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text

from console.truth import Simulator, differences
from tests.contract.following import ROOT, commands, copied, files, page, run, write

PAGE = page("adding-a-pms.md")
WRITTEN = {
    "adapters/pms/examplepms.py",
    "tests/fixtures/pms/examplepms.json",
    "tests/pms/test_examplepms.py",
    "simulators/examplepms/__main__.py",
}
MOST_LINES = 120
PLAYED = """
import json, sys
from adapters import pms
from console import introducing, practices
from console.truth import Simulator
from console.wiring import wired
said = json.loads(sys.argv[1])
introducing.introduce(pms.vendor("examplepms"), said)
print(Simulator(said["url"]).credentials(said["tenants"][0]["tenantId"])["api_key"])
with wired() as wiring:
    print(practices.told(wiring, "examplepms", said))
"""


def contents(tree: Path) -> dict[str, bytes]:
    """All but what running it leaves behind."""
    left = {"__pycache__", ".local"}
    found = (one for one in tree.rglob("*") if one.is_file() and left.isdisjoint(one.parts))
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the files of the page written into it."""
    tree = copied(tmp_path_factory.mktemp("repository"))
    write(tree, PAGE)
    return tree


def test_the_page_costs_one_file_one_fixture_one_test_and_one_simulator(
    tmp_path: Path, followed: Path
) -> None:
    """And edits nothing: beside those four, and an empty one, everything is as it was."""
    written = contents(followed)

    assert files(PAGE).keys() == WRITTEN
    assert not [path for path in WRITTEN if (ROOT / path).exists()]
    beside = {"simulators/examplepms/__init__.py"}
    assert {path for path in written if not (ROOT / path).exists()} == WRITTEN | beside
    assert not [path for path in written.keys() - WRITTEN - beside if _differs(path, written)]


def _differs(path: str, written: Mapping[str, bytes]) -> bool:
    return (ROOT / path).read_bytes() != written[path]


def test_the_description_is_short() -> None:
    assert files(PAGE)["adapters/pms/examplepms.py"].count("\n") <= MOST_LINES


def test_what_the_page_shows_is_as_clean_as_everything_else(followed: Path) -> None:
    ours = sorted(path for path in WRITTEN if path.endswith(".py"))

    assert run("-m", "ruff", "check", *ours, tree=followed).stdout == "All checks passed!\n"
    formatted = run("-m", "ruff", "format", "--check", *ours, tree=followed)
    assert formatted.returncode == 0, formatted.stdout


def test_every_check_of_the_contract_holds_for_it(followed: Path) -> None:
    (checks,) = [command for command in commands(PAGE) if command[0] == "python"]

    outcome = run(*checks[1:], "-q", "-p", "no:cacheprovider", tree=followed)

    assert outcome.returncode == 0, outcome.stdout[-3000:]
    listed = run(*checks[1:], "-q", "--collect-only", "-p", "no:cacheprovider", tree=followed)
    # One check more: practices at Halaxy say what its words for a status mean.
    of_halaxy, of_this = (listed.stdout.count(f"[{name}") for name in ("halaxy", "examplepms"))
    assert of_this == of_halaxy - 1 > 10


def test_the_command_line_and_the_wizard_offer_it(followed: Path) -> None:
    told = run("-m", "console.main", "vendors", "--json", tree=followed)
    choices = "print(*[one.name for one in connecting.choices(lambda name: frozenset())])"
    offered = run("-c", f"from producers.pages import connecting; {choices}", tree=followed)

    (ours,) = [one for one in json.loads(told.stdout)["vendors"] if one["name"] == "examplepms"]
    assert ours["capabilities"]["limits"] == "120 a minute for each practice (documented)"
    assert "examplepms" in offered.stdout.split(), offered.stderr


def test_a_package_of_ones_own_may_describe_it_too(tmp_path: Path) -> None:
    """Installed beside pms-sync, as far as Python can tell; nothing of ours is written to."""
    package = tmp_path / "their_package"
    package.mkdir()
    (package / "examplepms.py").write_text(files(PAGE)["adapters/pms/examplepms.py"])
    (package / "examplepms.json").write_text(files(PAGE)["tests/fixtures/pms/examplepms.json"])
    installed = tmp_path / "their_package-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: their-package\nVersion: 1\n")
    (points,) = re.findall(r'^\[project\.entry-points\."(.+)"\]$', PAGE, re.MULTILINE)
    (named,) = re.findall(r'^examplepms = "(.+)"$', PAGE, re.MULTILINE)
    (installed / "entry_points.txt").write_text(f"[{points}]\nexamplepms = {named}\n")

    told = run("-m", "console.main", "vendors", "--json", tree=ROOT, PYTHONPATH=str(tmp_path))
    every = [f"tests/contract/test_every_pms{of}.py" for of in ("", "_asks", "_tells")]
    checks = ["-m", "pytest", *every, "-k", "examplepms"]
    outcome = run(*checks, "-q", "-p", "no:cacheprovider", tree=ROOT, PYTHONPATH=str(tmp_path))

    assert "Example PMS" in [one["title"] for one in json.loads(told.stdout)["vendors"]]
    assert outcome.returncode == 0, outcome.stdout[-3000:]


@contextmanager
def played(command: list[str], tree: Path) -> Iterator[Mapping[str, Any]]:
    """The simulator, started the way the page does but on a port that is free."""
    port = command.index("--port") + 1
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "console.main", *command[1:port], "0", *command[port + 1 :]],
        cwd=tree,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield json.loads(process.stdout.readline() if process.stdout else "{}")
    finally:
        process.terminate()
        process.communicate()


@pytest.mark.integration
def test_its_practice_is_connected_and_synced_and_the_sheet_equals_the_truth(
    followed: Path, tmp_path: Path, database_url: str, redis_url: str
) -> None:
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    simulate, *others = [command for command in commands(PAGE) if command[0] == "pms-sync"]

    with played(simulate, followed) as said:
        simulator, site = Simulator(said["url"]), said["tenants"][0]["tenantId"]
        key = simulator.credentials(site)["api_key"]
        given = {"SITE": site, "KEY": key, "http://127.0.0.1:9100": said["url"]}
        answers = {}
        for command in others:
            words = [_filled(word, given) for word in command[1:]]
            home = {"PMS_SYNC_HOME": str(tmp_path / "home"), **servers}
            outcome = run("-m", "console.main", *words, "--json", tree=followed, **home)
            assert outcome.returncode == 0, outcome.stderr
            answers[words[0]] = json.loads(outcome.stdout)
            given["ID"] = answers["connections"]["id"]
        truth, violations = simulator.truth(site), simulator.violations()

    today = datetime.now(ZoneInfo(truth["timezone"])).date()
    rows = answers["run-sheet"]["appointments"]
    assert answers["sync"]["status"] == "success"
    assert len(rows) > 50 and any(row["is_telehealth"] for row in rows)
    assert differences(truth, rows, first=today, last=today) == []
    assert violations == 0
    assert _buckets(database_url) == {"examplepms/default"}


@pytest.mark.integration
def test_it_is_introduced_at_a_terminal_and_played_with_the_others(
    followed: Path, tmp_path: Path, database_url: str, redis_url: str
) -> None:
    """The demo and `simulate practices` play every PMS that has a simulator."""
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    (simulate,) = [command for command in commands(PAGE) if command[1] == "simulate"]

    with played(simulate, followed) as said:
        given = {"PMS_SYNC_HOME": str(tmp_path / "home"), **servers}
        told = run("-c", PLAYED, json.dumps(said), tree=followed, **given)

    assert "connected as Example Clinic" in told.stdout, told.stderr
    assert f"api_key            {told.stdout.split()[0]}" in told.stderr


def _filled(word: str, given: Mapping[str, str]) -> str:
    for name, value in given.items():
        word = re.sub(rf"(?<![A-Z_]){re.escape(name)}(?![A-Z_])", value, word)
    return word


def _buckets(database_url: str) -> set[str]:
    """What its requests were paid from: an allowance of its own on the shared clock."""
    engine = create_engine(database_url)
    with engine.begin() as db:
        found = db.execute(text("SELECT DISTINCT bucket FROM vendor_requests")).scalars().all()
    engine.dispose()
    return {bucket.rpartition("/")[0] for bucket in found}
