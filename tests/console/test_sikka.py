"""A practice behind Sikka from the command line: the operator's keys, the office's, the sheet."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.pms import vendor
from console.simulators import Running
from console.truth import Simulator, differences, untold
from tests.console.conftest import Shell, stored

pytestmark = pytest.mark.integration

PMSS = ("Dentrix", "Eaglesoft", "Open Dental", "OrthoTrac")


@pytest.fixture(scope="module")
def described() -> Iterator[Mapping[str, Any]]:
    options = ["--seed", "11", "--practitioners", "3", "--appointments", "20", "--limit", "off"]
    with Running("sikka", [*options, "--days=-1..+1"]) as said:
        yield said


@pytest.fixture
def application(described: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's keys, which no practice is asked for."""
    monkeypatch.setenv("SIKKA_APP_ID", described["app_id"])
    monkeypatch.setenv("SIKKA_APPLICATION_ID", "")
    monkeypatch.setenv("SIKKA_APP_KEY", described["app_key"])


def add(shell: Shell, described: Mapping[str, Any], tenant: Mapping[str, Any]) -> str:
    simulator, site = Simulator(described["url"]), tenant["tenantId"]
    office = simulator.credentials(site)
    videos = {
        one["type_name"]
        for one in simulator.truth(site)["appointments"]
        if one["is_telehealth"] and one["type_name"]
    }
    options = [part for one in sorted(videos) for part in ("--telehealth-type", one)]
    added = shell.answer(
        *("connections", "add", "sikka", "--site", site, "--map-all"),
        *("--secret", f"office_id={office['office_id']}"),
        *("--secret", f"secret_key={office['secret_key']}"),
        *("--base-url", described["base_url"], *options),
    )
    return str(added["id"])


def tenant_of(described: Mapping[str, Any], pms: str) -> Mapping[str, Any]:
    return next(one for one in described["tenants"] if one["pms"] == pms)


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize("pms", PMSS)
def test_the_sheet_equals_the_truth_of_every_pms_behind_it(
    shell: Shell, described: Mapping[str, Any], pms: str
) -> None:
    tenant = tenant_of(described, pms)
    connection = add(shell, described, tenant)

    shell.answer("sync", connection, "--here")

    rows = shell.answer("run-sheet", "--connection", connection)["appointments"]
    today = datetime.now(UTC).astimezone(ZoneInfo(tenant["timezone"])).date()
    truth = Simulator(described["url"]).truth(tenant["tenantId"])
    assert rows
    aside = untold(vendor("sikka"))
    assert differences(truth, rows, first=today, last=today, untold=aside) == []


@pytest.mark.usefixtures("application")
def test_the_pms_behind_it_is_kept_and_shown(
    shell: Shell, described: Mapping[str, Any], database_url: str
) -> None:
    add(shell, described, tenant_of(described, "Open Dental"))

    [held] = shell.answer("connections", "list")["connections"]

    assert (held["vendor"], held["pms_type"]) == ("sikka", "Open Dental")
    assert "Open Dental, sikka" in shell("connections", "list").out
    kept = stored(database_url, "SELECT metadata ->> 'pms_type' FROM pms_integrations")
    assert kept == "Open Dental"


@pytest.mark.usefixtures("application")
def test_everything_is_let_through_and_the_zone_comes_from_its_windows_name(
    shell: Shell, described: Mapping[str, Any]
) -> None:
    add(shell, described, tenant_of(described, "Eaglesoft"))

    [held] = shell.answer("connections", "list")["connections"]

    assert (held["state"], held["telehealth_only"]) == ("ACTIVE", False)
    assert held["timezone"] == "America/Phoenix"


@pytest.mark.usefixtures("application")
def test_the_second_practice_of_an_office_is_a_connection_of_its_own(
    shell: Shell, described: Mapping[str, Any]
) -> None:
    first, second = described["tenants"][:2]
    ids = [add(shell, described, first), add(shell, described, second)]
    for one in ids:
        shell.answer("sync", one, "--here")

    rows = [shell.answer("run-sheet", "--connection", one)["appointments"] for one in ids]

    numbers = [{one["pms_appointment_id"] for one in each} for each in rows]
    assert all(numbers) and not numbers[0] & numbers[1]


@pytest.mark.usefixtures("application")
def test_a_wrong_secret_leaves_nothing_behind(
    shell: Shell, described: Mapping[str, Any], database_url: str
) -> None:
    complaint = shell.complaint(
        *("connections", "add", "sikka", "--site", described["tenants"][0]["office_id"]),
        *("--secret", f"office_id={described['tenants'][0]['office_id']}"),
        *("--secret", "secret_key=not-it", "--base-url", described["base_url"]),
    )

    assert complaint.startswith("Connection failed.") and "not-it" not in complaint
    assert stored(database_url, "SELECT count(*) FROM pms_connections") == 0


def test_without_the_operators_keys_they_are_asked_for(
    shell: Shell, described: Mapping[str, Any]
) -> None:
    complaint = shell.complaint(
        *("connections", "add", "sikka", "--site", "D90001"),
        *("--secret", "office_id=D90001", "--secret", "secret_key=x"),
    )

    assert "SIKKA_APP_ID" in complaint and "SIKKA_APP_KEY" in complaint
