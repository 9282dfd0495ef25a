"""What docs/setup.md tells to enter is enough, and its parts fit each other."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.secrets.choosing import secret_store
from console.commands import PLACES
from infra import supervisor
from infra.origins import address, is_among
from infra.sealing import Keyring, Sealer
from infra.settings import Settings, load, names

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "setup.md").read_text()
UNIT = dict(re.findall(r"^(\w+)=(.+)$", (DOCS / "deployment.md").read_text(), re.MULTILINE))
KEY = "0123456789abcdef" * 4
MADE: Mapping[str, str] = {"ENCRYPTION_KEY": KEY, "AUDIT_KEY": KEY, "JWT_SECRET": "invented-" * 5}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """The settings of the guide, on a machine that knows nothing else."""
    for name in list(os.environ):
        if name in names() or name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in re.findall(r"^([A-Z_]+)=(.+)$", GUIDE, re.MULTILINE):
        monkeypatch.setenv(name, MADE.get(name, value))
    return load()


def test_its_settings_are_enough_to_begin(told: Settings) -> None:
    assert told.is_production
    assert told.warnings == ()
    assert secret_store(told, Sealer(Keyring.from_hex(KEY))) is not None


def test_the_proxy_it_shows_is_one_that_is_trusted(told: Settings) -> None:
    [peer] = set(re.findall(r"proxy_pass http://([\d.]+):8000;", GUIDE))

    assert is_among(address(peer), told.trusted_proxies)


def test_the_ingress_listens_where_that_proxy_finds_it() -> None:
    assert "pms-sync ingress\n" in GUIDE


def test_the_unit_gives_everything_the_time_to_end_in_order() -> None:
    commands = [UNIT[one].rpartition("pms-sync ")[2] for one in ("ExecStartPre", "ExecStart")]
    # An index that could not be built keeps nothing from starting.
    assert UNIT["ExecStartPre"].startswith("-")

    assert commands == ["migrate", "up"]
    assert set(commands) <= PLACES.keys()
    # Else every process is told at once, the servers among them.
    assert UNIT["KillMode"] == "mixed"
    # An index takes as long as it takes to build.
    assert UNIT["TimeoutStartSec"] == "infinity"
    assert int(UNIT["TimeoutStopSec"]) > 2 * supervisor.GRACE_SECONDS
    assert (UNIT["Restart"], UNIT["StartLimitIntervalSec"]) == ("always", "0")
