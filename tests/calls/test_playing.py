"""Calls played from outside: what a caller hears, in whichever way the messages are signed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from adapters.vapi.verifying import Signed, plan_of
from console.simulators import ROOT
from simulators.calls.conversation import Ending, Step, booking_call, play
from simulators.calls.phone import Phone
from simulators.calls.signing import Signer
from tests.voice.line import ANN, NUMBER_ID, SECRET, Line, line

pytestmark = pytest.mark.integration

PLANS: dict[str, dict[str, Any]] = {
    "bearer": {"type": "bearer", "token": SECRET},
    "a header of its own": {
        "type": "bearer",
        "token": SECRET,
        "headerName": "X-Our-Key",
        "bearerPrefixEnabled": False,
    },
    "hmac with a timestamp": {"type": "hmac", "secretKey": SECRET},
    "hmac over everything": {
        "type": "hmac",
        "secretKey": SECRET,
        "algorithm": "sha512",
        "signatureHeader": "x-vapi-signature",
        "signaturePrefix": "sha512=",
        "signatureEncoding": "base64",
        "payloadFormat": "{method}|{url}|{timestamp}|{body}",
    },
}


@pytest.fixture
def practice(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    with line(database_url, redis_client, redis_url) as made, made.worker():
        yield made


def phone(practice: Line, **more: Any) -> Phone:
    given = {"signer": Signer.from_text(SECRET), "caller": ANN, "number_id": NUMBER_ID, **more}
    return Phone(url=f"{practice.client.base_url}/vapi/webhook", **given)


def test_a_call_ends_with_a_confirmation_number_that_is_the_practices(practice: Line) -> None:
    played = play(phone(practice), booking_call(practice.day.isoformat()))

    assert played.ending is Ending.CONFIRMED
    assert played.number == practice.value("SELECT confirmation FROM pms_writes")
    assert [turn.who for turn in played.turns] == ["caller", "assistant"] * 3
    assert len(practice.desk.book) == 1


def test_messages_delivered_three_times_make_one_booking(practice: Line) -> None:
    played = play(phone(practice, duplicate=3), booking_call(practice.day.isoformat()))

    assert played.ending is Ending.CONFIRMED
    assert len(practice.desk.sent) == 1


def test_a_stranger_is_asked_who_they_are_and_books_once_that_is_proved(practice: Line) -> None:
    day = practice.day.isoformat()
    stranger = play(phone(practice, caller="+12025550111"), booking_call(day))
    known = booking_call(day, {"patientName": "Bob Baker", "dateOfBirth": "1990-07-15"})
    proved = play(phone(practice, caller="+12025550111"), known)

    assert stranger.ending is Ending.NOT_BOOKED
    assert proved.ending is Ending.CONFIRMED


def test_a_call_nobody_can_offer_anything_to_ends_politely(practice: Line) -> None:
    practice.desk.works = []
    practice.desk.slots = []

    played = play(phone(practice), booking_call(practice.day.isoformat()))

    assert played.ending is Ending.NOT_BOOKED
    assert played.turns[-1].text.startswith("Then I shall call again")


def test_a_call_that_is_not_genuine_is_told_as_broken(practice: Line) -> None:
    played = play(phone(practice, signer=Signer.from_text("another")), booking_call())

    assert played.ending is Ending.BROKEN
    assert played.turns[-1].text == "the ingress answered 401"


def test_a_script_may_ask_anything(practice: Line) -> None:
    steps = [Step(says="Who am I?", tool="get-patient-info", arguments={})]

    played = play(phone(practice), steps)

    assert len(played.turns) == 2
    assert played.ending is Ending.NOT_BOOKED


@pytest.mark.parametrize("name", PLANS)
def test_what_it_signs_the_ingress_believes(name: str) -> None:
    url, body = "https://ingress.example/vapi/webhook", b'{"message": {}}'
    headers = Signer.from_text(json.dumps(PLANS[name])).headers(body, url)
    plan = plan_of(PLANS[name], signing_key="k" * 32)
    lower = {key.lower(): value for key, value in headers.items()}
    arrived = Signed(headers=lower, body=body, url=url, now=datetime.now(UTC))

    assert plan.proves(arrived)


def test_many_calls_are_played_from_the_command_line(practice: Line) -> None:
    ended = subprocess.run(  # noqa: S603 - our own command
        [
            sys.executable, "-m", "simulators.calls",
            "--to", f"{practice.client.base_url}/vapi/webhook",
            "--number-id", NUMBER_ID, "--caller", ANN, "--caller", "+12025550178",
            "--day", practice.day.isoformat(),
            "--repeat", "4", "--concurrency", "2", "--duplicate", "2", "--json",
        ],
        cwd=ROOT,
        input=SECRET,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip

    told = json.loads(ended.stdout)
    confirmed = [one for one in told["calls"] if one["ending"] == "confirmed"]
    assert ended.returncode == 0, ended.stderr
    assert len(told["calls"]) == 4
    assert len({one["confirmation"] for one in confirmed}) == len(confirmed) >= 1
    assert len(practice.desk.book) == len(confirmed)
