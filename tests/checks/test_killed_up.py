"""`pms-sync up` is killed in mid-sync, servers and all: nothing outlives it, the next goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from console.simulators import Running
from console.truth import Simulator, differences
from tests.checks.trials import spread, tell, trials
from tests.console.conftest import clinic_of
from tests.e2e.stack import ROOT, TooLateError, free_port
from tests.plain import NO_TLS

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

TIMES = trials(1, 10)
ZONE = ZoneInfo("Australia/Melbourne")
LOOK = 0.1
CHANGES = 20
PAGES = 3
"""Asked for by then, of a listing for each of eight practitioners: the sync is in its middle."""


@dataclass
class House:
    """One machine's whole product in a folder of its own, and the practice it syncs."""

    home: Path
    simulator: Simulator
    site: str

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "console.main", *arguments, "--json"]

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PMS_SYNC_HOME": str(self.home)}

    def __call__(self, *arguments: str) -> Any:
        """What a command answers, which must succeed."""
        done = subprocess.run(  # noqa: S603 - our own command
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[bytes]]:
        """Once it has begun everything."""
        command = self.command("up", "--port", str(free_port()))
        with subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, env=self.environment(), stdout=subprocess.PIPE
        ) as running:
            try:
                assert running.stdout is not None
                assert b"url" in running.stdout.readline()
                yield running
            finally:
                running.kill()

    def left(self) -> list[int]:
        """Processes that were told of this home or work in it; Postgres's tell only the latter."""
        told = f"PMS_SYNC_HOME={self.home}\0".encode()
        return [
            pid
            for pid in _pids()
            if told in _read(Path(f"/proc/{pid}/environ")) or _folder(pid).is_relative_to(self.home)
        ]

    def pages_asked(self) -> int:
        answer = httpx.get(f"{self.simulator.url}/_sim/requests", verify=NO_TLS).raise_for_status()
        return sum("appointments" in one["path"] for one in answer.json()["requests"])

    def runs(self, connection: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self("runs", "list", "--connection", connection)["runs"]
        return found


def _pids() -> list[int]:
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _folder(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return Path("/")


def wait_for(what: Callable[[], bool], *, seconds: float) -> float:
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > seconds:
            raise TooLateError(f"not within {seconds} s")
        time.sleep(LOOK)
    return time.monotonic() - began


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[House, str]]:
    """With a practice of eight practitioners that answers slowly enough to be interrupted."""
    options = ["--seed", "31", "--practitioners", "8", "--appointments", "80", "--limit", "off"]
    with Running("gentu", [*options, "--latency-ms", "400"]) as said:
        simulator, site = Simulator(said["url"]), str(said["tenants"][0]["tenantId"])
        made = House(tmp_path / "home", simulator, site)
        made.home.mkdir()
        everything = ["--map-all", "--all-appointments", *clinic_of(said).options]
        for one in said["tenants"][0]["telehealth_type_ids"]:
            everything += ["--telehealth-type", one]
        added = made("connections", "add", "gentu", "--site", site, *everything)
        yield made, str(added["id"])


if sys.platform == "linux":  # where the kernel tells a child that its parent has died

    def test_a_sync_killed_with_everything_is_read_to_its_end_by_the_next(
        house: tuple[House, str],
    ) -> None:
        place, connection = house
        gone, whole = [], []
        for _ in range(TIMES):
            for _ in range(CHANGES):
                place.simulator.change_something(place.site)
            place("connections", "pause", connection)
            place("connections", "resume", connection)
            gone.append(killed_in_mid_sync(place))
            asked = place.pages_asked()
            with place.up():
                whole.append(wait_for(lambda: is_read(place, connection), seconds=120))
                rows = place("run-sheet", "--connection", connection)["appointments"]
            assert place.pages_asked() > asked
            truth = place.simulator.truth(place.site)
            today = datetime.now(ZONE).date()
            assert differences(truth, rows, first=today, last=today) == []
            wait_for(lambda: not place.left(), seconds=90)

        tell("up killed", times=TIMES, all_gone=spread(gone), read_to_the_end_after=spread(whole))


def killed_in_mid_sync(house: House) -> float:
    """Answers how long it took until nothing of it was left."""
    before = house.pages_asked()
    with house.up() as running:
        wait_for(lambda: house.pages_asked() >= before + PAGES, seconds=60)
        running.send_signal(signal.SIGKILL)
        return wait_for(lambda: not house.left(), seconds=90)


def is_read(house: House, connection: str) -> bool:
    runs = house.runs(connection)
    return bool(runs) and all(one["status"] == "success" for one in runs)
