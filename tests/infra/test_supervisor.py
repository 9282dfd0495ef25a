"""Children that die come back, and none is left when the supervisor ends, however it ends."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from infra.supervisor import Child, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
""",
]
TALKER = [
    sys.executable,
    "-c",
    """
import os, sys, time
print("line\\n" * 6000, flush=True)
while os.stat(sys.argv[1]).st_size:
    time.sleep(0.01)
print("later", flush=True)
time.sleep(60)
""",
]
KILLED_PARENT = """
import sys, time
from pathlib import Path
from infra.supervisor import Child, Supervisor
with Supervisor(Path(sys.argv[1])) as supervisor:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    supervisor.add(Child(name="sleeper", command=command))
    while not supervisor.pids():
        time.sleep(0.05)
    print("pid", supervisor.pids()["sleeper"], flush=True)
    time.sleep(60)
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "logs", grace_seconds=1.0) as running:
        yield running


def eventually(holds: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_killed_child_is_started_again(supervisor: Supervisor) -> None:
    supervisor.add(Child(name="sleeper", command=SLEEPER))
    assert eventually(lambda: bool(supervisor.pids()))
    first = supervisor.pids()["sleeper"]

    os.kill(first, signal.SIGKILL)

    assert eventually(lambda: supervisor.pids().get("sleeper", first) != first, seconds=1.5)


def test_a_child_that_cannot_be_started_is_tried_again_and_the_others_go_on(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        supervisor.add(Child(name=name, command=SLEEPER))
    assert eventually(lambda: len(supervisor.pids()) == 2)
    killed = supervisor.pids()["one"]
    real, refused = subprocess.Popen, Event()

    def out_of_processes_once(*given: Any, **named: Any) -> Any:
        if not refused.is_set():
            refused.set()
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return real(*given, **named)

    monkeypatch.setattr(subprocess, "Popen", out_of_processes_once)
    os.kill(killed, signal.SIGKILL)

    assert eventually(lambda: supervisor.pids().get("one", killed) != killed)
    assert refused.is_set()
    assert set(supervisor.pids()) == {"one", "two"}


def test_stopping_ends_every_child(supervisor: Supervisor) -> None:
    for name in ("one", "two"):
        supervisor.add(Child(name=name, command=SLEEPER))
    assert eventually(lambda: len(supervisor.pids()) == 2)
    pids = list(supervisor.pids().values())

    supervisor.stop()

    assert not any(is_alive(pid) for pid in pids)


def test_a_child_that_does_not_listen_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(Child(name="stubborn", command=STUBBORN))
    log = tmp_path / "logs" / "stubborn.log"
    assert eventually(lambda: log.exists() and "ready" in log.read_text())
    pid = supervisor.pids()["stubborn"]

    supervisor.stop()

    assert not is_alive(pid)


def test_a_child_is_told_what_was_laid_over_the_environment(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", "import os; print(os.environ['TOLD'], flush=True)"]
    supervisor.add(Child(name="told", command=command, environment={"TOLD": "so it is"}))

    log = tmp_path / "logs" / "told.log"
    assert eventually(lambda: log.exists() and "so it is" in log.read_text())


def test_the_log_of_a_child_is_kept_within_bounds_while_it_goes_on_writing(tmp_path: Path) -> None:
    log, older = tmp_path / "talker.log", tmp_path / "talker.log.1"
    with Supervisor(tmp_path, grace_seconds=1.0, longest_log=20_000) as running:
        running.add(Child(name="talker", command=[*TALKER, str(log)]))

        assert eventually(lambda: log.exists() and log.read_text() == "later\n")
        assert older.read_text().count("line") == 6000


def test_a_log_that_cannot_be_kept_goes_rather_than_fill_the_disk(tmp_path: Path) -> None:
    log = tmp_path / "talker.log"
    log.write_text("line\n" * 100)
    (tmp_path / "talker.log.1").mkdir()
    with Supervisor(tmp_path, grace_seconds=1.0, longest_log=100) as running:
        running.add(Child(name="talker", command=SLEEPER))

        assert eventually(lambda: log.stat().st_size == 0)


if sys.platform == "linux":  # where the kernel tells a child that its parent has died

    def test_killing_the_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
        command = [sys.executable, "-c", KILLED_PARENT, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603 - ours
            assert parent.stdout is not None
            told = next((line for line in parent.stdout if line.startswith("pid ")), "pid 0")
            child = int(told.removeprefix("pid "))

            parent.kill()

        assert child
        assert eventually(lambda: not is_alive(child))
