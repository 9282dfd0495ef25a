"""Two requests at the same instant under one Idempotency-Key: one is done, no other beside it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import redis
from sqlalchemy import text

from domain.people import Role
from infra.sealing import Keyring, Sealer
from tests.practice_api.client import Client, dispatch_all
from tests.voice.line import ACCOUNT, KEY
from tests.webhooks.serving import bearer, served

pytestmark = pytest.mark.integration

HEADERS = {**bearer(ACCOUNT, Role.BILLING), "Idempotency-Key": "K1"}
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def at_once(
    api: Client, sent: Sequence[tuple[httpx.Client, Mapping[str, Any]]]
) -> list[httpx.Response]:
    """Each comes in turn as far as it gets while nothing can be stored, then all go on."""
    going: list[Future[httpx.Response]] = []
    with ThreadPoolExecutor() as threads:
        with dispatch_all(api) as db:
            db.execute(text("LOCK TABLE tool_calls IN SHARE ROW EXCLUSIVE MODE"))
            for ingress, body in sent:
                path = "/api/pms/appointments"
                going.append(threads.submit(ingress.post, path, json=body, headers=HEADERS))
                while api.line.value(WAITING) < len(going):
                    assert not going[-1].done(), going[-1].result().text
        return [one.result(timeout=60) for one in going]


def booking(api: Client, clock: str) -> dict[str, Any]:
    start = f"{api.line.day.isoformat()}T{clock}"
    return {"patientId": "PAT-1001", "startTime": start, "type": "Checkup"}


def test_of_two_different_requests_one_is_done_and_the_other_refused(api: Client) -> None:
    ingress = api.line.client

    answers = at_once(api, [(ingress, booking(api, "09:30")), (ingress, booking(api, "11:00"))])

    assert [one.status_code for one in answers] == [201, 422]
    assert "was used for another request" in answers[1].json()["detail"]
    assert len(api.line.desk.sent) == 1


def test_one_request_to_two_processes_amid_a_change_of_the_encryption_key_is_done_once(
    api: Client, redis_client: redis.Redis
) -> None:
    changed = Sealer(Keyring.from_hex("fedcba9876543210" * 4, old=[KEY]))

    with served(api.line.engine, api.database_url, redis_client, changed) as ingress:
        body = booking(api, "09:30")
        first, again = at_once(api, [(api.line.client, body), (ingress, body)])

    assert (first.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.line.desk.sent) == 1
    assert api.line.value("SELECT count(*) FROM tool_calls") == 1
