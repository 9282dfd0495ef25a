"""What a practice's system has taken on, and its book then shows at another time, or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis

from domain.appointments import Patient, Status
from domain.desk import Receipt
from domain.errors import NeedsReconnect, Transient
from domain.texts import NO_LONGER_SO
from domain.window import zone
from domain.work import SEND_TEXT, SETTLE
from infra.clock import system_clock
from tests.voice.line import ACCOUNT, ANN, Carrier, Line, line
from tests.voice.test_afterwards import texts, to_be_told
from tests.webhooks.serving import bearer
from tests.workers.tools.desk import ZONE

pytestmark = pytest.mark.integration


@pytest.fixture
def brief(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    """Whose callers are told after a second what is not final yet."""
    with line(database_url, redis_client, redis_url, answer_seconds=4) as made:
        yield made


def booked(phone: Line) -> str:
    with phone.worker():
        said = phone.ask("bookAppointment", startTime=f"{phone.day}T09:00")
    assert "is confirmed for" in said
    return said


def at(phone: Line, clock: str) -> datetime:
    return datetime.combine(phone.day, time.fromisoformat(clock), zone(ZONE))


def shows(phone: Line, **about: Any) -> None:
    """The practice's book comes to hold the one appointment otherwise."""
    [one] = phone.desk.book
    if "start" in about:
        about["end"] = about["start"] + one.duration
    phone.desk.book = [replace(one, **about)]


def on_the_sheet(phone: Line, start: datetime, *, read_at: datetime) -> None:
    """The row a sync has made of it."""
    sheet_id = uuid4()
    phone.rows(
        "INSERT INTO run_sheets (id, account_id, day) VALUES (:id, :account_id, :day) RETURNING id",
        id=sheet_id,
        account_id=ACCOUNT,
        day=phone.day,
    )
    phone.rows(
        "INSERT INTO run_sheet_appointments (id, account_id, run_sheet_id, pms_connection_id,"
        " pms_appointment_id, source, appointment_time, appointment_duration_minutes,"
        " appointment_status, timezone, pms_start, pms_last_synced_at)"
        " SELECT :id, :account_id, :sheet, :own, pms_id, 'pms', :start, 30, 'booked', 'UTC',"
        " :start, :read_at FROM pms_writes RETURNING id",
        id=uuid4(),
        account_id=ACCOUNT,
        sheet=sheet_id,
        own=phone.connection_id,
        start=start,
        read_at=read_at,
    )


def later(phone: Line, **ago: float) -> None:
    """The look that comes so long after the write was settled."""
    phone.rows(
        "UPDATE pms_writes SET settled_at = now() - :ago WHERE settled_at IS NOT NULL RETURNING id",
        ago=timedelta(**ago),
    )
    phone.rows("UPDATE jobs SET due_at = now() WHERE kind = 'settle_write' RETURNING id")
    phone.carry(SETTLE)


def settling(phone: Line) -> list[Any]:
    return [one.state for one in phone.rows("SELECT state FROM jobs WHERE kind = 'settle_write'")]


def test_who_was_booked_at_another_time_than_was_confirmed_hears_which_in_a_text(
    phone: Line,
) -> None:
    booked(phone)
    shows(phone, start=at(phone, "10:30"))
    on_the_sheet(phone, at(phone, "10:30"), read_at=system_clock() + timedelta(seconds=5))

    later(phone, seconds=1)

    [(recipient, body)] = texts(phone)
    assert recipient == ANN
    assert body.startswith("Example Dental: our book has your appointment for ")
    assert " at 10:30 am, and not for " in body
    assert body.endswith(" at 9 am as you asked. Please call us if that does not suit you.")
    assert "confirmed" not in body and "Ann" not in body
    assert settling(phone) == ["done"]


def test_the_practice_sees_what_its_book_has_otherwise_until_somebody_has_seen_to_it(
    phone: Line,
) -> None:
    booked(phone)
    shows(phone, start=at(phone, "10:30"))
    on_the_sheet(phone, at(phone, "10:30"), read_at=system_clock() + timedelta(seconds=5))
    later(phone, seconds=1)
    phone.carry(SEND_TEXT)

    [one] = to_be_told(phone)
    headers = {**bearer(ACCOUNT), "Accept": "text/html"}
    page = phone.client.get("/deliveries/list", headers=headers).text
    address = f"/api/pms/writes/{one['id']}"
    alone = phone.client.get(address, headers=bearer(ACCOUNT)).json()["write"]
    told = phone.client.post(f"{address}/told", headers=bearer(ACCOUNT))

    assert (alone["shown"], alone["shownTime"]) == (one["shown"], one["shownTime"])
    assert (one["shown"], one["status"], one["phone"]) == ("elsewhere", "confirmed", ANN)
    assert datetime.fromisoformat(str(one["shownTime"])) == at(phone, "10:30")
    assert "at 9 am and taken, but the book has it on " in page and "at 10:30 am." in page
    assert "A text has told them so." in page and "Not as asked" in page
    assert told.status_code == 200
    assert to_be_told(phone) == []


