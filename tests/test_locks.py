"""The locks install the same files everywhere and name no host, no index and no folder."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements.image.lock", "bootstrap.lock")
PLACES = re.compile(
    r"://|--(extra-)?index|--find-links|--trusted-host|^-|\s@\s|file:", re.MULTILINE
)
REQUIREMENT = re.compile(
    r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+( ; .+)?( --hash=sha256:[0-9a-f]{64})+"
)


def requirements(name: str) -> list[str]:
    """One line each, as pip reads them."""
    text = (ROOT / name).read_text().replace("\\\n", "")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def hosts_in(tree: object) -> list[object]:
    """Every `resolved` of an npm lock."""
    if not isinstance(tree, dict):
        return []
    below = [host for branch in tree.values() for host in hosts_in(branch)]
    return [tree["resolved"], *below] if "resolved" in tree else below


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_a_place(name: str) -> None:
    assert PLACES.findall((ROOT / name).read_text()) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    found = requirements(name)

    assert found
    assert [line for line in found if not REQUIREMENT.fullmatch(line)] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_lock_says_how_it_was_made(name: str) -> None:
    assert "#    make lock\n" in (ROOT / name).read_text()


def test_everything_the_project_asks_for_is_locked() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [asked["project"]["dependencies"], *asked["dependency-groups"].values()]
    names = {re.split(r"[^a-z0-9-]", line)[0] for group in groups for line in group}
    locked = {re.split(r"[^a-z0-9-]", line)[0] for line in requirements("requirements.lock")}

    assert names - locked == set()


def test_no_npm_lock_names_a_host() -> None:
    found = ROOT.glob("tests/browser/**/package-lock.json")
    locks = [path for path in found if "node_modules" not in path.parts]

    assert [hosts_in(json.loads(path.read_text())) for path in locks] == [[] for _ in locks]
