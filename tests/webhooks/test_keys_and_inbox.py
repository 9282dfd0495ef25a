"""Keys and deliveries over the API, with the roles, the audit and the bounds of an account."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
import redis

from adapters.storage.upkeep.pruning import prune
from domain.people import Role
from tests.plain import NO_TLS
from tests.webhooks.practice import ACCOUNT, Practice, bundle, practice
from tests.webhooks.serving import bearer

pytestmark = pytest.mark.integration


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    with practice(database_url, redis_client) as connected:
        yield connected


def call(
    clinic: Practice,
    method: str,
    path: str,
    role: Role = Role.OWNER,
    account_id: str = ACCOUNT,
    key: str | None = None,
) -> httpx.Response:
    headers = bearer(account_id, role) | ({"Idempotency-Key": key} if key else {})
    return clinic.ingress.request(method, path, headers=headers)


def hooks(clinic: Practice) -> str:
    return f"/api/pms/connections/{clinic.connection_id}/webhooks"


def test_a_key_is_made_shown_once_and_opens_the_addresses_told(clinic: Practice) -> None:
    made = call(clinic, "POST", hooks(clinic))

    told = made.json()
    assert (made.status_code, told["header"], len(told["key"])) == (201, "X-Webhook-Key", 43)
    assert list(told["urls"]) == ["created", "updated", "deleted"]
    for url in told["urls"].values():
        body = bundle("/main/Appointment/1", stamp=None)
        answer = httpx.post(url, content=body, headers={told["header"]: told["key"]}, verify=NO_TLS)
        assert answer.status_code == 202

    shown = call(clinic, "GET", hooks(clinic))
    assert told["key"] not in shown.text
    assert shown.json()["urls"] == told["urls"]
    assert shown.json()["made_at"] is not None


def test_a_request_for_a_key_that_is_sent_again_is_told_the_same_key(clinic: Practice) -> None:
    first, again = (call(clinic, "POST", hooks(clinic), key="one") for _ in range(2))
    other = call(clinic, "POST", hooks(clinic), key="two")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.json()["key"] != first.json()["key"]


def test_forgetting_the_key_ends_it(clinic: Practice) -> None:
    assert call(clinic, "DELETE", hooks(clinic)).json() == {"success": True}

    assert clinic.notify("1") == 401
    assert call(clinic, "GET", hooks(clinic)).json()["made_at"] is None
    actions = [one["action"] for one in clinic.select("SELECT action FROM pms_audit_logs")]
    assert actions == ["connection.webhook_key_forgotten"]


@pytest.mark.parametrize("role", [Role.BILLING, Role.PROVIDER, Role.OPS])
def test_only_who_configures_makes_keys(clinic: Practice, role: Role) -> None:
    assert call(clinic, "POST", hooks(clinic), role).status_code == 403
    assert call(clinic, "DELETE", hooks(clinic), role).status_code == 403
    assert clinic.notify("1") == 202


def test_another_account_sees_neither_connection_nor_deliveries(clinic: Practice) -> None:
    clinic.execute("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")
    clinic.notify("1")
    [delivery] = clinic.deliveries()

    assert call(clinic, "POST", hooks(clinic), account_id="other").status_code == 404
    assert call(clinic, "GET", "/api/deliveries", account_id="other").json()["deliveries"] == []
    replay = f"/api/deliveries/{delivery['id']}/replay"
    assert call(clinic, "POST", replay, account_id="other").status_code == 404


def test_a_pms_that_sends_none_has_no_key(clinic: Practice) -> None:
    clinic.execute("UPDATE pms_connections SET connector = 'gentu'")

    answer = call(clinic, "POST", hooks(clinic))

    assert answer.status_code == 422
    assert "sends no webhooks" in answer.json()["detail"]


def test_deliveries_are_paged_newest_first_without_their_bodies(clinic: Practice) -> None:
    for number in range(5):
        clinic.notify(str(number))

    first = call(clinic, "GET", "/api/deliveries?limit=3").json()
    cursor = first["next_cursor"]
    second = call(clinic, "GET", f"/api/deliveries?limit=3&cursor={cursor}").json()

    told = [one["subject"] for one in first["deliveries"] + second["deliveries"]]
    assert told == [f"Appointment/{number}" for number in (4, 3, 2, 1, 0)]
    assert second["next_cursor"] is None
    assert "body" not in first["deliveries"][0]


def test_deliveries_are_chosen_by_state(clinic: Practice) -> None:
    clinic.notify("1")
    clinic.post(b"nonsense")

    ignored = call(clinic, "GET", "/api/deliveries?state=ignored").json()["deliveries"]

    assert [one["note"] for one in ignored] == ["The body is not JSON."]
    assert call(clinic, "GET", "/api/deliveries?state=lost").status_code == 422


def test_a_replay_waits_once_more_and_says_why_it_cannot(clinic: Practice) -> None:
    clinic.notify("1")
    clinic.post(b"nonsense")
    wanted, nonsense = clinic.deliveries()

    def replay(row_id: object) -> httpx.Response:
        return call(clinic, "POST", f"/api/deliveries/{row_id}/replay", Role.OPS)

    assert replay(wanted["id"]).status_code == 422
    clinic.work()
    answer = replay(wanted["id"])
    assert (answer.status_code, [answer.json()["job_id"]]) == (202, clinic.jobs("ready"))
    assert replay(nonsense["id"]).status_code == 422
    assert replay(uuid4()).status_code == 404
    assert call(clinic, "POST", f"/api/deliveries/{wanted['id']}/replay", Role.BILLING).is_error


def test_bodies_go_after_a_week_and_deliveries_after_a_month(clinic: Practice) -> None:
    for number in range(3):
        clinic.notify(str(number))
    rows = clinic.deliveries()
    for row, days in zip(rows, (1, 8, 31), strict=True):
        ago = f"now() - interval '{days} days'"
        clinic.execute(
            f"UPDATE deliveries SET received_at = {ago}, last_received_at = {ago}"  # noqa: S608
            f" WHERE id = '{row['id']}'"
        )

    prune(clinic.engine)

    left = {one["id"]: one["body"] is not None for one in clinic.deliveries()}
    assert left == {rows[0]["id"]: True, rows[1]["id"]: False}
