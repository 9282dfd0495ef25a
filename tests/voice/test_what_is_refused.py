"""What comes after a call's end, or under the id of another request, is told nothing."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from sqlalchemy import text

from infra.database import transaction
from producers.webhooks.vapi import ANOTHER_REQUEST, HAS_ENDED
from tests.voice.line import Line, line

pytestmark = pytest.mark.integration


@pytest.fixture
def phone(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    with line(database_url, redis_client, redis_url) as made, made.worker():
        yield made


def test_after_its_end_was_reported_a_call_hears_nothing_of_a_patient(phone: Line) -> None:
    assert "Ann Ames" in phone.ask("getPatientInfo")
    report = phone.message([])
    report["message"] |= {"type": "end-of-call-report", "endedReason": "customer-ended-call"}

    phone.send(report)

    assert phone.ask("getPatientInfo") == HAS_ENDED
    assert len(phone.rows("SELECT FROM tool_calls")) == 1
    phone.hang_up()
    assert "Ann Ames" in phone.ask("getPatientInfo")


def test_one_id_with_two_tools_is_answered_for_the_first_only(phone: Line) -> None:
    info = phone.message([("a", "getPatientInfo", {})])
    (first,) = phone.results(info)
    other, beside = phone.results(
        phone.message([("a", "checkAvailability", {}), ("b", "transferToHuman", {})])
    )
    (again,) = phone.results(info)

    assert "Ann Ames" in first["result"]
    assert other == {"toolCallId": "a", "name": "checkAvailability", "error": ANOTHER_REQUEST}
    assert "result" in beside
    assert again == first


def test_one_id_with_other_arguments_is_answered_for_the_first_only(phone: Line) -> None:
    start = phone.desk.works[0].window.start
    for days in (0, 1):
        phone.desk.add("PAT-1001", start + timedelta(days=days))
    today, tomorrow = (
        phone.message([("a", "cancelAppointment", {"date": day.isoformat()})])
        for day in (phone.day, phone.day + timedelta(days=1))
    )

    (first,), (other,), (again,) = (phone.results(one) for one in (today, tomorrow, today))

    assert "This appointment is cancelled" in first["result"]
    assert other == {"toolCallId": "a", "name": "cancelAppointment", "error": ANOTHER_REQUEST}
    assert again == first
    assert len(phone.desk.sent) == 1


def test_what_was_kept_before_arguments_were_printed_is_known_by_its_tool(phone: Line) -> None:
    info = phone.message([("a", "getPatientInfo", {})])
    (first,) = phone.results(info)
    with transaction(phone.engine) as db:
        db.execute(text("UPDATE tool_calls SET arguments_print = NULL"))

    (again,) = phone.results(phone.message([("a", "getPatientInfo", {"reason": "curious"})]))

    assert again == first
