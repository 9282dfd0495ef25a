"""The command run in this process against the tests' servers, and a simulated practice."""

import json
import logging
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy import Row, create_engine, text

from console import running
from console.simulators import Running
from console.truth import Simulator
from tests.plain import NO_TLS


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
        code = running.run(arguments)
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
    sites: tuple[str, ...]
    options: tuple[str, ...]
    telehealth_types: tuple[str, ...]

    @property
    def site(self) -> str:
        return self.sites[0]

    def control(self, name: str, body: Mapping[str, Any]) -> Any:
        """Let something happen at the vendor."""
        answer = httpx.post(f"{self.simulator.url}/_sim/{name}", json=body, verify=NO_TLS)
        answer.raise_for_status()
        return answer.json()


def stored(url: str, statement: str) -> object:
    """The one value a statement answers, past row-level security."""
    engine = create_engine(url)
    with engine.begin() as db:
        found = db.execute(text(statement)).scalar_one()
    engine.dispose()
    return found


def audit_rows(url: str, action: str) -> Sequence[Row[Any]]:
    """The audit's rows of actions like this, oldest first."""
    engine = create_engine(url)
    with engine.begin() as db:
        rows = db.execute(
            text("SELECT * FROM pms_audit_logs WHERE action LIKE :action ORDER BY id"),
            {"action": action},
        ).all()
    engine.dispose()
    return rows


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
    """A practice shared by the tests, which leave it as it is."""
    return clinic_of(described)


@pytest.fixture
def own_clinic() -> Iterator[Clinic]:
    """A practice of this test alone, to which anything may happen, and another beside it."""
    options = ["--seed", "12", "--practitioners", "3", "--appointments", "20", "--tenants", "2"]
    with Running("gentu", [*options, "--limit", "off"]) as said:
        yield clinic_of(said)


@pytest.fixture
def quiet_clinic() -> Iterator[Clinic]:
    """A practice of this test alone, small enough to be looked through within the vendor's limit.

    Every sync of it, with a look at each of its appointments by id, fits into one minute's budget.
    """
    options = ["--seed", "12", "--practitioners", "2", "--appointments", "10"]
    with Running("gentu", [*options, "--limit", "off"]) as said:
        yield clinic_of(said)


def clinic_of(said: Mapping[str, Any]) -> Clinic:
    simulator = Simulator(said["url"])
    sites = tuple(str(one["tenantId"]) for one in said["tenants"])
    credentials = simulator.credentials(sites[0])
    options = [
        *("--base-url", said["base_url"]),
        *("--secret", f"client_id={credentials['client_id']}"),
        *("--secret", f"client_secret={credentials['client_secret']}"),
    ]
    telehealth = said["tenants"][0]["telehealth_type_ids"]
    return Clinic(simulator, sites, tuple(options), tuple(telehealth))


@pytest.fixture
def connected(shell: Shell, clinic: Clinic) -> str:
    """The id of a connection with everyone mapped and every appointment let through."""
    return connect(shell, clinic)


@pytest.fixture
def pairable(shell: Shell, own_clinic: Clinic) -> str:
    """The id of such a connection to the practice of this test, which may use pairing codes."""
    app_id = own_clinic.simulator.credentials(own_clinic.site)["app_id"]
    return connect(shell, own_clinic, "--set", f"app_id={app_id}")


def connect(shell: Shell, clinic: Clinic, *options: str) -> str:
    everything = ["--map-all", "--all-appointments"]
    for one in clinic.telehealth_types:
        everything += ["--telehealth-type", one]
    added = shell.answer(
        "connections", "add", "gentu", "--site", clinic.site, *clinic.options, *everything, *options
    )
    return str(added["id"])
