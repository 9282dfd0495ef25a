"""What people change on the sheet reaches the PMS once, and nothing is ever overwritten there."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.storage.people import accounts
from domain.desk import Ability, OutcomeUnknown
from domain.errors import NeedsReconnect, Refused, SyncError, Throttled, Transient
from domain.features import SHEET_PUSHES
from domain.pushes import LOCKED_OUT, NOT_WRITABLE, SWITCHED_OFF, TOO_LONG, UNREACHED
from domain.wishes import WriteKind
from domain.work import PUSH_ENTRY, PUSH_RANGE
from infra.clock import system_clock
from infra.database import dispatch
from tests.pushes.book import NINE
from tests.pushes.office import Office

pytestmark = pytest.mark.integration

SYNCED = ("synced", None)


def kinds(office: Office) -> list[WriteKind]:
    return [one.kind for one in office.book.writes]


@pytest.mark.parametrize(
    ("typed", "kind", "there"),
    [
        ({"status": "arrived"}, WriteKind.SET_STATUS, {"status": "arrived"}),
        ({"status": "completed"}, WriteKind.SET_STATUS, {"status": "completed"}),
        ({"status": "no_show"}, WriteKind.SET_STATUS, {"status": "no_show"}),
        ({"status": "cancelled"}, WriteKind.CANCEL, {"status": "cancelled"}),
        ({"duration_minutes": 45}, WriteKind.RESCHEDULE, {"minutes": 45}),
        ({"start": "11:00"}, WriteKind.RESCHEDULE, {"start": NINE + timedelta(hours=2)}),
    ],
    ids=["check-in", "completed", "no-show", "cancel", "length", "time"],
)
def test_a_change_on_the_sheet_reaches_the_pms(
    office: Office, typed: dict[str, Any], kind: WriteKind, there: dict[str, Any]
) -> None:
    office.types("a-1", **typed)

    office.push()

    visit = office.book.visits["a-1"]
    assert kinds(office) == [kind]
    assert {name: getattr(visit, name) for name in there} == there
    assert office.stands("a-1") == SYNCED


def test_a_page_from_before_a_change_arrived_does_not_take_it_back(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.during = [office.push]

    office.sync()

    assert office.book.visits["a-1"].status == "arrived"
    assert office.row("a-1")["status"] == "arrived"
    office.book.changes("a-1", status="completed")
    office.sync()
    assert office.row("a-1")["status"] == "completed"


def test_what_has_arrived_is_the_pms_s_own_word_at_its_new_version(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.push()

    row = office.row("a-1")
    assert (row["touched"], row["provenance"]) == (None, {})
    assert row["pms_version"] == f"v{office.book.visits['a-1'].version}"
    assert row["pushed_at"] is not None


def test_the_write_is_on_the_rows_own_list_with_who_asked(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.push()

    (write,) = office.all("SELECT * FROM pms_writes")
    assert (write["entry_id"], write["state"]) == (office.id_of("a-1"), "confirmed")
    assert write["asked_by"] == "person:ann"


def test_a_push_leaves_no_step_of_its_own_in_the_history(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.push()

    steps = office.all("SELECT what FROM run_sheet_history")
    assert [one["what"] for one in steps] == ["edited"]


def test_a_person_who_typed_on_is_not_told_that_the_row_was_changed_meanwhile(
    office: Office,
) -> None:
    office.types("a-1", status="arrived")
    before = office.row("a-1")["version"]

    office.push()

    assert office.row("a-1")["version"] == before


def test_time_and_status_are_two_writes_each_with_its_own_version(office: Office) -> None:
    office.types("a-1", status="arrived", duration_minutes=45)

    office.push()

    assert kinds(office) == [WriteKind.RESCHEDULE, WriteKind.SET_STATUS]
    assert office.stands("a-1") == SYNCED


def test_a_change_there_of_something_else_is_taken_in_and_ours_goes_out(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.changes("a-1", minutes=60)

    office.push()

    visit, row = office.book.visits["a-1"], office.row("a-1")
    assert (visit.status, visit.minutes) == ("arrived", 60)
    assert (row["status"], row["duration_minutes"]) == ("arrived", 60)
    assert office.stands("a-1") == SYNCED


def test_a_change_there_of_the_same_is_a_conflict_and_nothing_is_overwritten(
    office: Office,
) -> None:
    office.types("a-1", status="arrived")
    office.book.changes("a-1", status="no_show")

    office.push()

    assert office.book.visits["a-1"].status == "no_show"
    assert office.row("a-1")["status"] == "arrived"
    assert [one["field"] for one in office.conflicts()] == ["status"]
    assert office.book.writes == []


def test_mine_is_sent_with_the_version_that_was_looked_at(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.changes("a-1", status="no_show")
    office.push()

    office.settles("mine")
    office.push()

    assert office.book.visits["a-1"].status == "arrived"
    assert (office.stands("a-1"), office.conflicts()) == (SYNCED, [])


def test_theirs_sends_nothing(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.changes("a-1", status="no_show")
    office.push()

    office.settles("theirs")
    office.push()

    assert office.row("a-1")["status"] == "no_show"
    assert (office.book.writes, office.stands("a-1")) == ([], SYNCED)


def test_a_change_there_in_the_very_moment_of_ours_is_not_lost(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.before = [lambda: office.book.changes("a-1", status="no_show")]

    office.push()

    assert office.book.visits["a-1"].status == "no_show"
    assert len(office.conflicts()) == 1


def test_typing_on_while_a_change_is_on_its_way_is_sent_after_it(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.after = [lambda: office.types("a-1", status="completed")]

    office.push()

    assert [one.wish.status for one in office.book.writes] == ["arrived", "completed"]  # type: ignore[union-attr]
    assert (office.conflicts(), office.stands("a-1")) == ([], SYNCED)


def test_taking_back_what_is_on_its_way_is_sent_after_it(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.after = [lambda: office.undoes_all("a-1")]

    office.push()

    assert office.book.visits["a-1"].status == "booked"
    assert office.row("a-1")["status"] == "booked"


def test_a_sync_in_the_middle_of_a_push_changes_nothing(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.after = [office.sync]

    office.push()

    assert len(office.book.writes) == 1
    assert (office.conflicts(), office.stands("a-1")) == ([], SYNCED)


def test_a_no_is_told_in_its_own_words_and_ends_there(office: Office) -> None:
    office.book.books("a-2", start=NINE + timedelta(hours=1))
    office.sync()

    office.types("a-1", start="10:00")
    office.push()

    assert office.stands("a-1") == ("error", "That time is taken in the book.")
    assert office.row("a-1")["start"] == NINE + timedelta(hours=1)


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (Refused, "Book refused it (it said 422)."),
        (Transient, "Book did not answer as it should (it said 422)."),
    ],
)
def test_a_no_without_words_is_told_without_an_address(
    office: Office, problem: type[SyncError], told: str
) -> None:
    said = "Book: PUT /scheduler/visits/{id} answered 422"
    office.book.before = [problem(said)] * 3
    office.types("a-1", status="arrived")

    office.push()

    assert office.stands("a-1") == ("error", told)


def test_another_try_after_a_no_is_another_write(office: Office) -> None:
    office.book.before = [Refused("not today")]
    office.types("a-1", status="arrived")
    office.push()

    office.ask_push(office.id_of("a-1"))
    office.push()

    assert office.stands("a-1") == SYNCED
    states = office.all("SELECT state FROM pms_writes ORDER BY created_at")
    assert [one["state"] for one in states] == ["failed", "confirmed"]


def test_a_throttled_push_waits_and_goes_as_the_same_write(office: Office) -> None:
    until = system_clock() + timedelta(minutes=1)
    office.book.before = [Throttled("the book's request limit", until=until)]
    office.types("a-1", status="arrived")

    assert office.push_once() == "ready"
    assert office.stands("a-1") == ("pending", "Waits for the book's request limit.")
    office.push()

    assert office.stands("a-1") == SYNCED
    assert len(office.all("SELECT id FROM pms_writes")) == 1


def test_what_waits_is_dropped_when_it_is_not_wanted_any_more(office: Office) -> None:
    until = system_clock() + timedelta(minutes=1)
    office.book.before = [Throttled("the book's request limit", until=until)]
    office.types("a-1", status="arrived")
    office.push_once()

    office.types("a-1", status="no_show")
    office.push()

    assert office.book.visits["a-1"].status == "no_show"
    states = office.all("SELECT state FROM pms_writes ORDER BY created_at")
    assert [one["state"] for one in states] == ["withdrawn", "confirmed"]


def test_an_answer_that_was_lost_is_read_back_and_the_change_is_made_once(office: Office) -> None:
    office.book.after = [OutcomeUnknown("no answer")]
    office.types("a-1", status="arrived")

    office.push()

    assert len(office.book.writes) == 1
    assert office.stands("a-1") == SYNCED


def test_what_never_arrived_is_sent_again_once_that_is_certain(office: Office) -> None:
    office.book.before = [OutcomeUnknown("no answer")]
    office.types("a-1", status="arrived")
    assert office.push_once() == "ready"
    assert office.book.writes == []

    office.time.ahead += timedelta(minutes=2)
    office.push()

    assert len(office.book.writes) == 1
    assert office.stands("a-1") == SYNCED


def test_what_nobody_can_tell_for_hours_is_a_persons_to_look_at(office: Office) -> None:
    office.book.after, office.book.is_silent = [OutcomeUnknown("no answer")], True
    office.types("a-1", status="arrived")
    assert office.push_once() == "ready"

    office.time.ahead += timedelta(hours=7)
    office.push()

    assert office.stands("a-1") == ("error", TOO_LONG)


def test_a_locked_practice_is_not_asked_again_and_says_who_must_act(office: Office) -> None:
    office.book.books("a-2", start=NINE + timedelta(hours=1))
    office.sync()
    office.book.before = [NeedsReconnect("the account is locked")]
    office.types("a-1", status="arrived")
    office.types("a-2", status="arrived")

    office.push()

    assert office.book.writes == []
    assert office.connection().state == "NEEDS_SIGN_IN"
    assert office.stands("a-1") == office.stands("a-2") == ("pending", LOCKED_OUT)


def test_what_waited_for_a_locked_practice_goes_out_after_its_first_sync(office: Office) -> None:
    office.book.before = [NeedsReconnect("the account is locked")]
    office.types("a-1", status="arrived")
    office.push()

    office.all("UPDATE pms_connections SET state = 'ACTIVE' RETURNING id")
    office.sync()
    office.push()

    assert office.book.visits["a-1"].status == "arrived"
    assert office.stands("a-1") == SYNCED


def test_what_waited_goes_out_though_a_sync_asks_first_before_it_takes_rows_off(
    office: Office,
) -> None:
    for n in range(2, 9):
        office.book.books(f"a-{n}", start=NINE + timedelta(hours=n))
    office.sync()
    office.book.before = [NeedsReconnect("the account is locked")]
    office.types("a-1", status="arrived")
    office.push()
    office.all("UPDATE pms_connections SET state = 'ACTIVE' RETURNING id")
    for n in range(2, 9):
        del office.book.visits[f"a-{n}"]

    office.sync(allow_removals=False)
    office.push()

    statuses = office.all("SELECT status FROM pms_sync_log ORDER BY started_at")
    assert statuses[-1]["status"] == "partial"
    assert office.stands("a-1") == SYNCED


def test_a_practice_that_cannot_be_reached_is_tried_again_and_then_says_so(office: Office) -> None:
    office.book.before = [Transient("no line")] * 3
    office.types("a-1", status="arrived")

    office.push()

    assert office.stands("a-1") == ("error", "no line")
    assert office.all("SELECT state FROM pms_writes") == [{"state": "failed"}]


def test_a_row_says_that_its_practice_does_not_answer(office: Office) -> None:
    until = office.time() + timedelta(minutes=1)
    office.book.before = [Throttled("the book's request limit", until=until), Transient("no line")]
    office.types("a-1", status="arrived")
    office.push_once()

    office.push_once()

    assert office.stands("a-1") == ("pending", UNREACHED)


def test_a_visit_that_is_gone_there_leaves_the_sheet(office: Office) -> None:
    office.types("a-1", status="arrived")
    del office.book.visits["a-1"]

    office.push()

    assert office.row("a-1")["removed_at"] is not None
    assert office.book.writes == []


def test_a_desk_that_cannot_do_it_is_not_asked(office: Office) -> None:
    office.book.abilities = frozenset({Ability.SEARCH_PATIENTS})
    office.types("a-1", status="arrived")

    office.push()

    assert office.stands("a-1") == ("error", NOT_WRITABLE)


def test_undoing_after_it_has_arrived_sends_the_old_value_back(office: Office) -> None:
    office.types("a-1", start="11:00")
    office.push()
    office.types("a-1", start="09:00")
    office.push()

    assert office.book.visits["a-1"].start == NINE
    assert len(office.book.writes) == 2


def test_a_row_that_waits_for_a_person_is_not_asked_about_at_every_sync(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.changes("a-1", status="no_show")
    office.push()
    assert len(office.conflicts()) == 1

    office.sync()

    assert office.ready((PUSH_ENTRY, PUSH_RANGE)) == []


def test_what_somebody_sees_to_by_hand_is_read_again_first(office: Office) -> None:
    office.book.changes("a-1", minutes=60)

    office.ask_push(office.id_of("a-1"), read_first=True)
    office.push()

    assert office.row("a-1")["duration_minutes"] == 60
    assert (office.book.writes, office.stands("a-1")) == ([], SYNCED)


def switch(office: Office, *, is_on: bool) -> None:
    """Whether what people change goes out at all, for this account."""
    with dispatch(office.engine) as db:
        accounts.switch(db, office.account, {SHEET_PUSHES: is_on})


def test_what_waits_when_pushes_are_switched_off_goes_once_they_are_on_again(
    office: Office,
) -> None:
    office.types("a-1", status="arrived")
    switch(office, is_on=False)

    office.push()

    assert (office.book.writes, office.stands("a-1")) == ([], ("pending", SWITCHED_OFF))
    switch(office, is_on=True)
    office.sync()
    office.push()
    assert office.stands("a-1") == SYNCED
    assert office.book.visits["a-1"].status == "arrived"
