"""The one-call setup of older clients: set up, listed, told how it stands, tried."""

from typing import Any

import pytest
import redis
from sqlalchemy import text

from domain.people import Role
from tests.practice_api.client import Client, client, dispatch_all

pytestmark = pytest.mark.integration

SIKKA = {
    "provider": "SIKKA",
    "credentials": {
        "applicationId": "app-example",
        "secretKey": "canary-secret-key",
        "practiceId": "D77777",
    },
    "config": {
        "timezone": "America/Chicago",
        "defaultAppointmentDuration": 45,
        "maxDaysAhead": 60,
        "allowOnlineBooking": False,
        "features": {"notes": True},
    },
}


def set_up(api: Client, body: Any = None, **more: Any) -> Any:
    return api.send("POST", "/setup", SIKKA if body is None else body, role=Role.ADMIN, **more)


def test_a_practice_is_set_up_in_one_call(api: Client) -> None:
    answer = set_up(api)

    made = answer.json()["integration"]
    assert (answer.status_code, answer.json()["success"]) == (201, True)
    assert (made["provider"], made["status"]) == ("SIKKA", "SETUP_REQUIRED")
    assert made["config"] == {
        "timezone": "America/Chicago",
        "defaultAppointmentDuration": 45,
        "minAdvanceNoticeMinutes": 60,
        "maxDaysAhead": 60,
        "allowOnlineBooking": False,
    }
    assert (made["features"]["online_booking"], made["features"]["notes"]) == (False, True)


def test_credentials_go_to_the_store_of_secrets_and_into_no_row(api: Client) -> None:
    set_up(api)

    with dispatch_all(api) as db:
        rows = db.execute(text("SELECT pms_connections::text AS row FROM pms_connections")).all()
        audit = db.execute(text("SELECT pms_audit_logs::text AS row FROM pms_audit_logs")).all()

    assert all("canary-secret-key" not in one.row for one in (*rows, *audit))


def test_a_setup_sent_twice_with_its_key_is_one_integration(api: Client) -> None:
    first = set_up(api, key="K1")
    again = set_up(api, key="K1")
    unkeyed = set_up(api)

    assert first.json()["integration"]["id"] == again.json()["integration"]["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert unkeyed.status_code == 409


def test_integrations_are_listed_and_the_serving_one_is_told(api: Client) -> None:
    set_up(api)

    listed = api.told("GET", "/setup", role=Role.OPS)["integrations"]
    status = api.told("GET", "/status", role=Role.PROVIDER)

    assert [one["status"] for one in listed] == ["ACTIVE", "SETUP_REQUIRED"]
    assert (status["provider"], status["status"]) == ("SIKKA", "ACTIVE")
    assert status["lastSyncAt"] is None
    assert status["features"]["appointments"] is True


def test_what_nobody_can_ask_of_a_pms_is_told_as_off_however_it_is_switched(api: Client) -> None:
    with dispatch_all(api) as db:
        db.execute(
            text("UPDATE pms_connections SET connector = 'advancedmd', features = :own"),
            {"own": '{"online_booking": true, "auto_push": true}'},
        )

    told = api.told("GET", "/status", role=Role.PROVIDER)

    assert told["features"]["online_booking"] is False
    assert told["features"]["patients"] is False
    assert told["features"]["auto_push"] is True
    assert told["config"]["allowOnlineBooking"] is False


def test_without_an_integration_there_is_none_to_tell_of(api: Client) -> None:
    with dispatch_all(api) as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Theirs')"))

    status = api.send("GET", "/status", account="other", role=Role.OWNER)
    tried = api.send("POST", "/test-connection", account="other", role=Role.OWNER)
    listed = api.told("GET", "/setup", account="other")

    assert (status.status_code, tried.status_code) == (404, 404)
    assert status.json()["detail"] == "No PMS integration found"
    assert listed["integrations"] == []


@pytest.mark.parametrize("role", [Role.BILLING, Role.PROVIDER, Role.OPS])
def test_only_owners_and_admins_set_up_and_try(api: Client, role: Role) -> None:
    setting_up = api.send("POST", "/setup", SIKKA, role=role)
    trying = api.send("POST", "/test-connection", role=role)

    assert (setting_up.status_code, trying.status_code) == (403, 403)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"provider": "KOLLA"}, "coming soon"),
        ({"provider": "nonsense"}, "cannot be connected"),
        ({"credentials": {}}, "practiceId"),
        ({"credentials": {"practiceId": "two words", "secretKey": "x"}}, "one word"),
        ({"config": {"features": {"teleport": True}}}, "no feature"),
        ({"config": {"timezone": "Mars/Olympus"}}, "not a time zone"),
    ],
)
def test_a_setup_that_cannot_be_used_says_why_and_leaves_nothing(
    api: Client, change: dict[str, Any], said: str
) -> None:
    answer = set_up(api, {**SIKKA, **change})

    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert api.line.value("SELECT count(*) FROM pms_connections") == 1


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"secretKey": "canary-secret-key"}, "secretKey"),
        ({"config": {"allowOnlineBookings": False}}, "allowOnlineBookings"),
        ({"config": {"maxDaysahead": 7}}, "maxDaysahead"),
    ],
)
def test_a_setup_is_told_nothing_by_a_name_that_is_not_known(
    api: Client, change: dict[str, Any], named: str
) -> None:
    answer = set_up(api, {**SIKKA, **change})

    assert answer.status_code == 422
    assert named in answer.text
    assert "canary" not in answer.text
    assert api.line.value("SELECT count(*) FROM pms_connections") == 1


def test_no_other_integration_is_tried_for_a_slip_of_the_pen(api: Client) -> None:
    made = set_up(api).json()["integration"]["id"]

    answer = api.send("POST", "/test-connection", {"integrationID": made}, role=Role.OWNER)

    assert answer.status_code == 422
    assert "integrationID" in answer.text


def test_other_providers_are_set_up_by_their_own_names_for_secrets(api: Client) -> None:
    body = {
        "provider": "HALAXY",
        "credentials": {"clientId": "c", "clientSecret": "s", "practiceId": "O-1"},
        "config": {"timezone": "Australia/Melbourne"},
    }

    answer = set_up(api, body)

    assert answer.status_code == 201, answer.text
    assert answer.json()["integration"]["provider"] == "HALAXY"


def test_a_connection_that_fails_says_so_in_the_words_clients_know(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with client(
        database_url, redis_client, redis_url, works=True, kinds=("check_connection",)
    ) as api:
        answer = api.send("POST", "/test-connection", {}, role=Role.OWNER)

    assert answer.status_code == 200
    assert answer.json()["connectionValid"] is False
    assert answer.json()["message"] == "Connection failed. Please check your credentials."
    assert answer.json()["reason"]


def test_the_integration_that_the_address_names_is_the_one_that_is_tried(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with client(
        database_url, redis_client, redis_url, works=True, kinds=("check_connection",)
    ) as api:
        made = set_up(api).json()["integration"]["id"]
        serving = api.told("GET", "/status", role=Role.OWNER)["id"]
        assert made != serving

        named = api.send("POST", "/test-connection", role=Role.OWNER, integrationId=made)
        both = api.send(
            "POST",
            "/test-connection",
            {"integrationId": serving},
            role=Role.OWNER,
            integrationId=made,
        )

    assert named.json()["integrationId"] == made
    assert both.status_code == 422
    assert "name one of them" in both.json()["detail"]
