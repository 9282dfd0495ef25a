"""R18: no process starts on a Redis that throws work away, nor in production without its keys.

One whose servers are away for the moment waits for them.
"""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.checks.ground import Ground, ground
from tests.checks.trials import tell
from tests.e2e.stack import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

COMMANDS = (("worker", "--pool", "sync"), ("scheduler",), ("ingress", "--port", "9"))
RESTART_ME = 75
Start = Callable[[tuple[str, ...], Mapping[str, str]], "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


@pytest.fixture
def started() -> Iterator[Start]:
    """Starts processes that are to refuse; one that does not ends with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(command: tuple[str, ...], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
        made = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "console.main", *command],
            cwd=ROOT,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(made)
        return made

    yield start
    for one in running:
        one.kill()
        one.communicate()


def refusal(process: "subprocess.Popen[str]") -> str:
    """What it said; one that is to be started again has not refused."""
    said, _ = process.communicate(timeout=120)
    assert process.returncode not in {0, RESTART_ME}
    return said


def test_who_starts_while_postgres_is_away_goes_on_once_it_is_back(place: Ground) -> None:
    """And is not ended and started anew, which takes an interpreter's start each time."""
    place.servers.kill_postgres(signal.SIGKILL)
    starting = place.scheduler()
    place.wait_for(lambda: b"start.waits" in starting.told(), seconds=60)

    place.servers.start_postgres()
    took = place.wait_for(lambda: b"scheduler.started" in starting.told(), seconds=60)

    tell("start", after_postgres_is_back_s=f"{took:.1f}")
    assert starting.starts == 1


def test_no_process_starts_on_a_redis_that_throws_work_away(place: Ground, started: Start) -> None:
    with place.redis() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")

    refusing = [started(command, place.environment()) for command in COMMANDS]

    for said in map(refusal, refusing):
        assert "set maxmemory-policy to noeviction" in said


def test_no_process_starts_in_production_with_the_keys_of_an_example(
    tmp_path: Path, started: Start
) -> None:
    """What else production refuses, value by value: `tests/infra/test_settings.py`."""
    environment = {
        "PYTHONPATH": str(ROOT),
        "PMS_SYNC_HOME": str(tmp_path),
        "PMS_SYNC_PROFILE": "production",
        "ENCRYPTION_KEY": "0" * 64,
        "JWT_SECRET": "secret",
    }

    said = refusal(started(("scheduler",), environment))

    assert "ENCRYPTION_KEY" in said
    assert "JWT_SECRET" in said
    assert list(tmp_path.iterdir()) == []
