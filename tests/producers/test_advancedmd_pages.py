"""The pages of a practice that takes changes, as served: who sees what, and what they say."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from adapters.storage.tables import (
    patient_links,
    pms_appointment_types,
    pms_connections,
    run_sheet_appointments,
)
from adapters.storage.two_way import push_board, push_log
from domain.people import Role
from domain.pushes import DISPUTED
from producers.both_ways import vendors
from tests.producers.conftest import Site
from tests.producers.two_way import MORNING, TwoWayDay, two_way_day

pytestmark = pytest.mark.integration

A_WEEK = timedelta(days=7)


@pytest.fixture
def day(make_site: Callable[..., Site]) -> TwoWayDay:
    return two_way_day(make_site())


def _stand(day: TwoWayDay, state: str) -> None:
    with day.site.everything() as db:
        db.execute(update(pms_connections).values(state=state))


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_only_an_account_with_such_a_practice_has_the_page(site: Site) -> None:
    site.sign_in()

    sheet, page = site.client.get("/").text, site.client.get("/advancedmd")

    assert 'href="/advancedmd"' not in sheet
    assert page.status_code == 404


def test_what_agrees_waits_failed_and_is_new_is_counted(day: TwoWayDay) -> None:
    with day.site.everything() as db:
        found = push_board.appointments(
            db, [day.connection], vendors=vendors(), since=MORNING - A_WEEK
        )[day.connection]
        people = push_board.patients(db, day.connection, since=MORNING - A_WEEK)

    assert (found.synced, found.pending, found.error) == (6, 1, 1)
    assert (found.needs_patient, found.unsent, found.total) == (1, 1, 10)
    assert (people.synced, people.needs_patient, people.total) == (8, 1, 9)


def test_the_page_tells_both_directions_and_charges_that_are_not_enabled(day: TwoWayDay) -> None:
    day.site.sign_in()

    page = text_of(day.site.client.get("/advancedmd").text)

    assert re.search(r"Charges \S not enabled", page)
    assert "From AdvancedMD just now 4 1" in page
    assert "To AdvancedMD 3 min ago 1 1" in page
    assert "3 appointments updated" in page


def test_the_log_can_be_narrowed_to_what_failed_and_to_patients(day: TwoWayDay) -> None:
    day.site.sign_in()

    failed = day.site.client.get("/advancedmd", params={"state": "failed"}).text
    charges = day.site.client.get("/advancedmd", params={"subject": "charge"}).text

    assert re.findall(r'data-state="(\w+)"', failed.partition('id="log"')[2]) == ["failed"] * 2
    assert "That time overlaps another appointment." in failed
    assert "Charges are not enabled" in charges


def test_passes_that_found_nothing_do_not_bury_what_happened(day: TwoWayDay) -> None:
    with day.site.everything() as db:
        lines = push_log.lines(db, day.connection, since=MORNING - A_WEEK)

    read = [one for one in lines if one.what == "incremental"]
    assert [(one.state, one.updated) for one in read] == [("done", 3), ("failed", 0)]


def test_a_pass_says_what_was_new_and_none_that_found_nothing_is_told(day: TwoWayDay) -> None:
    day.ran("manual", "success", ago=timedelta(minutes=3), fetched=58, created=58)
    day.ran("manual", "success", ago=timedelta(minutes=2), fetched=58)
    day.site.sign_in()

    page = text_of(day.site.client.get("/advancedmd").text)

    assert "Days read when opened or asked for 58 new Done" in page
    assert page.count("Days read when opened") == 1
    assert "nothing to change" not in page


@pytest.mark.parametrize(
    ("role", "figures", "buttons"),
    [
        (Role.ADMIN, True, True),
        (Role.OPS, True, True),
        (Role.BILLING, False, True),
        (Role.PROVIDER, False, False),
    ],
)
def test_figures_are_for_who_looks_after_it_and_buttons_for_who_syncs(
    day: TwoWayDay,
    role: Role,
    figures: bool,
    buttons: bool,
) -> None:
    day.site.sign_in(role)

    page = day.site.client.get("/advancedmd").text

    for part in ("tallies", "budget", "log"):
        assert (f'id="{part}"' in page) is figures
    assert ("data-deed" in page) is buttons
    assert "3 rows need attention" in page


def test_who_sees_no_figures_is_told_that_nothing_waits(day: TwoWayDay) -> None:
    with day.site.everything() as db:
        db.execute(update(run_sheet_appointments).values(removed_at=MORNING))
        db.execute(update(patient_links).values(state="linked", pms_patient_id="77"))
    day.site.sign_in(Role.PROVIDER)

    assert "Nothing here needs anybody's attention." in day.site.client.get("/advancedmd").text


def test_an_operator_sees_how_it_goes_and_no_patient(day: TwoWayDay) -> None:
    day.site.sign_in(Role.OPS)

    page = day.site.client.get("/advancedmd").text

    assert "3 rows need attention" in page
    assert "Ben Sketch" not in page
    assert "#open-" not in page


def test_who_is_named_on_the_page_is_noted(day: TwoWayDay) -> None:
    day.site.sign_in()

    page = day.site.client.get("/advancedmd").text

    with day.site.everything() as db:
        noted = db.exec_driver_sql(
            "SELECT phi_fields FROM pms_audit_logs WHERE request_summary = '3 rows to see to'"
        ).all()
    assert "Ben Sketch" in page
    assert [tuple(row) for row in noted] == [(["patient_name"],)]


def test_what_is_left_to_ask_is_told_by_kind_of_call(day: TwoWayDay) -> None:
    day.site.sign_in()

    page = day.site.client.get("/advancedmd").text

    assert re.findall(r'data-part="(\w+)"', page) == ["login", "tier1", "tier2", "tier3"]
    assert "in Denver" in page
    assert "1 US cent each" in page


def test_every_row_of_the_sheet_says_how_it_stands(day: TwoWayDay) -> None:
    day.site.sign_in()

    page = day.site.client.get("/").text

    found = re.findall(r'data-push-state="(\w+)" title="([^"]+)"', page)
    states = [state for state, _ in found]
    assert sorted(states) == [
        "error",
        "needs_patient",
        "pending",
        "synced",
        "synced",
        "synced",
        "synced",
        "synced",
        "synced",
        "unsent",
    ]
    assert "That time overlaps another appointment" in dict(found)["error"]
    assert dict(found)["unsent"] == "Not in AdvancedMD"


def test_a_sheet_without_such_a_practice_has_no_badges(site: Site) -> None:
    site.sign_in()

    page = site.client.get("/").text

    assert "data-push-state" not in page
    assert "sending.js" not in page


def test_a_row_tells_its_visit_its_history_and_where_to_see_it(day: TwoWayDay) -> None:
    day.site.sign_in()

    html = day.site.client.get(f"/sheet/entries/{day.ids['Ben Sketch']}").text

    visit = re.search(r"<code>(a-\w+)</code>", html)
    assert visit is not None
    assert f'href="https://app.example.org/visits/{visit[1]}"' in html
    assert "Visit moved, not taken" in html
    assert 'data-push="sync"' in html


def test_a_refusal_names_the_vendor_once_and_says_what_to_do(day: TwoWayDay) -> None:
    day.site.sign_in()

    card = text_of(day.site.client.get(f"/sheet/entries/{day.ids['Ben Sketch']}").text)
    sheet = day.site.client.get("/").text

    told = "That time overlaps another appointment. Choose a free time, or undo the change here."
    assert told in card
    assert f'title="AdvancedMD: not taken. {told}"' in sheet


def test_what_was_tried_in_vain_was_not_never_sent(day: TwoWayDay) -> None:
    day.site.sign_in()

    card = text_of(day.site.client.get(f"/sheet/entries/{day.ids['Ben Sketch']}").text)
    untried = text_of(day.site.client.get(f"/sheet/entries/{day.ids['Ivy Newcomer']}").text)

    assert "Last sent tried 23 Nov 10:15, not taken" in card
    assert "Last sent never" in untried


def test_an_office_that_lets_nobody_in_is_not_said_to_answer_without_a_wait(
    day: TwoWayDay,
) -> None:
    _stand(day, "NEEDS_SIGN_IN")
    day.site.sign_in()
    days = {"from": "2026-11-23", "to": "2026-11-23", "connection": str(day.connection)}

    page = text_of(day.site.client.get("/advancedmd").text)
    told = day.site.client.get("/advancedmd/range", params=days).text

    assert "no wait" not in page
    assert "after the next sign-in" in page
    assert told.strip() == "3 rows wait to be sent · not before somebody has signed in again"


def test_an_office_that_lets_nobody_in_is_neither_read_nor_sent_to(day: TwoWayDay) -> None:
    day.site.sign_in()
    before = text_of(day.site.client.get("/advancedmd").text)
    _stand(day, "NEEDS_SIGN_IN")
    page = text_of(day.site.client.get("/advancedmd").text)

    assert "changes here are sent by themselves" in before
    assert "sent by themselves" not in page
    assert "Nothing is read or sent until somebody reconnects." in page


def test_a_row_in_conflict_is_listed_with_the_way_to_decide_it(day: TwoWayDay) -> None:
    day.push("Joan Walkin", None)
    day.push("Ben Sketch", "synced")
    day.push("Cleo Draft", "pending", DISPUTED)
    day.site.sign_in()

    html = day.site.client.get("/advancedmd").text

    page = text_of(html)
    assert "3 rows need attention" in page
    assert '<a class="button" href="/conflicts">Choose a side</a>' in html
    assert "Both sides changed this visit" in page
    assert re.search(r"Nothing from today waits to be sent (?!·)", page)
    assert re.search(r"Waiting 0 Not taken 0 Need their patient 0 To decide 1", page)


def test_a_change_that_was_refused_can_be_undone_where_it_is_told(day: TwoWayDay) -> None:
    day.site.sign_in()
    seen = day.site.client.get("/advancedmd").text
    day.site.sign_in(Role.OPS)
    unseen = day.site.client.get("/advancedmd").text

    assert 'data-take-back="clinician duration_minutes start status"' in seen
    assert "Undo the change" in text_of(seen)
    assert "data-take-back" not in unseen


def test_a_practice_that_is_still_being_set_up_has_no_page_yet(day: TwoWayDay) -> None:
    _stand(day, "SETUP_REQUIRED")
    day.site.sign_in()

    sheet, page = day.site.client.get("/").text, day.site.client.get("/advancedmd")

    assert 'href="/advancedmd"' not in sheet
    assert "data-send" not in sheet
    assert page.status_code == 404


def test_a_row_of_ours_can_be_created_there(day: TwoWayDay) -> None:
    day.site.sign_in()

    html = day.site.client.get(f"/sheet/entries/{day.ids['Ivy Newcomer']}").text

    assert 'data-push="create"' in html
    assert "View in AdvancedMD" not in html


def test_an_address_that_is_not_of_the_open_web_is_not_made_clickable(day: TwoWayDay) -> None:
    with day.site.everything() as db:
        db.exec_driver_sql(
            """UPDATE pms_connections SET settings = '{"deep_link": "javascript:alert({id})"}'"""
        )
    day.site.sign_in()

    html = day.site.client.get(f"/sheet/entries/{day.ids['Ben Sketch']}").text

    assert "javascript:" not in html
    assert "View in AdvancedMD" not in html


def test_the_settings_hold_both_switches_and_keep_credentials_to_themselves(
    day: TwoWayDay,
) -> None:
    headers = day.site.sign_in()
    path = f"/connections/{day.connection}"

    page = day.site.client.get(path).text
    version = re.search(r'data-version="(\d+)"', page)
    assert version is not None
    answer = day.site.client.patch(
        f"/api/pms{path}",
        json={"features": {"auto_push": False}},
        headers={**headers, "If-Match": f'"{version[1]}"'},
    )
    after = day.site.client.get(path).text

    assert answer.status_code == 200, answer.text
    assert 'name="auto_push" checked' in page
    assert 'name="auto_push" checked' not in after
    assert "invented" not in page
    assert "<dt>Office key</dt><dd>900123</dd>" in page
    assert "Real-time" in page


def test_the_type_of_new_visits_is_chosen_among_the_practices_own(day: TwoWayDay) -> None:
    with day.site.everything() as db:
        kind = {"account_id": "default", "pms_connection_id": day.connection}
        named = {"pms_type_id": "77", "pms_type_name": "Follow-up"}
        db.execute(insert(pms_appointment_types), {**kind, **named})
        db.execute(update(pms_connections).values(settings={"default_type": "77"}))
    day.site.sign_in()

    page = day.site.client.get(f"/connections/{day.connection}").text

    assert '<option value="77" selected>Follow-up</option>' in page


def test_nothing_is_foreign_or_inline_on_the_page(day: TwoWayDay) -> None:
    day.site.sign_in()

    page = day.site.client.get("/advancedmd").text

    assert "<script>" not in page
    assert "style=" not in page


def test_a_person_is_proposed_by_name_and_birth_and_nobody_is_chosen_yet(day: TwoWayDay) -> None:
    day.site.sign_in()

    card = day.site.client.get(f"/sheet/entries/{day.ids['Joan Walkin']}").text
    choices = day.site.client.get(f"/advancedmd/patients/{day.link}").text

    assert f'data-link-patient="{day.link}"' in card
    assert "Several patients there may be meant; choose one." in card
    assert re.findall(r'name="candidate" value="(\d+)"', choices) == ["40012", "40977"]
    assert choices.count("Born the same day") == 1
    assert " checked" not in choices


def test_what_was_done_for_somebody_is_on_their_card(day: TwoWayDay) -> None:
    day.site.sign_in()

    card = text_of(day.site.client.get(f"/sheet/entries/{day.ids['Joan Walkin']}").text)
    others = day.site.client.get(f"/sheet/entries/{day.ids['Ben Sketch']}").text

    assert "What was done (1) Looked up, not linked 23 Nov 11:03" in card
    assert "patient-past" not in others


def test_what_was_done_for_somebody_stays_on_their_card_once_the_visit_is_the_practices(
    day: TwoWayDay,
) -> None:
    with day.site.everything() as db:
        entries = run_sheet_appointments
        theirs = db.execute(
            update(entries)
            .where(entries.c.id == day.ids["Dan Outline"])
            .values(pms_patient_id="40012")
        )
        linked = {"state": "linked", "pms_patient_id": "40012", "linked_by": "Sam Owner"}
        db.execute(update(patient_links).where(patient_links.c.id == day.link).values(linked))
    day.site.sign_in()

    card = text_of(day.site.client.get(f"/sheet/entries/{day.ids['Dan Outline']}").text)
    others = day.site.client.get(f"/sheet/entries/{day.ids['Ben Sketch']}").text

    assert theirs.rowcount == 1
    assert "What was done (1) Linked Sam Owner, 23 Nov 11:03" in card
    assert "patient-past" not in others


def test_an_operator_does_not_see_who_may_be_meant(day: TwoWayDay) -> None:
    day.site.sign_in(Role.OPS)

    answer = day.site.client.get(f"/advancedmd/patients/{day.link}")

    assert answer.status_code == 403
    assert "JOAN" not in answer.text


def test_a_range_of_days_tells_how_many_rows_it_would_send(day: TwoWayDay) -> None:
    day.site.sign_in()
    days = {"from": "2026-11-23", "to": "2026-11-23", "connection": str(day.connection)}

    told = day.site.client.get("/advancedmd/range", params=days).text
    later = day.site.client.get(
        "/advancedmd/range", params={**days, "from": "2026-11-24", "to": "2026-11-25"}
    ).text

    assert told.startswith("3 rows wait to be sent")
    assert later.startswith("Nothing of these days waits")


def test_people_who_are_not_linked_are_named_to_those_who_may_see_them(day: TwoWayDay) -> None:
    day.site.sign_in()
    seen = day.site.client.get("/advancedmd").text
    day.site.sign_in(Role.OPS)
    unseen = day.site.client.get("/advancedmd").text

    assert "1 patient is not linked" in seen
    assert f'data-link-patient="{day.link}"' in seen
    assert "Joan Walkin" in seen
    assert "Joan Walkin" not in unseen
