"""The run sheet as people use it, in a real browser."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.browser.conftest import Browse
from tests.producers.conftest import Site
from tests.producers.seeding import DAY, NOW, Practice, Slot, seed, was_read

pytestmark = [pytest.mark.browser, pytest.mark.integration]

HELD_BACK = (
    "UPDATE pms_connections SET last_sync_status = 'partial', last_sync_error = 'None did.'"
    " WHERE display_name = 'Third Rooms'"
)


# Three days before, the patient of one visit had another, which their PMS has deleted.
BOOKED_AGAIN = """
    UPDATE run_sheet_appointments
    SET pms_patient_id = 'again', removed_at = CASE WHEN id = :was THEN now() END,
        appointment_time = appointment_time - make_interval(days => 3 * CAST(id = :was AS int))
    WHERE id IN (:was, :now)
"""


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
    assert found["waiting"] == 1
    assert found["about"].splitlines() == ["Grace Invented 11:30 · Dr Priya Nair", "Phone"]
    assert found["hidden"] == 0, "pages that a tablet does not show"
    assert found["widths"] == [390, 390]
    assert found["trouble"] == []


def test_a_field_is_edited_in_its_place_and_others_follow(browse: Browse) -> None:
    found = browse("editing")

    assert found["reason"].startswith("That is not a phone number")
    assert found["label"] == "Phone of Tane Unreal"
    assert 0 <= found["apart"] <= 20, "the editor stays with its row"
    assert found["kept"] == "0400 000 000"
    assert found["followed"] == "(03) 7010 4321"
    assert found["tip"].startswith("Set by Sam Owner, 23 Nov 11:05. Halaxy says 0400 000 000")
    assert found["focused"] == "patient_phone"
    assert found["trouble"] == []


def test_two_people_at_one_row_lose_nothing(browse: Browse) -> None:
    found = browse("clashing")

    assert found["told"] == (
        "This row was changed meanwhile; look at it again, then decide."
        " It says “(03) 7010 4321” now. Enter saves what you typed."
    )
    assert found["typed"] == "03 7010 9999"
    assert found["shown"] == "(03) 7010 4321"


def test_nobody_leaves_the_sheet_with_something_typed_that_is_not_saved(browse: Browse) -> None:
    found = browse("going_away")

    assert found["saved"] == "09:10"
    assert found["refused"].startswith("Write the time as HH:MM")
    assert (found["stayed"], found["typed"]) == ("2026-11-23", "25:99")
    assert found["unanswered"].startswith("The server did not answer; look whether it was done")
    assert found["overtaken"] == ["2026-11-23", "09:25"]
    assert found["told"].startswith("What you were typing was not saved")
    assert found["cleared"] is False
    assert found["trouble"] == []


def test_nothing_typed_is_lost_without_a_word(browse: Browse) -> None:
    found = browse("one_after_another")

    assert (found["both"], found["phone"]) == ("Needs the ramp.", "(03) 7010 4321")
    assert "Saving…" in found["saving"] and "Enter" not in found["saving"]
    assert found["late"].startswith("Phone of Tane Unreal was not saved: “12”. That is not a phone")
    assert found["typing"] == "Needs the lift."
    assert found["closed"].startswith("Phone of Tane Unreal was not saved: “13”. That is not a")
    assert found["local"].startswith("Time of Jun Unreal was not saved: “9:60”. Write the time as")
    assert found["ghosts"] == 0
    assert found["overtaken"].startswith("This row was changed meanwhile")
    assert "It says “0491 570 006” now." in found["overtaken"]
    assert (found["why"], found["back"]) == ("INPUT", "SELECT")
    assert found["last"][1] == {"status": "cancelled", "cancel_reason": "Has a cold"}
    assert (found["rows"], found["jun"]) == ([True], True)
    assert found["trouble"] == []


def test_a_conflict_is_settled_with_one_click(browse: Browse) -> None:
    found = browse("deciding")

    assert found["sides"] == ["(03) 7010 4321", "0400 555 019"]
    assert found["waiting"] == "1"
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
    # Single letters and signs were switched off, and on again.
    assert found["off"] == ["BODY", 0]
    assert found["trouble"] == []


def test_every_text_stands_out_in_both_lights(browse: Browse) -> None:
    found = browse("reading")

    assert found == {"light": [], "light details": [], "dark": [], "dark details": []}


def test_a_sync_says_what_it_waits_for(browse: Browse) -> None:
    found = browse("syncing")

    assert "no sync worker is running" in found["line"]
    assert found["trouble"] == []


def test_a_sync_is_offered_as_soon_as_a_practice_can_be_read(browse: Browse) -> None:
    found = browse("readable")

    assert found == {
        "before": False,
        "whileNone": [],
        "typed": "Ann",
        "after": "Sync now",
        "trouble": [],
    }


def test_a_day_nobody_read_is_not_shown_as_empty(browse: Browse) -> None:
    found = browse("unread")

    assert found["told"] == "Tuesday 24 November has not been read yet"
    assert found["reading"].startswith("Reading Tuesday 24 November from Gentu and Halaxy…")
    assert found["fresh"] == ["This day not read yet"] * 3
    assert (found["first"], found["reloaded"], found["status"]) == (2, 2, 202)
    assert {one["from"] for one in found["bodies"]} == {"2026-11-24"}
    assert found["trouble"] == []


def test_practices_of_which_there_is_nothing_to_tell_are_one_line_on_a_phone(
    busy_site: Site, browse: Browse
) -> None:
    more = [
        Practice(vendor="gentu", name=f"{name} Rooms", timezone="Australia/Melbourne", books=book)
        for name in ("Second", "Third", "Fourth")
        for book in [{f"Dr {name} Madeup": (Slot(at="09:00", patient=f"{name} Example"),)}]
    ]
    with busy_site.everything() as db:
        seed(db, busy_site.seal(), more, day=DAY + timedelta(days=1))
        was_read(db)
        db.execute(text(HELD_BACK))

    found = browse("folding")

    wrong = ["Harbour Allied Health", "Northside Specialists", "Third Rooms"]
    assert found["wide"] == 6
    assert found["button"] == "3 practices, all well"
    assert found["folded"] == wrong
    assert (found["open"], found["kept"]) == (6, 6)
    assert found["late"] == ["Example Clinic", *wrong]
    assert (found["light"], found["whole"]) == (0, 2)
    assert found["trouble"] == []


def test_six_clinicians_and_short_visits_stay_readable(crowded_site: Site, browse: Browse) -> None:
    found = browse("crowded", now=NOW)

    assert found["headings"][-1] == "Unnamed clinician (…8a55)"
    assert max(found["widths"]) - min(found["widths"]) <= 1
    assert found["whole"] >= 5
    assert found["firstIsShown"] is True
    assert found["short"] == {
        "time": "Time: 09:00", "name": "Early Onyx", "noted": True, "phone": True, "heard": True,
    }  # fmt: skip
    assert found["tip"].startswith("0400 000 000. From Medirecords")
    assert "already" in found["refused"]
    assert "Dr Fay Named" in found["choices"]
    assert not any("Unnamed" in choice for choice in found["choices"])
    assert found["sheets"] <= 2
    assert found["trouble"] == []


def test_somebody_is_found_and_gone_through(browse: Browse) -> None:
    found = browse("searching")

    assert found["count"] == "3 of 28"
    assert "Marta Osei (psychologist)" in found["columns"]
    assert "Dr Yusuf Aziz" not in found["columns"]
    assert found["first"] == ["Ann Example", "match 1/3"]
    assert found["second"] == ["Kiri Example", "match 2/3"]
    assert found["inView"] is True
    assert found["back"] == "Ann Example"
    assert found["nobody"] == "Nobody matches “zzz” on Monday 23 November."
    assert found["again"] == 28
    assert found["turned"] == ["Ann Example"]
    assert found["reached"] == [["Grace Invented"], ["Grace Invented"]]
    assert any("find a patient" in key for key in found["keys"])
    assert found["closed"] == 0
    assert found["trouble"] == []


def test_a_desk_is_told_what_it_does_not_see_from_day_to_day(
    busy_site: Site, browse: Browse
) -> None:
    visits = {"was": busy_site.ids["Jun Unreal"], "now": busy_site.ids["Ivy Nobody"]}
    with busy_site.everything() as db:
        db.execute(text(BOOKED_AGAIN), visits)

    found = browse("day_by_day")

    assert found["again"].startswith("Typed for this patient in the appointment of 20 Nov 14:45,")
    assert found["looked"] == ["Jun Unreal", "Bring previous letters."]
    assert "Friday 20 November, 14:45 to 15:45" in found["day"]
    assert found["returned"] == "Ivy Nobody"
    assert found["paper"].endswith(". Only 1 of the 27 appointments: the others were filtered out")
    assert found["whole"].endswith("the others were filtered out") is False
    assert found["kept"] == [True, "Dr Priya Nair", ""]
    assert found["today"] == [False, "date"]
    assert found["over"] == [True, None, "Monday 23 November is over. Go to today"]
    assert found["trouble"] == []


def test_a_window_that_was_signed_out_shows_nobody(browse: Browse) -> None:
    found = browse("leaving")

    assert found["names"] == 0
    assert (found["title"], found["link"]) == ("Signed out", "/login")
    assert found["trouble"] == []


def test_what_is_typed_is_read_as_people_write_it_or_refused_beside_it(browse: Browse) -> None:
    found = browse("typing")

    assert found["read"] == {
        "time": ["09:30", "09:30", "09:30", "14:30", "00:00", "12:15", *["Write"] * 3],
        "date": [*["1980-02-03"] * 5, *["Write"] * 4],
        "date-month-first": [*["1980-02-03"] * 4, "Write"],
    }
    assert found["born"] == ["4 Nov 1979", {"patient_date_of_birth": "1979-11-04"}]

    assert found["type"] == "text"
    assert {found[typed] for typed in ("25:00", "9:60", "93")} == {
        "Write the time as HH:MM from 00:00 to 23:59, for example 09:30."
    }
    assert (found["stays"], found["unsaved"]) == (1, 0)
    assert found["saved"] == [{"start": "09:05"}]
    assert found["shown"] == "09:05"
    assert found["long"] == ["The note is too long; at most 4000 characters.", "end."]
    assert found["composing"] == [1, 2]
    assert found["before"].startswith("From Halaxy")
    assert found["after"].startswith("Set by Sam Owner")
    assert found["call"] == "tel:+61370104321"
    assert found["toasts"] == ["Two.", "Three.", "Four."]
    assert found["trouble"] == []


def test_a_phone_reaches_every_page_of_many(browse: Browse) -> None:
    found = browse("narrow")

    assert found["light"] == found["dark"] == {"wide": 390, "last": True, "tall": True}


def test_a_visit_over_another_is_seen_at_a_glance_and_refused_once_that_is_chosen(
    browse: Browse,
) -> None:
    found = browse("overlapping")

    assert found["before"] == 0
    assert found["warned"] == (
        "Time saved. 13:15 to 14:00 overlaps another appointment of Dr Tom Whitfield,"
        " 13:00 to 13:30."
    )
    assert found["count"] == "1 overlap"
    assert found["mark"] == "Overlaps another appointment: 13:00 to 13:30"
    assert found["named"], "marks leave room for the name"
    assert found["list"] == (
        "13:15 to 13:30 Dr Tom Whitfield Olga Madeupson 13:00 to 13:30"
        " Quinn Invented 13:15 to 14:00"
    )
    assert found["refused"] == (
        "11:10 to 11:40 overlaps another appointment of Dr Tom Whitfield, 11:00 to 11:30;"
        " choose another time or another clinician."
    )
    assert found["open"] is not None, "what was opened stays open"
    assert found["widths"] == [390, 390]
    assert found["trouble"] == []
