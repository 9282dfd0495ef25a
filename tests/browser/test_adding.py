"""Rows typed by hand, and what was done to a row, in a real browser."""

import pytest

from tests.browser.conftest import Browse

pytestmark = [pytest.mark.browser, pytest.mark.integration]


def test_an_appointment_is_typed_in_taken_off_and_brought_back(browse: Browse) -> None:
    found = browse("adding")

    assert found["missing"] == "When does it begin?"
    assert found["nameless"].startswith("Whose appointment is it? If nobody's, tick")
    assert found["unread"].startswith("Write the date of birth as 3 Feb 1980")
    assert found["focused"] == "patient_date_of_birth"
    assert (found["time"], found["born"]) == ("15:30", "3 Feb 1980")
    assert found["givenUp"] == [0, "Interpreter booked (Vietnamese).", 0]
    assert found["refused"].startswith("That is not a phone number")
    assert found["slip"] == [True, True], "a click beside it loses nothing"
    assert found["anew"] == "", "the next one begins with nothing of the last"
    assert found["badge"] == "By hand"
    assert found["said"] == "Added."
    assert found["steps"] == ["Taken off the sheet", "Added"]
    assert found["after"] == ["Undone", "Taken off the sheet", "Added"]
    assert found["close"] == {"isScrolled": True, "isInSight": True}
    assert found["widths"] == [390, 390]
    assert found["trouble"] == []


def test_a_row_tells_what_was_done_and_a_step_is_undone(browse: Browse) -> None:
    found = browse("stepping_back")

    assert found["was"] == ["nothing", "23 Nov 14:30"]
    assert found["became"] == ["Bring previous letters.", "23 Nov 14:45"]
    assert found["by"].startswith("Robin Desk, 23 Nov")
    assert found["time"] == "14:30"
    assert found["trouble"] == []
