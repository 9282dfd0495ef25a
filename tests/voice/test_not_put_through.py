"""Who asked for a person and reached nobody is listed for whoever can call them back."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from domain.people import Role
from tests.voice.line import ACCOUNT, ANN, Line, line
from tests.webhooks.serving import bearer

pytestmark = pytest.mark.integration

NO_ANSWER = "call.forwarding.no-answer"
ANOTHER = "+12025550161"


@pytest.fixture
def phone(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    with line(database_url, redis_client, redis_url) as made:
        yield made


def ends(phone: Line, reason: str, *, caller: str = ANN, **more: Any) -> None:
    """The call that is under way, by its report; another one is under way then."""
    told(phone, "end-of-call-report", reason, caller=caller, **more)
    phone.hang_up()


def told(phone: Line, kind: str, reason: str, *, caller: str = ANN, **more: Any) -> None:
    report = phone.message([], caller)
    report["message"] |= {"type": kind, "endedReason": reason, **more}
    assert phone.send(report).status_code == 200


def waiting(phone: Line, role: Role = Role.BILLING) -> list[dict[str, Any]]:
    answer = phone.client.get("/api/pms/writes/untold", headers=bearer(ACCOUNT, role))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["unreached"])


def page(phone: Line) -> str:
    headers = {**bearer(ACCOUNT, Role.BILLING), "Accept": "text/html"}
    return phone.client.get("/deliveries", headers=headers).text


@pytest.mark.parametrize(
    "reason",
    [
        NO_ANSWER,
        "call.forwarding.operator-busy",
        "call.in-progress.error-transfer-failed",
        "call.in-progress.error-warm-transfer-silence-timeout",
        "customer-ended-call-during-transfer",
    ],
)
def test_who_was_to_be_put_through_and_was_not_waits_for_a_call(phone: Line, reason: str) -> None:
    with phone.worker():
        phone.ask("transferToHuman")
    ends(phone, reason)

    [one] = waiting(phone)
    shown = page(phone)

    assert (one["phone"], one["practice"]) == (
        ANN,
        phone.value("SELECT display_name FROM pms_connections"),
    )
    assert "nobody took the call" in shown and ANN not in shown
    assert 'data-count="/deliveries">1<' in shown


@pytest.mark.parametrize("reason", ["assistant-forwarded-call", "customer-ended-call", "voicemail"])
def test_of_any_other_end_nothing_is_kept_of_the_caller(phone: Line, reason: str) -> None:
    ends(phone, reason)

    assert waiting(phone) == []
    assert phone.rows("SELECT FROM phone_calls WHERE caller IS NOT NULL") == []


def test_that_nobody_took_it_may_be_known_only_later(phone: Line) -> None:
    told(phone, "status-update", "assistant-forwarded-call", status="ended")
    assert waiting(phone) == []

    ends(phone, NO_ANSWER)

    assert [one["phone"] for one in waiting(phone)] == [ANN]


def test_who_was_called_is_no_longer_listed_though_the_end_is_told_again(phone: Line) -> None:
    told(phone, "status-update", NO_ANSWER, status="ended")
    [one] = waiting(phone)
    path = f"/api/pms/writes/{one['id']}/told"

    first = phone.client.post(path, headers=bearer(ACCOUNT, Role.BILLING))
    again = phone.client.post(path, headers=bearer(ACCOUNT, Role.BILLING))
    ends(phone, NO_ANSWER)

    assert (first.status_code, again.status_code) == (200, 404)
    assert waiting(phone) == []
    summaries = phone.rows(
        "SELECT request_summary FROM pms_audit_logs WHERE action = 'api.caller_told'"
    )
    assert [row.request_summary for row in summaries] == [f"call {one['id']}"]


def test_several_calls_from_one_number_are_one_to_call_back(phone: Line) -> None:
    for caller in (ANN, ANOTHER, ANN):
        ends(phone, NO_ANSWER, caller=caller)

    listed = waiting(phone)

    assert [one["phone"] for one in listed] == [ANN, ANOTHER]
    assert listed[0]["endedAt"] > listed[1]["endedAt"]


def test_a_number_that_anybody_can_claim_is_not_called_back(phone: Line) -> None:
    report = phone.message([])
    report["message"]["call"]["phoneCallTransport"] = "sip"
    report["message"] |= {"type": "end-of-call-report", "endedReason": NO_ANSWER}
    phone.send(report)

    assert [one["phone"] for one in waiting(phone)] == [None]


def test_only_who_may_call_them_sees_them(phone: Line) -> None:
    ends(phone, NO_ANSWER)

    answers = [
        phone.client.get("/api/pms/writes/untold", headers=bearer(ACCOUNT, role)).status_code
        for role in (Role.OWNER, Role.BILLING, Role.OPS, Role.PROVIDER)
    ]

    assert answers == [200, 200, 403, 403]
