"""An office at AdvancedMD is connected by hand in a real browser, against a vendor that runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.both_ways import ZONE, BothWays, unconnected
from tests.browser.driving import drive

pytestmark = [pytest.mark.browser, pytest.mark.integration]


@pytest.fixture
def offices(browser_parts: Path, database_url: str, redis_url: str) -> Iterator[BothWays]:
    with unconnected(database_url, redis_url, offices=2) as made:
        yield made


def _credentials(offices: BothWays, key: str) -> dict[str, Any]:
    found: dict[str, Any] = offices.control("GET", f"credentials?tenant={key}")
    return found


def test_an_office_is_connected_and_a_locked_account_is_asked_once(
    offices: BothWays, tmp_path: Path
) -> None:
    ours, locked = offices.control("GET", "tenants")["tenants"]
    offices.control("POST", f"tenants/{locked['office_key']}", {"is_locked": True})
    columns = [str(one["id"]) for one in ours["columns"]][:2]

    found = drive(
        "connecting_office",
        base=offices.base,
        token=offices.link(),
        shots=tmp_path,
        vendor=offices.vendor,
        zone=ZONE,
        ours=_credentials(offices, ours["office_key"]),
        locked=_credentials(offices, locked["office_key"]),
        columns=columns,
        telehealth=ours["telehealth_type_ids"],
    )

    assert found["card"][0:1] + found["card"][-1:] == ["A", "Takes your changes"]
    assert found["asked"][:5] == [
        "User name of the account made for us",
        "Password of that account",
        "Application name, as AdvancedMD gave it to the partner",
        "Office key",
        "Time zone",
    ]
    assert found["zoneless"] == "Time zone: please fill it in."
    assert found["wrong"] == (
        "Connection failed. AdvancedMD: the login was refused; enter the user name, password and"
        " office key again."
    )
    assert (found["wrongStep"], found["lockedStep"]) == ("Connect", "Connect")
    assert found["kept"][0] == ours["office_key"] and found["kept"][2] == ""
    assert found["locked"] == (
        "Connection failed. AdvancedMD: the account is locked; the practice's AdvancedMD"
        " administrator must unlock it, then enter the password again."
    )
    assert found["attempts"] == 1
    assert found["columns"] == columns and all(found["names"])
    assert found["types"] > 0
    assert found["facts"][0].startswith("2 of 2 synced")
    assert found["often"][0].startswith("Real-time")
    assert found["tested"] == "Connection successful."
    assert found["title"] == "Everything is on the run sheet"
    assert found["cards"] == found["created"] > 0
    assert found["nav"] == 1
    assert found["logins"] == 2 + 1
    assert found["widths"] == [390, 390]
    assert found["trouble"] == []
    assert offices.control("GET", "invoice")["cents"] == 0
