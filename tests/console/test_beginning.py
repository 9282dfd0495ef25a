"""The command as a shell starts it: told to stop early, with nowhere to write, in other letters."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.stack import ROOT

pytestmark = pytest.mark.integration

FULL = Path("/dev/full")
SLOW = "import time; time.sleep(60)\n"
"""In the place of a library: whoever loads it is still about to begin."""


def started(*arguments: str, also: Mapping[str, str], **given: object) -> subprocess.Popen[str]:
    """As from a prompt: what a shell puts into the background ignores Ctrl-C, and so would it."""
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _begun(*arguments, also=also, **given)
    finally:
        signal.signal(signal.SIGINT, ours)


def _begun(*arguments: str, also: Mapping[str, str], **given: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return] # noqa: S603 - our own command
        [sys.executable, "-m", "console.main", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **also},
        stdout=given.get("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_whoever_stops_it_while_it_loads_sees_no_traceback(
    tmp_path: Path, told: signal.Signals
) -> None:
    (tmp_path / "typer.py").write_text(f"open({str(tmp_path / 'loads')!r}, 'w').close()\n{SLOW}")
    with started("vendors", also={"PYTHONPATH": str(tmp_path)}) as command:
        ends = time.monotonic() + 60
        while not (tmp_path / "loads").exists():
            assert time.monotonic() < ends
            time.sleep(0.02)

        command.send_signal(told)
        out, err = command.communicate(timeout=30)

    assert (command.returncode, out, err) == (130, "", "")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_full_disk_is_told_as_one(tmp_path: Path, form: list[str]) -> None:
    with FULL.open("w") as full:
        told = {"PMS_SYNC_HOME": str(tmp_path)}
        with started("vendors", *form, also=told, stdout=full) as command:
            _, err = command.communicate(timeout=60)

    assert command.returncode == 1
    assert err == "There is no room left on the disk that is written to; make some.\n"


def test_a_terminal_that_lacks_a_letter_is_shown_the_rest(tmp_path: Path) -> None:
    told = {"PMS_SYNC_HOME": str(tmp_path), "PYTHONIOENCODING": "ascii"}
    with started("connections", "set", "--help", also=told) as command:
        out, err = command.communicate(timeout=60)

    assert (command.returncode, err) == (0, "")
    assert "connections set" in out


@pytest.mark.parametrize(
    ("words", "closed", "code"),
    [
        ("vendors", ">&-", 0),
        ("vendors --json", ">&-", 0),
        ("vendors --jsno", "2>&-", 2),
        ("vendors --json", ">&- 2>&-", 0),
    ],
)
def test_who_closed_what_it_says_is_told_nothing_and_fails_nothing(
    tmp_path: Path, words: str, closed: str, code: int
) -> None:
    ended = subprocess.run(  # noqa: S602 - the shell is what closes it
        f"exec {sys.executable} -m console.main {words} {closed}",
        shell=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PMS_SYNC_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")
    assert not (tmp_path / "logs").exists()
