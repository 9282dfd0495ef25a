"""The servers end with the process that started them, and two processes share one pair."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.embedded import EmbeddedServerError, own, sharing, start, valkey_binary
from infra.embedded.locks import held
from infra.embedded.processes import command_of, spawn, through_shim

pytestmark = pytest.mark.integration
Process = subprocess.Popen[str]
ROOT = Path(__file__).parents[2]
OWNER = """
import os, sys
from pathlib import Path
from infra.embedded import start

servers = start(Path(sys.argv[1]), durable=False)
print(os.geteuid(), "started" if servers.started else "joined", flush=True)
sys.stdin.read()
servers.close()
"""

BRIEF = OWNER.replace("durable=False", "durable=False, brief=lambda: None")

FORK = """
if child := os.fork():
    os.waitpid(child, 0)
    print("child", "closed", flush=True)
    sys.stdin.read()
"""


@contextmanager
def owner(home: Path, *, script: str = OWNER, shim: bool = False) -> Iterator[Process]:
    command = [sys.executable, "-c", script, str(home)]
    if shim:
        command = through_shim(command, identity="namespaced", death_signal=signal.SIGKILL)
    with subprocess.Popen(  # noqa: S603 - our own script
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def says(process: Process) -> list[str]:
    assert process.stdout
    return process.stdout.readline().split()


def finish(process: Process) -> int:
    assert process.stdin
    process.stdin.close()
    return process.wait(30)


def server_processes(home: Path) -> list[str]:
    """The command lines that name a folder in the home: both servers', but not their children's."""
    return [line for line in map(command_of, all_pids()) if f"{home}/" in line]


def all_pids() -> list[int]:
    if Path("/proc/self").exists():
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    listed = subprocess.run(["/bin/ps", "-axo", "pid="], capture_output=True, text=True, check=True)
    return [int(pid) for pid in listed.stdout.split()]


def until_gone(home: Path, *, seconds: float) -> list[str]:
    deadline = time.monotonic() + seconds
    while (left := server_processes(home)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def test_no_server_outlives_a_killed_owner(used_home: Path) -> None:
    with owner(used_home) as process:
        assert says(process)[1] == "started"
        assert len(server_processes(used_home)) == 2
        process.kill()
        process.wait()
    if sys.platform == "linux":
        # Elsewhere nothing tells a child of its parent's end, and the next owner stops it.
        assert until_gone(used_home, seconds=2) == []

    start(used_home, durable=False).close()

    assert server_processes(used_home) == []


def test_the_next_owner_takes_over_from_a_killed_one_at_once(used_home: Path) -> None:
    with owner(used_home) as process:
        says(process)
        process.kill()
        process.wait()

    with start(used_home, durable=False) as servers:
        assert servers.started


def test_a_server_left_over_by_a_dead_owner_is_stopped_first(used_home: Path) -> None:
    (used_home / "valkey").mkdir()
    options = {"port": "0", "dir": used_home / "valkey", "pidfile": used_home / "valkey.pid"}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [str(valkey_binary()), "--set-proc-title", "no", "--unixsocket", "v.sock", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as orphan:  # noqa: S603 - our own command
        assert orphan.stdout and any(b"Ready to accept" in line for line in orphan.stdout)

        with start(used_home, durable=False) as servers:
            assert servers.started
            assert orphan.wait(5) == 0


def test_an_owner_that_just_exits_leaves_no_server(used_home: Path) -> None:
    script = OWNER.replace("sys.stdin.read()\nservers.close()", "")
    with owner(used_home, script=script) as process:
        assert process.wait(30) == 0

    assert until_gone(used_home, seconds=2) == []


def test_two_that_start_at_once_share_one_pair_of_servers(used_home: Path) -> None:
    with owner(used_home) as one, owner(used_home) as two:
        roles = {process: says(process)[1] for process in (one, two)}
        assert sorted(roles.values()) == ["joined", "started"]
        assert len(server_processes(used_home)) == 2

        joined, started = sorted(roles, key=lambda process: roles[process])
        assert finish(joined) == 0
        assert len(server_processes(used_home)) == 2
        assert finish(started) == 0

    assert server_processes(used_home) == []


def test_a_command_lets_another_end_that_takes_the_servers_along(used_home: Path) -> None:
    told: list[int] = []
    with owner(used_home, script=BRIEF) as process:
        assert says(process)[1] == "started"

        with start(used_home, brief=lambda: told.append(finish(process))) as servers:
            assert told == [0]
            assert servers.started


def test_one_that_stays_is_joined_at_once(used_home: Path) -> None:
    told: list[int] = []
    with owner(used_home) as process:
        assert says(process)[1] == "started"

        with start(used_home, brief=lambda: told.append(1)) as servers:
            assert servers.started is None

    assert told == []


def test_a_command_that_takes_long_is_joined_after_a_while(used_home: Path) -> None:
    told: list[int] = []
    with owner(used_home, script=BRIEF) as process:
        assert says(process)[1] == "started"

        sharing.let_end(used_home.resolve(), patience=0.2, told=lambda: told.append(1))

        assert told == [1]
        with start(used_home) as servers:
            assert servers.started is None


def test_one_that_does_not_get_its_turn_says_so(tmp_path: Path) -> None:
    lock = tmp_path / "starting.lock"

    with (
        held(lock, patience=1),
        pytest.raises(EmbeddedServerError, match="does not finish: wait for it to end or stop it"),
        held(lock, patience=0.1),
    ):
        raise AssertionError("two have their turn at once")


def test_one_that_will_keep_them_does_not_join_but_waits_for_the_other_to_end(
    used_home: Path,
) -> None:
    with owner(used_home) as process:
        assert says(process)[1] == "started"
        with start(used_home) as joined:
            assert joined.started is None

        with own(used_home, wait=lambda: finish(process)) as servers:
            assert process.returncode == 0
            assert servers.started
            assert len(server_processes(used_home)) == 2


def test_someone_who_is_not_root_starts_them_too(tmp_path: Path) -> None:
    with owner(tmp_path, shim=os.geteuid() == 0) as process:
        user, role = says(process)
        assert user != "0" and role == "started"
        assert finish(process) == 0


def test_a_forked_child_does_not_stop_its_parents_servers(used_home: Path) -> None:
    script = OWNER.replace("sys.stdin.read()", FORK)
    with owner(used_home, script=script) as process:
        assert says(process)[1] == "started"
        assert says(process) == ["child", "closed"]
        with start(used_home) as joined:
            assert joined.started is None
        assert finish(process) == 0


def test_another_thread_is_told_why_it_may_not_start_them(tmp_path: Path) -> None:
    errors: list[str] = []

    def try_it() -> None:
        with pytest.raises(EmbeddedServerError) as caught:
            spawn(["true"], log=tmp_path / "log", death_signal=signal.SIGTERM)
        errors.append(str(caught.value))

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()

    assert "main thread" in errors[0]
