"""`pms-sync up` beside a command that has the embedded servers."""

import os
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
