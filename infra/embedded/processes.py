"""Server processes that end with the process that started them, whatever ends it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Literal

from infra.embedded.errors import EmbeddedServerError

Identity = Literal["self", "namespaced", "nobody"]

SHIM = Path(__file__).with_name("shim.py")
NOBODY = 65534
PATIENCE = 15.0
NOT_MAIN_THREAD = (
    "The embedded servers must be started from the main thread: the kernel stops them when the"
    " thread that started them ends."
)


def unprivileged_identity(harmless: list[str]) -> Identity:
    """Who may run a server that refuses root; `harmless` is a command to try it with."""
    if os.geteuid() != 0:
        return "self"
    return "namespaced" if run(harmless, identity="namespaced").returncode == 0 else "nobody"


def run(command: list[str], *, identity: Identity = "self") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        through_shim(command, identity=identity, death_signal=signal.SIGKILL),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def spawn(
    command: list[str], *, log: Path, death_signal: signal.Signals, identity: Identity = "self"
) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C reaches us first and the server when we say so."""
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedServerError(NOT_MAIN_THREAD)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own command
            through_shim(command, identity=identity, death_signal=death_signal),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def through_shim(
    command: list[str], *, identity: Identity, death_signal: signal.Signals
) -> list[str]:
    about = [identity, str(os.getpid()), str(int(death_signal))]
    return [sys.executable, "-I", "-S", str(SHIM), *about, *command]


def stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Ask, wait, and only then insist."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def command_of(pid: int) -> str:
    """The command line of a process, empty when there is no such process."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    listed = run(["/bin/ps", "-o", "command=", "-p", str(pid)])
    return listed.stdout.strip()
