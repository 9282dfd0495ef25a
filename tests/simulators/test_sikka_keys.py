from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from simulators.sikka import Knobs
from tests.simulators.sikka_desk import NOW, Desk, code, opened, setup


def test_a_key_comes_with_the_documented_fields_and_its_life_as_a_sentence(desk: Desk) -> None:
    told = desk.grant().json()

    assert told.keys() == {
        "href", "request_key", "start_time", "end_time", "expires_in", "issued_to", "status",
        "request_count", "scope", "domain", "refresh_key",
    }  # fmt: skip
    assert (told["start_time"], told["end_time"]) == ("2026-06-02T14:00:00", "2026-06-03T14:00:00")
    assert told["expires_in"] == "86400 second(s)"
    assert (told["issued_to"], told["status"]) == ("D90001", "active")
    assert {"appointments", "patients", "practices"} < set(told["scope"].split(","))


def test_asking_again_hands_back_the_key_that_still_runs_with_what_is_left(desk: Desk) -> None:
    first = desk.grant().json()
    desk.wait(797)

    again = desk.grant().json()
    assert again["request_key"] == first["request_key"]
    assert again["expires_in"] == "85603 second(s)"
    assert int(again["request_count"]) == int(first["request_count"]) + 1


def test_a_refresh_key_buys_a_new_key(desk: Desk) -> None:
    first = desk.grant().json()

    told = desk.grant(grant_type="refresh_key", office_id=None, secret_key=None).json()
    assert told["request_key"] != first["request_key"]
    assert told["refresh_key"] == first["refresh_key"]
    assert desk.get("practices").status_code == 200


def test_a_refresh_may_change_the_refresh_key_and_end_the_key_before_it(desk: Desk) -> None:
    desk.knob(rotates_refresh_keys=True, many_keys=False)
    first = desk.grant().json()

    told = desk.grant(grant_type="refresh_key").json()
    assert told["refresh_key"] != first["refresh_key"]
    assert code(desk.get("practices")) == (400, "API1025")


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ({"app_id": None}, (400, "API1001")),
        ({"app_key": None}, (400, "API1002")),
        ({"office_id": None}, (400, "API1003")),
        ({"secret_key": None}, (400, "API1005")),
        ({"app_key": "k" * 32}, (401, "API2003")),
        ({"secret_key": "wrong"}, (401, "API2007")),
        ({"office_id": "D1"}, (401, "API2007")),
        ({"grant_type": None}, (400, "API1020")),
        ({"grant_type": "authorization_code"}, (400, "API1026")),
        ({"grant_type": "refresh_key", "refresh_key": None}, (400, "API1020")),
        ({"grant_type": "refresh_key", "refresh_key": "unknown"}, (400, "API1026")),
    ],
)
def test_a_bad_request_for_a_key_is_refused(desk: Desk, told: Any, answer: Any) -> None:
    assert code(desk.grant(**told)) == answer


def test_an_expired_key_is_400_and_never_401(desk: Desk) -> None:
    desk.wait(86_399)
    assert desk.get("practices").status_code == 200
    desk.wait(2)

    reply = desk.get("practices")
    assert code(reply) == (400, "API1025")
    assert reply.json() == {
        "http_code": "400",
        "http_code_desc": "BadRequest",
        "error_code": "API1025",
        "short_message": "Request key expired",
        "long_message": "Request key expired",
        "more_information": "",
    }
    desk.sign()
    assert desk.get("practices").status_code == 200


def test_every_key_can_be_made_to_expire(desk: Desk) -> None:
    assert desk.control("POST", "expire-tokens") == {"expired": 1}

    assert code(desk.get("practices")) == (400, "API1025")


def test_a_missing_or_unknown_key_is_400(desk: Desk) -> None:
    desk.http.headers["Request-Key"] = "unknown"
    assert code(desk.get("practices")) == (400, "API1004")

    del desk.http.headers["Request-Key"]
    assert code(desk.get("practices")) == (400, "API1004")


def test_every_answer_to_a_key_says_when_it_ends(desk: Desk) -> None:
    for reply in (desk.get("practices"), desk.get("nothing_of_the_kind")):
        ends = parsedate_to_datetime(reply.headers["Request-Key-Expires"])
        assert ends == datetime.fromisoformat(NOW) + timedelta(days=1)


