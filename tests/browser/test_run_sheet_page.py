"""The run sheet as people use it, in a real browser."""

import pytest

from tests.browser.conftest import Browse

pytestmark = [pytest.mark.browser, pytest.mark.integration]


def test_the_sheet_is_seen_whole_wide_and_narrow(browse: Browse) -> None:
    found = browse("seeing")

    assert found["title"] == "Run sheet, 23 November"
    assert found["columns"] == [
        "Dr Priya Nair",
        "Dr Tom Whitfield",
        "Marta Osei (psychologist)",
        "Dr Yusuf Aziz",
    ]
    assert found["cards"] == 28
    assert found["decisions"].strip() == "1 row needs a decision"
    assert found["widths"] == [390, 390]
    assert found["trouble"] == []


def test_a_field_is_edited_in_its_place_and_others_follow(browse: Browse) -> None:
    found = browse("editing")

    assert found["reason"].startswith("That is not a phone number")
    assert found["kept"] == "0400 000 000"
    assert found["followed"] == "(03) 7010 4321"
    assert found["tip"].startswith("Set by Sam Owner, 23 Nov 11:05. Halaxy says 0400 000 000")
    assert found["focused"] == "patient_phone"
    assert found["trouble"] == []


def test_two_people_at_one_row_lose_nothing(browse: Browse) -> None:
    found = browse("clashing")

    assert found["told"].startswith("This row was changed meanwhile")
    assert found["shown"] == "(03) 7010 4321"


def test_a_conflict_is_settled_with_one_click(browse: Browse) -> None:
    found = browse("deciding")

    assert found["sides"] == ["(03) 7010 4321", "0400 555 019"]
    assert found["shown"] == "0400 555 019"
    assert found["disputed"] is False
    assert found["trouble"] == []


def test_everything_is_done_by_keyboard_alone(browse: Browse) -> None:
    found = browse("keyboard")

    assert found["first"] == "Skip to the content"
    assert found["row"] == found["panel"] == found["back"] == "Ann Example"
    assert found["undone"] == "Add notes"
    assert found["found"] == ["Quinn Invented"]
    assert found["next"] == "?date=2026-11-24"
    assert found["trouble"] == []


def test_every_text_stands_out_in_both_lights(browse: Browse) -> None:
    found = browse("reading")

    assert found == {"light": [], "light details": [], "dark": [], "dark details": []}


def test_a_sync_says_what_it_waits_for(browse: Browse) -> None:
    found = browse("syncing")

    assert "no sync worker is running" in found["line"]
    assert found["trouble"] == []


def test_a_day_nobody_read_is_not_shown_as_empty(browse: Browse) -> None:
    found = browse("unread")

    assert found["told"] == "Tuesday 24 November has not been read yet"
    assert found["reading"].startswith("Reading Tuesday 24 November from Gentu")
    assert found["fresh"] == ["This day not read yet"] * 3
    assert (found["first"], found["reloaded"], found["status"]) == (2, 2, 202)
    assert {one["from"] for one in found["bodies"]} == {"2026-11-24"}
    assert found["trouble"] == []
