"""A practice that takes changes as people see it, in a real browser: dashboard, sheet, settings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.driving import drive
from tests.producers.conftest import Site
from tests.producers.two_way import TwoWayDay, two_way_day

pytestmark = [pytest.mark.browser, pytest.mark.integration]


@pytest.fixture
def day(make_site: Callable[..., Site]) -> TwoWayDay:
    return two_way_day(make_site())


def test_the_dashboard_and_the_sheet_say_how_each_row_stands(
    browser_parts: Path, day: TwoWayDay, tmp_path: Path
) -> None:
    site = day.site

    found = drive(
        "two_way",
        base=str(site.client.base_url).rstrip("/"),
        token=site.link(),
        shots=tmp_path,
        connection=str(day.connection),
    )

    assert found["statuses"][:2] == ["Booked", "Arrived"] and "Confirmed" not in found["statuses"]
    assert (found["asksAtOnce"], found["asksWhy"]) == (False, True)
    assert found["why"] == "“Has a cold”"
    assert found["clinicians"] == ["Dr Iris Imagined", "Omar Supposed LCSW"]
    assert found["clinicianSaid"].endswith("Omar Supposed LCSW")
    assert found["title"] == "AdvancedMD"
    assert found["toolsAreOneLine"] and found["pagesFit"]
    assert (found["mayLink"], found["mayLinkThen"]) == (False, True)
    assert found["chosen"] == ["JOAN WALKIN", "JOAN MARIE WALKIN"]
    assert found["before"] is True
    assert "900123" in found["office"] and "invented" not in found["office"]
    assert found["presets"][0].startswith("Real-time")
    assert (found["width"], found["settingsWidth"]) == (390, 390)
    assert found["trouble"] == []
