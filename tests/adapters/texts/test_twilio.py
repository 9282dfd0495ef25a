"""A text leaves once; whatever Twilio answers says what happens next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.texts.twilio import Twilio
from domain.desk import OutcomeUnknown
from domain.errors import NeedsReconnect, Refused, SyncError, Throttled, Transient
from domain.texts import OptedOut
from infra.http import NotSent

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Line:
    """Answers as told, and keeps what was sent."""

    answer: Answer | Exception
    sent: list[dict[str, Any]] = field(default_factory=list)

    def send(self, method: str, url: str, **about: Any) -> Answer:
        self.sent.append({"method": method, "url": url, **about})
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def twilio(answer: Answer | Exception) -> tuple[Twilio, Line]:
    line = Line(answer)
    ours = Twilio(
        sender=line,
        account_sid="AC1",
        auth_token="token-example",  # noqa: S106 - invented
        messaging_service_sid="MG1",
        clock=lambda: NOW,
        status_url="https://ingress.example/twilio/status",
    )
    return ours, line


def told(status: int, **content: Any) -> Answer:
    return Answer(status, json.dumps(content).encode())


def test_a_text_is_sent_from_the_messaging_service() -> None:
    ours, line = twilio(told(201, sid="SM1"))

    assert ours.send("+12025550143", "Booked.") == "SM1"
    (sent,) = line.sent
    assert sent["url"] == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
    assert sent["auth"] == ("AC1", "token-example")
    assert sent["form"] == {
        "To": "+12025550143",
        "MessagingServiceSid": "MG1",
        "Body": "Booked.",
        "StatusCallback": "https://ingress.example/twilio/status",
    }


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (told(401, code=20003), NeedsReconnect),
        (told(400, code=21211, message="+12025550143 is not valid"), Refused),
        (told(400, code=21610), OptedOut),
        (told(429, code=20429), Throttled),
        (told(503), OutcomeUnknown),
        (Transient("the connection broke"), OutcomeUnknown),
        (NotSent("cannot be reached"), NotSent),
        (Answer(400, b"<html>"), Refused),
    ],
)
def test_each_answer_is_named_for_what_happens_next(
    answer: Answer | Exception, error: type[SyncError]
) -> None:
    ours, _ = twilio(answer)

    with pytest.raises(error) as raised:
        ours.send("+12025550143", "Booked.")

    assert "+1202" not in str(raised.value)


def test_a_pause_is_as_long_as_told() -> None:
    ours, _ = twilio(Answer(429, headers={"retry-after": "30"}))

    with pytest.raises(Throttled) as raised:
        ours.send("+12025550143", "Booked.")

    assert raised.value.until == NOW + timedelta(seconds=30)


def test_a_text_whose_answer_was_lost_is_found_again() -> None:
    messages = [
        {"sid": "SM1", "to": "+12025550143", "body": "Another."},
        {"sid": "SM2", "to": "+12025550143", "body": "Booked."},
    ]
    ours, line = twilio(told(200, messages=messages))

    assert ours.find("+12025550143", "Booked.", since=NOW) == "SM2"
    assert ours.find("+12025550143", "Cancelled.", since=NOW) is None
    assert "To=%2B12025550143" in line.sent[0]["url"]
