"""The syncs as people use them, in a real browser, against processes that really run."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.secrets.file import FileSecretStore
from adapters.storage.practices import connections
from domain.connections import State
from domain.window import local_day
from infra.clock import system_clock
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from tests.browser.driving import drive
from tests.browser.office import KEY, ZONE, Office, office

pytestmark = [pytest.mark.browser, pytest.mark.integration]

FIRST_SYNC_SECONDS = 60


@pytest.fixture
def synced_office(browser_parts: Path, database_url: str, redis_url: str) -> Iterator[Office]:
    """One practice, whose first sync has been carried by a worker."""
    with office(database_url, redis_url) as made:
        tenant = made.control("GET", "tenants")["tenants"][0]["tenantId"]
        made.control("POST", f"tenants/{tenant}", {"access": "active"})
        _connect(made, str(tenant))
        done = "SELECT 1 FROM pms_sync_log WHERE status = 'success'"
        made.until_read(done, seconds=FIRST_SYNC_SECONDS)
        yield made


def _connect(made: Office, tenant: str) -> None:
    credentials = made.simulator.credentials
    secrets = {
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "app_id": credentials.app_id,
    }
    store = FileSecretStore(made.home, Sealer(Keyring.from_hex(KEY)))
    new = connections.NewConnection(
        account_id="default",
        vendor="gentu",
        site=tenant,
        timezone=ZONE,
        name="Corner Clinic",
        secret_ref=store.put("gentu-corner", secrets),
        settings={"map_all": True},
        telehealth_only=False,
        frequency_minutes=1440,
        state=State.ACTIVE,
    )
    with transaction(made.database, account_id="default") as db:
        connections.add(db, new)


def test_a_preview_is_read_approved_and_taken_back_and_a_range_is_read(
    synced_office: Office, tmp_path: Path
) -> None:
    today = local_day(system_clock(), ZONE)
    truth = synced_office.control("GET", "truth")["appointments"]
    for one in truth[:12]:
        synced_office.control("POST", f"appointments/{one['id']}", {"action": "delete"})
    moved = {"action": "reschedule", "minutes": 5}
    synced_office.control("POST", f"appointments/{truth[20]['id']}", moved)

    found = drive(
        "syncs",
        base=synced_office.base,
        token=synced_office.link(),
        shots=tmp_path,
        today=today.isoformat(),
        later=(today + timedelta(days=1)).isoformat(),
        yesterday=(today - timedelta(days=1)).isoformat(),
        before=(today - timedelta(days=9)).isoformat(),
    )

    assert (found["title"], found["badge"]) == ("Sync", "On time")
    assert found["first"].startswith("Whole")
    assert found["timeline"].startswith("1 run, ")
    assert found["tested"].startswith("Corner Clinic: ")
    assert found["paused"] == "Paused"
    assert "before it starts" in found["refused"]
    assert found["preview"].startswith("Preview of")
    assert [one.split()[:3] for one in found["groups"]] == [
        ["Would", "be", "removed"],
        ["Would", "be", "changed"],
    ]
    assert "→" in found["changed"]
    assert "more than a sync takes off without asking" in found["warned"]
    assert found["compared"] == "Done as previewed."
    assert "put back" in found["undone"]
    assert found["rows"][:2] == ["undone", "approved"]
    assert "read whole" in found["range"]
    assert (found["width"], found["panelWidth"]) == (390, 390)
    assert found["decided"][0] == "to decide"
    assert found["decided"][1].startswith("Discard\nThese days were synced since")
    assert found["trouble"] == []
    runs = synced_office.read("SELECT day_from, day_to FROM pms_sync_log")
    past = (today - timedelta(days=9), today - timedelta(days=8))
    assert [(one["day_from"], one["day_to"]) for one in runs].count(past) == 1