def test_what_the_practice_has_put_right_is_to_be_seen_to_no_more(phone: Line) -> None:
    booked(phone)
    shows(phone, start=at(phone, "10:30"))
    on_the_sheet(phone, at(phone, "10:30"), read_at=system_clock() + timedelta(seconds=5))
    later(phone, seconds=1)
    assert len(to_be_told(phone)) == 1

    phone.rows(
        "UPDATE run_sheet_appointments SET pms_start = :at RETURNING id", at=at(phone, "09:00")
    )

    assert to_be_told(phone) == []


def test_a_row_that_was_read_before_the_booking_was_taken_says_nothing_of_it(phone: Line) -> None:
    booked(phone)
    on_the_sheet(phone, at(phone, "10:30"), read_at=system_clock() - timedelta(hours=1))

    later(phone, seconds=1)

    assert texts(phone) == []
    assert settling(phone) == ["ready"]


def test_a_move_is_believed_for_as_long_as_a_copy_of_the_book_may_be_old(phone: Line) -> None:
    phone.desk.add("PAT-1001", at(phone, "09:00"))
    with phone.worker():
        said = phone.ask("rescheduleAppointment", newDate=f"{phone.day}", newTime="11:00")
    assert "The new time is confirmed" in said
    shows(phone, start=at(phone, "09:00"))

    later(phone, minutes=50)
    believed = (texts(phone), settling(phone))
    later(phone, minutes=70)

    assert believed == ([], ["ready"])
    [(_, body)] = texts(phone)
    assert " at 9 am, and not for " in body and " at 11 am as you asked." in body
    assert [one["shown"] for one in to_be_told(phone)] == ["elsewhere"]


def test_who_is_in_no_book_after_an_hour_is_told_not_to_rely_on_it(phone: Line) -> None:
    booked(phone)
    phone.desk.book = []

    later(phone, minutes=70)

    [(_, body)] = texts(phone)
    assert "we cannot find your appointment for " in body
    assert "Somebody at the practice will call you" in body
    assert [one["shown"] for one in to_be_told(phone)] == ["missing"]


def test_a_cancellation_that_the_book_does_not_show_is_the_practices_to_put_right(
    phone: Line,
) -> None:
    phone.desk.add("PAT-1001", at(phone, "09:00"))
    with phone.worker():
        assert "is cancelled" in phone.ask("cancelAppointment")
    shows(phone, status=Status.BOOKED)

    later(phone, minutes=70)

    assert texts(phone) == []
    [one] = to_be_told(phone)
    page = phone.client.get("/deliveries/list", headers=bearer(ACCOUNT)).text
    assert one["shown"] == "standing"
    assert "it is cancelled, but it is still in the book" in page
    assert "Not told:" not in page


@pytest.mark.parametrize(
    "about",
    [{}, {"pms_id": "another"}, {"status": Status.CANCELLED}],
    ids=["as it was asked for", "by another id", "called off by the practice"],
)
def test_nobody_is_alarmed_where_the_book_has_it_or_the_practice_has_called_it_off(
    phone: Line, about: dict[str, Any]
) -> None:
    booked(phone)
    shows(phone, **about)

    later(phone, minutes=70)

    assert texts(phone) == []
    assert to_be_told(phone) == []
    assert settling(phone) == ["done"]


def test_who_has_moved_it_since_hears_nothing_of_where_the_book_had_it(phone: Line) -> None:
    booked(phone)
    with phone.worker():
        phone.ask("rescheduleAppointment", newDate=f"{phone.day}", newTime="10:30")

    later(phone, minutes=70)

    assert texts(phone) == []
    assert to_be_told(phone) == []


