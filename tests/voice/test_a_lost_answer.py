"""The database is gone for a moment: what a caller hears is what became of the call."""

import pytest
import redis

from tests.cutting import cut_once
from tests.voice.line import Line, line

pytestmark = pytest.mark.integration


def booked(phone: Line) -> str:
    return phone.ask(
        "book-appointment", date=phone.day.isoformat(), time="9:30 am", type="cleaning"
    )


def test_a_call_whose_storing_was_not_heard_of_is_looked_for_before_anything_is_said(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with (
        cut_once(database_url, after=b"INSERT INTO deliveries", at=b"COMMIT") as url,
        line(url, redis_client, redis_url) as phone,
        phone.worker(),
    ):
        said = booked(phone)

        assert "is confirmed for" in said
        assert [one.patient_id for one in phone.desk.book] == ["PAT-1001"]
        assert phone.value("SELECT count(*) FROM tool_calls") == 1
        assert phone.value("SELECT times FROM deliveries") == 2


def test_an_answer_that_cannot_be_read_when_it_comes_is_read_again(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    reading = b"SELECT id, state, answer, account_id"
    with (
        cut_once(database_url, after=reading, at=reading) as url,
        line(url, redis_client, redis_url) as phone,
        phone.worker(),
    ):
        assert "is confirmed for" in booked(phone)
