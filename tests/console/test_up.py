"""`pms-sync up` beside a command that has the embedded servers."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra import embedded
from tests.e2e.stack import ROOT, free_port

pytestmark = pytest.mark.integration


def test_it_waits_for_the_command_that_has_them_and_stops_when_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "console.main", "up", "--port", str(free_port())]
    environment = {"PATH": os.environ["PATH"], "PMS_SYNC_HOME": str(tmp_path)}
    with (
        embedded.start(tmp_path, durable=False),
        subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
        ) as waiting,
    ):
        assert waiting.stderr is not None
        assert "waiting for it to end" in waiting.stderr.readline()

        waiting.terminate()

        assert waiting.wait(30) == 0
        assert waiting.stderr.read() == ""


def test_it_names_no_pages_of_somebody_elses_and_shows_nobody_what_it_writes(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "console.main", "up", "--port"]
        ended = subprocess.run(  # noqa: S603 - our own command
            [*command, str(taken.getsockname()[1])],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PMS_SYNC_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "(Address already in use); choose another --port" in ended.stderr
    assert [one for one in tmp_path.rglob("*") if one.stat().st_mode & 0o077] == []