def test_a_book_that_cannot_be_looked_at_is_looked_at_later_and_says_nothing_against_anybody(
    phone: Line,
) -> None:
    booked(phone)
    phone.desk.book = []
    phone.desk.fails = Transient("away")
    later(phone, minutes=70)
    away = settling(phone)

    phone.desk.fails = NeedsReconnect("signed out")
    later(phone, minutes=80)

    assert away == ["ready"]
    assert settling(phone) == ["done"]
    assert texts(phone) == []
    assert to_be_told(phone) == []


def test_a_confirmation_that_has_not_left_yet_is_not_sent_once_the_book_denies_it(
    phone: Line,
) -> None:
    booked(phone)
    phone.rows("UPDATE pms_writes SET told = 'requested' RETURNING id")
    later(phone, seconds=1)
    assert "is confirmed for" in texts(phone)[0][1]
    shows(phone, start=at(phone, "10:30"))

    later(phone, minutes=70)
    phone.carry(SEND_TEXT)

    carrier = phone.parts.texts
    assert isinstance(carrier, Carrier)
    [(_, body)] = carrier.sent
    assert "our book has your appointment" in body
    told = phone.rows("SELECT state, reason FROM text_messages ORDER BY created_at")
    assert told[0] == ("off", NO_LONGER_SO)


@pytest.mark.parametrize("ago", [{"seconds": 1}, {"minutes": 70}], ids=str)
def test_what_a_caller_is_moving_just_now_is_not_told_as_an_error_of_the_book(
    brief: Line, ago: dict[str, float]
) -> None:
    booked(brief)
    on_the_sheet(brief, at(brief, "10:30"), read_at=system_clock() + timedelta(seconds=5))
    brief.desk.takes = Receipt(number="77")
    with brief.worker():
        brief.ask("rescheduleAppointment", newDate=brief.day.isoformat(), newTime="10:30")
    shows(brief, start=at(brief, "10:30"))
    states = {one.kind: one.state for one in brief.rows("SELECT kind, state FROM pms_writes")}
    assert states == {"book": "confirmed", "reschedule": "submitted"}

    later(brief, **ago)

    assert (texts(brief), to_be_told(brief)) == ([], [])
    assert settling(brief) == ["ready", "ready"]


@pytest.mark.parametrize(
    ("state", "sent"),
    [("failed", timedelta(minutes=69)), ("unknown", timedelta(hours=7))],
    ids=["not done", "never known"],
)
def test_once_a_move_comes_to_nothing_the_book_is_believed_again(
    brief: Line, state: str, sent: timedelta
) -> None:
    booked(brief)
    brief.desk.takes = Receipt(number="77")
    with brief.worker():
        brief.ask("rescheduleAppointment", newDate=brief.day.isoformat(), newTime="10:30")
    shows(brief, start=at(brief, "10:30"))
    brief.rows(
        "UPDATE pms_writes SET state = :state, submitted_at = now() - :sent"
        " WHERE kind = 'reschedule' RETURNING id",
        state=state,
        sent=sent,
    )

    later(brief, minutes=70)

    assert any("our book has your appointment for " in body for _, body in texts(brief))


@pytest.mark.parametrize(
    "about",
    [{"patient": Patient(pms_id="PAT-1002")}, {"status": Status.CANCELLED}],
    ids=["somebody else's", "called off"],
)
def test_another_visit_at_that_minute_does_not_stand_for_a_booking_that_is_missing(
    phone: Line, about: dict[str, Any]
) -> None:
    booked(phone)
    shows(phone, pms_id="APT-9", **about)
    phone.desk.is_careless = True

    later(phone, minutes=70)

    assert [one["shown"] for one in to_be_told(phone)] == ["missing"]


def test_a_practice_that_cannot_be_asked_for_the_number_has_it_to_see_to_all_the_same(
    phone: Line,
) -> None:
    booked(phone)
    phone.rows("UPDATE tool_calls SET caller = NULL RETURNING id")
    phone.desk.fails, phone.desk.fails_at = NeedsReconnect("signed out"), "patient"
    phone.desk.book = []

    later(phone, minutes=70)

    assert texts(phone) == []
    assert [one["shown"] for one in to_be_told(phone)] == ["missing"]


def test_nobody_is_said_to_have_been_told_where_nobody_was(phone: Line) -> None:
    booked(phone)
    phone.rows("UPDATE pms_writes SET told = NULL, call_id = NULL RETURNING id")
    phone.desk.book = []

    later(phone, minutes=70)

    headers = {**bearer(ACCOUNT), "Accept": "text/html"}
    page = phone.client.get("/deliveries/list", headers=headers).text
    assert "It was asked for on " in page and "but it is not in the book." in page
    assert "They were told" not in page
