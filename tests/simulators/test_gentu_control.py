import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from simulators.setup import Setup
from tests.simulators.desk import DAYS, Desk, opened


def row_with_a_patient(desk: Desk) -> dict[str, Any]:
    rows = desk.control("GET", "truth")["appointments"]
    return next(row for row in rows if row["patients"] and row["meaning"] == "booked")


def test_the_truth_has_the_neutral_fields(desk: Desk) -> None:
    row = row_with_a_patient(desk)

    assert row.keys() == {
        "id",
        "start_utc",
        "end_utc",
        "end_from",
        "status",
        "meaning",
        "practitioner_id",
        "patients",
        "type_id",
        "type_name",
        "is_telehealth",
        "notes",
        "title",
        "cancelled_at",
    }
    assert row["start_utc"].endswith("Z")
    assert row["patients"][0].keys() == {
        "id", "first", "last", "full", "phone", "email", "date_of_birth",
    }  # fmt: skip


def test_each_practice_has_a_truth_of_its_own() -> None:
    with opened(Setup(tenants=2, days=DAYS, limits=())) as desk:
        one, other = (
            {row["id"] for row in desk.control("GET", f"truth?tenant={each}")["appointments"]}
            for each in desk.simulator.clinics
        )

        assert one and other and not one & other


def test_the_request_log_has_no_header_and_no_token(desk: Desk) -> None:
    desk.page()

    token, page = desk.control("GET", "requests")["requests"]
    assert (token["path"], token["is_counted"]) == ("/v1/oauth2/token", False)
    assert (page["method"], page["status"], page["tenant"]) == ("GET", 200, desk.tenant)
    assert "tok-" not in json.dumps([token, page])
    assert desk.control("DELETE", "requests") == {"requests": []}


def test_control_requests_are_not_logged_or_limited(desk: Desk) -> None:
    before = len(desk.control("GET", "requests")["requests"])

    assert len(desk.control("GET", "requests")["requests"]) == before == 1


def test_living_changes_the_truth_and_says_what_changed(desk: Desk) -> None:
    before = desk.control("GET", "truth")

    assert desk.control("POST", "live", changes=20, seed=3)["version"] == 20
    assert desk.control("GET", "truth")["appointments"] != before["appointments"]
    assert len(desk.control("GET", "changes?since=15")["changes"]) == 5


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ({"action": "reschedule", "start_utc": "2026-06-03T01:00:00Z"}, "start_utc",
         "2026-06-03T01:00:00Z"),
        ({"action": "cancel"}, "meaning", "cancelled"),
        ({"action": "arrive"}, "meaning", "arrived"),
        ({"action": "status", "meaning": "no_show"}, "meaning", "no_show"),
        ({"action": "notes", "notes": "Bring the letter"}, "notes", "Bring the letter"),
    ],
)  # fmt: skip
def test_one_appointment_can_be_edited(
    desk: Desk, body: dict[str, str], field: str, value: str
) -> None:
    edited = desk.control("POST", f"appointments/{row_with_a_patient(desk)['id']}", **body)

    assert (edited[field], edited["version"]) == (value, 1)


def test_a_reschedule_may_be_by_minutes(desk: Desk) -> None:
    row = row_with_a_patient(desk)
    there = desk.control("POST", f"appointments/{row['id']}", action="reschedule", minutes=30)
    back = desk.control("POST", f"appointments/{row['id']}", action="reschedule", minutes=-30)

    assert there["start_utc"] != row["start_utc"] == back["start_utc"]


def test_a_patient_can_be_renamed_and_given_another_phone(desk: Desk) -> None:
    id_ = row_with_a_patient(desk)["id"]
    desk.control("POST", f"appointments/{id_}", action="rename", first="Orla", last="van Quill")
    desk.control("POST", f"appointments/{id_}", action="phone", phone="0491 570 006")

    rows = desk.control("GET", "truth")["appointments"]
    person = next(row for row in rows if row["id"] == id_)["patients"][0]
    assert (person["full"], person["phone"]) == ("Orla van Quill", "0491 570 006")
    seen = desk.get(f"/patients/{person['id']}").json()
    assert seen["name"]["family"] == "van Quill"


def test_a_deleted_appointment_is_named_in_the_truth(desk: Desk) -> None:
    id_ = row_with_a_patient(desk)["id"]
    desk.control("POST", f"appointments/{id_}", action="delete")

    assert desk.control("GET", "truth")["deleted"] == [id_]


def test_an_appointment_can_be_booked(desk: Desk) -> None:
    made = desk.control("POST", "appointments", start_utc="2026-06-02T03:00:00Z", minutes=25)

    assert made["end_utc"] == "2026-06-02T03:25:00Z"
    assert desk.get(f"/appointments/{made['id']}").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "appointments/nobody", {"action": "cancel"}, 400),
        ("POST", "faults", {"dial": {"teapot": 1}}, 400),
        ("POST", "faults", {"scripts": [{"fault": "500", "path": "("}]}, 400),
        ("POST", "faults", [], 400),
        ("POST", "knobs", {"nonsense": 1}, 400),
        ("GET", "truth?tenant=nobody", {}, 400),
        ("GET", "nowhere", {}, 404),
    ],
)
def test_a_control_mistake_is_told(
    desk: Desk, method: str, path: str, body: Any, status: int
) -> None:
    reply = desk.http.request(method, f"{desk.url}/_sim/{path}", json=body)

    assert reply.status_code == status
    assert reply.json()["message"]


def test_tenants_tell_their_telehealth_types(desk: Desk) -> None:
    tenant = desk.control("GET", "tenants")["tenants"][0]

    names = {each["id"]: each["text"] for each in desk.get("/appointment-types").json()}
    told = {names[each] for each in tenant["telehealth_type_ids"]}
    assert "Telehealth consult" in told and "Telehealth admin" not in told


@contextmanager
def launched(*flags: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [sys.executable, "-m", "simulators.gentu", *flags]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.e2e
def test_the_process_says_where_it_is_and_stops_when_told() -> None:
    flags = ("--tenants", "2", "--days", "today,+1", "--fault", "500=1", "--limit", "off")
    with launched(*flags) as (process, ready):
        assert httpx.get(f"{ready['base_url']}/tenants").status_code == 500
        assert [len(each["days"]) for each in ready["tenants"]] == [2, 2]
        assert ready["token_url"].endswith("/v1/oauth2/token")

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.mark.e2e
def test_a_lively_process_changes_by_itself() -> None:
    with launched("--lively", "6000") as (_, ready), httpx.Client(base_url=ready["url"]) as http:
        versions = (http.get("/_sim/tenants").json()["tenants"][0]["version"] for _ in range(5000))

        assert any(versions)


@pytest.mark.e2e
def test_a_process_ends_when_its_parent_does() -> None:
    parent = (
        "import subprocess, sys;"
        "command = [sys.executable, '-m', 'simulators.gentu'];"
        "child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True);"
        "print(child.stdout.readline())"
    )
    ran = subprocess.run([sys.executable, "-c", parent], stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own command
    url = httpx.URL(json.loads(ran.stdout)["url"])

    with socket.create_connection((url.host, url.port or 0), timeout=10) as line:
        assert line.recv(1) == b""


@pytest.mark.e2e
def test_a_wrong_flag_is_told_in_a_sentence() -> None:
    command = [sys.executable, "-m", "simulators.gentu", "--fault", "teapot=1"]
    ran = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own command

    assert ran.returncode == 2
    assert "no such fault: 'teapot'" in ran.stderr
