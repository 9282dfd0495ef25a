"""A storm of repetitions: each valid call comes twenty times at once and has one effect."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
import redis

from domain.work import ANSWER
from tests.practice_api.client import Client, client
from tests.voice.line import SECRET, Line, line
from tests.webhooks.practice import Practice, bundle, practice

pytestmark = pytest.mark.integration

TIMES = 20
CALLS = 500 if "SOAK" in os.environ else 15
BOOKINGS = CALLS // 5
STAMP = "2026-06-01T02:03:04+00:00"
PATIENCE: dict[str, Any] = {"turn_seconds": 20.0, "last_seconds": 28.0}
"""A busy ingress turns callers away, also one of twenty who say the same; not here, for what is
judged is what they are told."""

CLOCKS = tuple(f"{9 + quarter // 4}:{quarter % 4 * 15:02}" for quarter in range(12))

Send = Callable[[], httpx.Response]


def storm(send: Send) -> tuple[int, bytes]:
    """Sent twenty times at the same moment: the one answer that all of them got."""
    with ThreadPoolExecutor(TIMES) as together:
        answers = list(together.map(lambda _: send(), range(TIMES)))
    (answer,) = {(one.status_code, one.content) for one in answers}
    return answer


@pytest.fixture
def phone(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    patient = line(database_url, redis_client, redis_url, calls_a_minute=10**6, **PATIENCE)
    with patient as made, made.worker():
        yield made


def call(phone: Line, number: int) -> Send:
    """A phone call of its own: every fifth books, the others look."""
    phone.hang_up()
    day = phone.day.isoformat()
    asked = ("check-availability", {"date": day})
    if number % 5 == 0:
        clock = CLOCKS[number // 5 % len(CLOCKS)]
        asked = ("book-appointment", {"date": day, "time": clock, "type": "cleaning"})
    message = phone.message([(f"call_{number}", *asked)])
    return lambda: phone.send(message, secret=SECRET)


def test_each_tool_call_is_carried_out_once_and_answered_alike(phone: Line) -> None:
    answers = [storm(call(phone, number)) for number in range(CALLS)]

    assert {status for status, _ in answers} == {200}
    told = [json.loads(body)["results"][0] for _, body in answers]
    assert [one["toolCallId"] for one in told] == [f"call_{number}" for number in range(CALLS)]
    assert phone.value("SELECT count(*) FROM tool_calls") == CALLS
    assert phone.value("SELECT count(*) FROM jobs WHERE kind = :k", k=ANSWER) == CALLS
    assert phone.value("SELECT count(*) FROM deliveries") == CALLS
    assert phone.value("SELECT sum(times) FROM deliveries") == CALLS * TIMES
    confirmed = [one for one in told if "is confirmed for" in one.get("result", "")]
    assert 0 < len(phone.desk.book) == len(confirmed) <= BOOKINGS
    assert phone.value("SELECT count(*) FROM pms_writes WHERE state = 'confirmed'") == len(
        phone.desk.book
    )


@pytest.fixture
def api(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Client]:
    with client(database_url, redis_client, redis_url) as made:
        yield made


def test_a_booking_under_one_key_is_made_once_and_confirmed_to_all(api: Client) -> None:
    body = {
        "patientId": "PAT-1001",
        "startTime": f"{api.line.day.isoformat()}T09:30",
        "type": "Checkup",
    }

    status, said = storm(lambda: api.send("POST", "/appointments", body, key="a-key-of-tests"))

    assert status == 201
    assert json.loads(said)["appointment"]["status"] == "scheduled"
    assert len(api.line.desk.book) == 1
    assert api.line.value("SELECT count(*) FROM pms_writes") == 1


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    with practice(database_url, redis_client) as connected:
        yield connected


def test_a_webhook_is_kept_once_and_counted_twenty_times(clinic: Practice) -> None:
    bodies = [bundle(f"/main/Appointment/{uuid4().hex}", stamp=STAMP) for _ in range(CALLS)]

    answers = {storm(_posted(clinic, body)) for body in bodies}

    assert answers == {(202, b"")}
    kept = clinic.deliveries()
    assert len(kept) == CALLS
    assert {one["times"] for one in kept} == {TIMES}
    assert len(clinic.jobs("ready")) == 1


def _posted(clinic: Practice, body: bytes) -> Send:
    headers = {"X-Webhook-Key": clinic.key}
    return lambda: clinic.ingress.post("/webhooks/halaxy/updated", content=body, headers=headers)
