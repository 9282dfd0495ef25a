"""A practice is connected by hand in a real browser, against processes that really run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.browser.driving import drive
from tests.browser.office import Office, office

pytestmark = [pytest.mark.browser, pytest.mark.integration]


@pytest.fixture
def running_office(browser_parts: Path, database_url: str, redis_url: str) -> Iterator[Office]:
    with office(database_url, redis_url) as made:
        yield made


def test_a_practice_is_connected_by_hand_and_signs_in_again(
    running_office: Office, tmp_path: Path
) -> None:
    connecting = _is_connected_by_hand_through_all_five_steps(running_office, tmp_path)
    again = _signs_in_again_without_mapping_anew(running_office, tmp_path)

    assert (connecting["trouble"], again["trouble"]) == ([], [])


def _is_connected_by_hand_through_all_five_steps(
    running_office: Office, tmp_path: Path
) -> Mapping[str, Any]:
    credentials = running_office.simulator.credentials
    tenant = running_office.control("GET", "tenants")["tenants"][0]

    found = drive(
        "connecting",
        base=running_office.base,
        token=running_office.link(),
        shots=tmp_path,
        code=running_office.control("GET", "pairing-code")["code"],
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        app_id=credentials.app_id,
        telehealth=tenant["telehealth_type_ids"],
    )

    assert found["empty"] == "No practice is connected yet"
    assert found["offered"] == ["AdvancedMD", "Gentu", "Halaxy", "Medirecords"]
    assert found["soon"] == ["Kolla"]
    assert len(found["titles_at"]) == 1
    assert found["wrong"].startswith("Connection failed. Please check your credentials. (")
    assert "connect this practice again" not in found["wrong"]
    assert found["id_kept"] == credentials.client_id
    assert found["anew"].startswith("Type it again")
    assert found["lacking"].startswith("Client secret of your Gentu application: type it again")
    assert found["refused"].startswith("Connection failed.")
    assert "pairing code is spent or unknown" in found["refused"]
    assert found["focused"] == "code"
    assert found["kept"] == credentials.app_id and found["secret"] == ""
    assert found["step"] == "Connect"
    assert found["reloaded"] == ["Corner Clinic", credentials.app_id]
    assert found["draft"] == ["skip", "Dr Renamed Example"]
    assert found["nobody"] is True
    assert found["nothing"].startswith("With no type marked, nothing would be synced")
    assert found["resumed"] == "Start"
    assert found["tested"] == "Connection successful."
    assert found["title"] == "Everything is on the run sheet"
    assert found["cards"] == found["created"] > 0
    assert "Dr Renamed Example" in found["columns"]
    assert found["badge"] == "On time"
    assert found["widths"] == [390, 390]
    return found


def _signs_in_again_without_mapping_anew(
    running_office: Office, tmp_path: Path
) -> Mapping[str, Any]:
    mappings = "SELECT pms_practitioner_id, run_sheet_clinician_id FROM pms_clinician_mappings"
    held = running_office.read(mappings)
    tenant = running_office.control("GET", "tenants")["tenants"][0]["tenantId"]
    running_office.control("POST", f"tenants/{tenant}", {"access": "unpaired"})

    found = drive(
        "signing_in_again",
        base=running_office.base,
        token=running_office.link(),
        shots=tmp_path,
        code=running_office.control("GET", "pairing-code")["code"],
    )

    assert "Generate a new code in Gentu" in found["todo"]
    assert "pairing code is spent or unknown" in found["refused"]
    assert found["after"] == found["before"]
    assert running_office.read(mappings) == held
    assert found["tested"] == "Corner Clinic: Connection successful."
    return found
