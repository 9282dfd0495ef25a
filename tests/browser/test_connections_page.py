"""The connections and their settings as people use them, in a real browser."""

from pathlib import Path

import pytest

from domain.people import Role
from tests.browser.conftest import Browse
from tests.browser.driving import drive
from tests.producers.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.integration]


def test_a_connection_is_changed_on_its_own_page(browse: Browse) -> None:
    found = browse("settling_in")

    assert found["cards"] == 3
    assert found["badges"] == ["On time", "Late", "Needs sign-in"]
    assert found["todo"].startswith("Medirecords no longer accepts our sign-in")
    assert found["refused"] == "Name: please fill it in."
    assert (found["long"], found["focused"]) == ("Name: at most 200 characters.", "name")
    assert found["draft"] == found["name"] == "Harbour Health"
    assert found["often"] == "60" and found["days"] == "7"
    assert found["friday"] == ["09:00", "12:30", "13:15", "17:00"]
    assert found["saturday"] is False
    assert found["stale"].startswith("Somebody changed this connection meanwhile")
    assert found["typed"] == "14"
    assert found["key"] >= 3
    assert "Stays:" in found["warned"] and "Ends:" in found["warned"]
    assert found["left"] == 2
    assert {value for name, value in found.items() if name.startswith("width")} == {0}
    assert found["trouble"] == []


def test_what_was_typed_comes_back_and_undoes_nobody(browse: Browse) -> None:
    found = browse("drafting")

    assert found["monday"] == found["friday"] == ["09:00", "18:00", "18:00", "21:00"]
    assert found["labels"] == ["Friday opens", "Friday closes"] * 2
    assert found["refused"].startswith("A shift cannot open and close at the same time (mon 09:00)")
    assert (found["name"], found["days"]) == ("Renamed By Robin", "5")
    assert found["left"] == []
    assert found["trouble"] == []


def test_the_days_on_which_a_practice_is_shut_are_named_on_its_page(browse: Browse) -> None:
    found = browse("shut")

    assert found["before"] == ["2026-12-26"]
    assert found["typed"] == ["2027-01-01", "2026-12-25"]
    assert found["saved"] == ["2026-12-25", "2027-01-01"]
    assert found["after"] == ["2027-01-01"]
    assert {value for name, value in found.items() if name.startswith("width")} == {0}
    assert found["trouble"] == []


def test_what_a_practice_leaves_out_is_switched_off_and_on_again(browse: Browse) -> None:
    found = browse("leaving_out")

    every = ["phone", "email", "birth_date", "notes", "type"]
    assert found["before"] == found["back"] == every
    assert found["loss"].startswith("Without it nobody can be rung from the sheet")
    assert found["after"] == ["email", "birth_date", "type"]
    assert "Left outphone, notes" in found["abilities"]
    assert "Notesleft out by this practice" in found["abilities"]
    assert {value for name, value in found.items() if name.startswith("width")} == {0}
    assert found["trouble"] == []
    assert not Path("null").exists()


def test_who_may_only_look_changes_nothing(
    browser_parts: Path, busy_site: Site, tmp_path: Path
) -> None:
    found = drive(
        "looking_on",
        base=str(busy_site.client.base_url).rstrip("/"),
        token=busy_site.link(Role.PROVIDER),
        shots=tmp_path,
    )

    assert found == {
        "buttons": 0,
        "enabled": 0,
        "name": "Harbour Allied Health",
        "refused": 403,
        "trouble": [],
    }


def test_rows_of_a_practice_that_is_left_are_kept_taken_off_and_put_back(browse: Browse) -> None:
    found = browse("moving_on")

    kept = found["kept"]
    assert found["before"] is False
    assert (found["chosen"], found["left"], found["back"]) == ("keep", kept, kept)
    assert "with something a person typed" in found["asked"]
    assert "with something typed" in kept and "those stay" in found["warned"]
    assert "taken off" in found["off"]
    assert found["nobody"].startswith("Its practice is no longer connected")
    assert "off" not in found["single"]
    assert {value for name, value in found.items() if name.startswith("width")} == {0}
    assert found["trouble"] == []
