"""The command run in this process against the tests' servers, and a simulated practice."""

import json
import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from console import main
from console.simulators import Running
from console.truth import Simulator


@dataclass(frozen=True)
class Outcome:
    """What a person, or a script, gets from one command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Outcome:
        self._capsys.readouterr()
        code = main.run(arguments)
        said = self._capsys.readouterr()
        return Outcome(code, said.out, said.err)

    def answer(self, *arguments: str) -> Any:
        """What a command answers as JSON; it must succeed."""
        outcome = self(*arguments, "--json")
        assert outcome.code == 0, outcome.err
        return outcome.json

    def complaint(self, *arguments: str) -> str:
        """The one sentence of a command that must fail."""
        outcome = self(*arguments)
        assert outcome.code != 0
        assert outcome.out == ""
        assert outcome.err.count("\n") == 1, outcome.err
        return outcome.err.strip()


@dataclass(frozen=True)
class Clinic:
    """A simulated practice and what connecting to it takes."""

    simulator: Simulator
    site: str
    options: tuple[str, ...]
    telehealth_types: tuple[str, ...]


@pytest.fixture
def shell(
    database_url: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shell]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("PMS_SYNC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")
    hooks = sys.excepthook, threading.excepthook
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Shell(capsys)
    structlog.reset_defaults()
    sys.excepthook, threading.excepthook = hooks
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="session")
def described() -> Iterator[Mapping[str, Any]]:
    options = ["--seed", "11", "--practitioners", "3", "--appointments", "20"]
    with Running("gentu", [*options, "--limit", "off"]) as said:
        yield said


@pytest.fixture
def clinic(described: Mapping[str, Any]) -> Clinic:
    simulator = Simulator(described["url"])
    site = described["tenants"][0]["tenantId"]
    credentials = simulator.credentials(site)
    options = [
        *("--base-url", described["base_url"]),
        *("--secret", f"client_id={credentials['client_id']}"),
        *("--secret", f"client_secret={credentials['client_secret']}"),
    ]
    telehealth = described["tenants"][0]["telehealth_type_ids"]
    return Clinic(simulator, site, tuple(options), tuple(telehealth))


@pytest.fixture
def connected(shell: Shell, clinic: Clinic) -> str:
    """The id of a connection with everyone mapped and every appointment let through."""
    everything = ["--map-all", "--all-appointments"]
    for one in clinic.telehealth_types:
        everything += ["--telehealth-type", one]
    added = shell.answer(
        "connections", "add", "gentu", "--site", clinic.site, *clinic.options, *everything
    )
    return str(added["id"])
