"""Who was not booked, and was to be called for that, may have the appointment by now."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
import redis

from domain.desk import Outcome, Receipt, Verdict
from domain.people import Role
from domain.window import zone
from domain.work import SEND_TEXT, SETTLE
from tests.voice.line import ACCOUNT, ANN, Line, line
from tests.voice.test_afterwards import ANSWER_SECONDS, on_the_sheet, texts, to_be_told
from tests.webhooks.serving import bearer
from tests.workers.tools.desk import ZONE

pytestmark = pytest.mark.integration

HUSBAND = "+12025550161"
HERS = {"name": "Ann Ames", "dob": "1985-03-02"}
DONE_AT_ONCE = Receipt(is_final=True, pms_id="N1")


@pytest.fixture(params=[False], ids=["without texts"])
def phone(
    request: pytest.FixtureRequest, database_url: str, redis_client: redis.Redis, redis_url: str
) -> Iterator[Line]:
    """Ann and her husband have asked for 9 am, and the practice's system has refused it."""
    with line(
        database_url, redis_client, redis_url, answer_seconds=ANSWER_SECONDS, texts=request.param
    ) as made:
        made.desk.takes = Receipt(number="77")
        asks(made, "09:00", caller=ANN)
        asks(made, "09:00", caller=HUSBAND)
        made.desk.outcomes = [Outcome(verdict=Verdict.FAILED)]
        made.carry(SETTLE)
        made.desk.takes = DONE_AT_ONCE
        yield made


def asks(phone: Line, clock: str, *, caller: str) -> str:
    """In a call of its own."""
    phone.hang_up()
    with phone.worker():
        return phone.ask("bookAppointment", caller=caller, startTime=f"{phone.day}T{clock}", **HERS)


def at(phone: Line, hour: int) -> datetime:
    return datetime.combine(phone.day, time(hour), zone(ZONE)).astimezone(UTC)


def shown_at(phone: Line) -> set[datetime | None]:
    times = [one["onSheetTime"] for one in to_be_told(phone)]
    return {datetime.fromisoformat(each) if each else None for each in times}


def page(phone: Line) -> str:
    headers = {**bearer(ACCOUNT, Role.OWNER), "Accept": "text/html"}
    return phone.client.get("/deliveries/list", headers=headers).text


def test_who_is_booked_at_that_time_by_another_call_is_called_back_no_more(phone: Line) -> None:
    phone.carry(SEND_TEXT)
    before = {one["phone"] for one in to_be_told(phone)}

    said = asks(phone, "09:00", caller=ANN)

    assert before == {ANN, HUSBAND}
    assert "is confirmed for" in said
    assert to_be_told(phone) == []


@pytest.mark.parametrize("phone", [True], indirect=True, ids=["with texts"])
def test_no_text_says_that_it_failed_once_another_call_has_booked_it(phone: Line) -> None:
    asks(phone, "09:00", caller=ANN)

    phone.carry(SEND_TEXT)

    [_, (_, body)] = [(None, None), *texts(phone)]
    assert "could not be carried out" in body
    assert phone.rows("SELECT state FROM text_messages") == [("off",)]


def test_who_is_booked_at_another_time_is_still_called_and_whoever_calls_sees_it(
    phone: Line,
) -> None:
    """They may have wanted both."""
    phone.carry(SEND_TEXT)
    asks(phone, "10:00", caller=ANN)
    on_the_sheet(phone, "Ann Ames", start=at(phone, 10))

    listed = to_be_told(phone)

    assert {one["phone"] for one in listed} == {ANN, HUSBAND}
    assert shown_at(phone) == {at(phone, 10)}
    assert "at 9 am could not be booked. The sheet has them on " in page(phone)
    assert "at 10 am by now." in page(phone)


def test_who_was_booked_at_the_desk_is_still_called_and_whoever_calls_sees_it(phone: Line) -> None:
    """Staff may have done so because of the list, and nobody has told them."""
    phone.carry(SEND_TEXT)
    on_the_sheet(phone, "Ann Ames", start=at(phone, 9))

    assert "at 9 am could not be booked. The sheet has them on " in page(phone)
    assert shown_at(phone) == {at(phone, 9)}


@pytest.mark.parametrize("status", ["cancelled", "no_show"])
def test_what_the_desk_has_called_off_again_is_no_appointment_of_theirs(
    phone: Line, status: str
) -> None:
    phone.carry(SEND_TEXT)
    on_the_sheet(phone, "Ann Ames", start=at(phone, 9), status=status)

    assert {one["onSheetTime"] for one in to_be_told(phone)} == {None}
    assert "The sheet has them" not in page(phone)


def test_what_is_past_by_now_is_no_appointment_to_come(phone: Line) -> None:
    phone.carry(SEND_TEXT)
    on_the_sheet(phone, "Ann Ames", start=at(phone, 9) - timedelta(days=7))

    assert {one["onSheetTime"] for one in to_be_told(phone)} == {None}


def test_somebody_elses_booking_at_that_time_takes_nobody_off_the_list(phone: Line) -> None:
    phone.carry(SEND_TEXT)
    phone.hang_up()
    with phone.worker():
        said = phone.ask(
            "bookAppointment",
            startTime=f"{phone.day}T09:00",
            name="Bob Baker",
            dob="1990-07-15",
        )

    assert "is confirmed for" in said
    assert {one["phone"] for one in to_be_told(phone)} == {ANN, HUSBAND}