def test_a_key_can_be_looked_at_and_given_back(desk: Desk) -> None:
    key = desk.sign()
    assert desk.get("request_key_info", request_key=key).json()["status"] == "active"

    assert code(desk.http.delete("/request_key")) == (200, "API0002")
    assert code(desk.get("practices")) == (400, "API1004")


def test_a_refresh_key_can_be_deleted(desk: Desk) -> None:
    gone = desk.credentials()["refresh_key"]

    reply = desk.http.delete("/refresh_key", headers={**desk.app, "Refresh-Key": gone})
    assert code(reply) == (200, "API0002")
    assert code(desk.grant(grant_type="refresh_key", refresh_key=gone)) == (400, "API1026")
    assert desk.grant().status_code == 200


def test_an_endpoint_outside_the_plan_is_401(desk: Desk) -> None:
    desk.knob(unlicensed=["patients"])

    assert code(desk.get("patients")) == (401, "API2004")
    assert "patients" not in desk.grant().json()["scope"].split(",")


def test_the_application_sees_the_first_practice_of_each_office_unless_it_asks_for_all() -> None:
    with opened(setup(tenants=4)) as desk:
        first = desk.http.get("/authorized_practices", headers=desk.app).json()["items"]
        every = desk.http.get("/authorized_practices?show=all", headers=desk.app).json()["items"]

        assert [row["office_id"] for row in first] == ["D90001", "D90002", "D90003", "D90004"]
        assert [row["practice_id"] for row in every] == ["1", "1-1"] * 4
        assert [row["practice_management_system"] for row in first] == [
            "Dentrix", "Eaglesoft", "Open Dental", "OrthoTrac",
        ]  # fmt: skip
        assert first[0]["secret_key"] == desk.credentials()["secret_key"]


def test_time_zones_have_the_names_windows_gives_them() -> None:
    with opened(setup(tenants=4)) as desk:
        rows = desk.http.get("/authorized_practices", headers=desk.app).json()["items"]

        assert [row["practice_management_system_refresh_date_time_zone"] for row in rows] == [
            "Eastern Standard Time", "US Mountain Standard Time", "Pacific Standard Time",
            "Central Standard Time",
        ]  # fmt: skip
        assert rows[0]["difference_in_minutes"] == "240"


def test_practices_of_the_application_are_filtered_and_found_by_office() -> None:
    with opened(setup(tenants=4)) as desk:
        pms = {"practice_management_system": "Eaglesoft"}
        found = desk.http.get("/authorized_practices", params=pms, headers=desk.app).json()
        one = desk.http.get("/authorized_practices/D90003", headers=desk.app).json()

        assert [row["office_id"] for row in found["items"]] == ["D90002"]
        assert [row["office_id"] for row in one["items"]] == ["D90003"]


def test_the_application_must_say_who_it_is(desk: Desk) -> None:
    del desk.http.headers["Request-Key"]
    wrong = {**desk.app, "App-Key": "k" * 32}

    assert code(desk.http.get("/authorized_practices")) == (400, "API1001")
    assert code(desk.http.get("/authorized_practices", headers=wrong)) == (401, "API2003")
    assert code(desk.http.get("/data_sync_status", headers=wrong)) == (401, "API2003")


def test_a_request_key_shows_the_practices_of_its_own_office() -> None:
    with opened(setup(tenants=2)) as desk:
        rows = desk.get("authorized_practices", show="all").json()["items"]

        assert {row["office_id"] for row in rows} == {"D90001"}


def test_a_client_may_bring_its_own_application_key(desk: Desk) -> None:
    desk.control("POST", "credentials", app_id="a" * 32, app_key="b" * 32)

    assert desk.app == {"App-Id": "a" * 32, "App-Key": "b" * 32}
    assert desk.grant().status_code == 200


def test_an_office_that_has_never_uploaded_is_500(desk: Desk) -> None:
    desk.control("POST", "tenants/D90001", is_uploaded=False)

    assert code(desk.get("appointments")) == (500, "API2010")


def test_an_office_without_authorisation_is_401(desk: Desk) -> None:
    desk.control("POST", "tenants/D90001", is_authorised=False)

    assert code(desk.get("appointments")) == (401, "API2007")
    assert code(desk.grant()) == (401, "API2007")


def test_keys_may_live_for_less_and_be_new_each_time() -> None:
    with opened(knobs=Knobs(key_seconds=60, hands_back=False)) as desk:
        first, second = (desk.grant().json() for _ in range(2))

        assert first["expires_in"] == "60 second(s)"
        assert first["request_key"] != second["request_key"]
