"""A vendor played beside the demo, and what a person at the terminal is told of it."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from console.simulators import Running
from tests.console.conftest import Shell

ROOT = Path(__file__).parent.parent.parent
LAST_LINE = "Stop with Ctrl-C."


@dataclass(frozen=True)
class Played:
    process: subprocess.Popen[str]
    described: dict[str, Any]
    told: str

    def sites(self) -> set[str]:
        return {one["tenantId"] for one in self.described["tenants"]}


@contextmanager
def simulate(*options: str) -> Iterator[Played]:
    """In a process of its own, with a person looking at its standard error."""
    screen, terminal = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "console.main", "simulate", "gentu", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    )
    os.close(terminal)
    assert process.stdout is not None
    try:
        described = json.loads(process.stdout.readline())
        yield Played(process, described, _until(screen, LAST_LINE))
    finally:
        os.close(screen)
        process.kill()
        process.communicate()


def test_a_person_is_told_what_to_type() -> None:
    with simulate("--tenants", "2", "--seed", "21") as played:
        told, sites = played.told, played.sites()

    assert len(sites) == 2
    assert all(site in told for site in sites)
    assert played.described["base_url"] in told
    assert re.search(r"client_id +client-\w+", told)
    assert re.search(r"client_secret +secret-\S+", told)
    assert re.search(r"app_id +\S+", told)
    assert len(re.findall(r"Pairing code +[A-Z0-9]{8}\b", told)) == 2
    assert "pairing-code?tenant=" in told


def test_it_plays_the_days_asked_for_and_other_practices_than_the_demo() -> None:
    with simulate("--days", "-1..+7") as played, Running("gentu", ()) as of_the_demo:
        assert len(played.described["tenants"][0]["days"]) == 9
        assert not played.sites() & {one["tenantId"] for one in of_the_demo["tenants"]}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_told(number: signal.Signals) -> None:
    with simulate() as played:
        played.process.send_signal(number)

        assert played.process.wait(timeout=30) == 0


@pytest.mark.parametrize("vendor", ["gentu", "medirecords", "halaxy", "sikka"])
def test_another_seed_plays_other_practices(vendor: str) -> None:
    with Running(vendor, ["--seed", "21"]) as one, Running(vendor, ["--seed", "22"]) as other:
        first, second = (
            {tenant["tenantId"] for tenant in said["tenants"]} for said in (one, other)
        )

    assert not first & second


def test_days_that_are_none_are_refused_in_our_words(shell: Shell) -> None:
    assert "write such as today,+1 or -1..+7" in shell.complaint("simulate", "gentu", "--days=soon")


def _until(screen: int, line: str) -> str:
    """What appears on the screen, up to that line."""
    shown = ""
    while line not in shown:
        shown += os.read(screen, 4096).decode()
    return shown
