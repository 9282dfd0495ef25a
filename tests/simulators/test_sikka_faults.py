import json
import signal
import subprocess
import sys

import httpx
import pytest

from simulators.faults import FAULTS
from simulators.limits import Limit
from simulators.sikka import Knobs
from tests.simulators.sikka_desk import Desk, code, opened, setup


def ids(reply: httpx.Response) -> list[str]:
    return [row["appointment_sr_no"] for row in reply.json()["items"]]


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ("401", (401, "API2003")),
        ("429", (429, "")),
        ("500", (500, "API2001")),
        ("503", (503, "API2002")),
        ("504", (504, "API2022")),
    ],
)
def test_a_status_fault_has_the_vendors_body_once(
    desk: Desk, fault: str, answer: tuple[int, str]
) -> None:
    desk.fail(fault)

    assert code(desk.get("practices")) == answer
    assert desk.get("practices").status_code == 200


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset", httpx.ReadError),
        ("cut", httpx.RemoteProtocolError),
        ("truncated", json.JSONDecodeError),
        ("html", json.JSONDecodeError),
    ],
)
def test_a_broken_reply_cannot_be_read(desk: Desk, fault: str, error: type[Exception]) -> None:
    desk.fail(fault)

    with pytest.raises(error):
        desk.get("appointments").json()
    assert desk.get("appointments").json()["items"]


def test_a_repeated_page_comes_again_and_then_goes_on(desk: Desk) -> None:
    first = ids(desk.get("appointments"))
    desk.fail("repeated-page")

    assert ids(desk.get("appointments", offset=1)) == first
    assert ids(desk.get("appointments", offset=1)) != first


@pytest.mark.parametrize("shift", [1, -1])
def test_a_page_may_skip_or_repeat_a_row(desk: Desk, shift: int) -> None:
    before = ids(desk.get("appointments", offset=1))
    desk.fail("moved-cursor", shift=shift)

    after = ids(desk.get("appointments", offset=1))
    assert (after[:-1] == before[1:]) if shift == 1 else (after[1:] == before[:-1])


def test_endless_pages_never_lack_a_next_one(desk: Desk) -> None:
    desk.fail("endless-cursor")
    desk.get("appointments")

    page = desk.get("appointments", offset=99).json()
    assert page["items"] and page["pagination"]["next"]
    desk.get("appointments")
    assert desk.get("appointments", offset=99).status_code == 204


def test_a_record_may_have_a_wrong_type_and_the_log_says_which(desk: Desk) -> None:
    desk.fail("wrong-type", field="time")

    rows = desk.get("appointments").json()["items"]
    [wrong] = [row for row in rows if not isinstance(row["time"], str)]
    [request] = [each for each in desk.control("GET", "requests")["requests"] if each["fault"]]
    assert request["damaged_id"] == wrong["appointment_sr_no"]


def test_the_list_may_be_missing(desk: Desk) -> None:
    desk.fail("missing-list")

    assert "items" not in desk.get("patients").json()


def test_every_fault_can_be_scripted_over_the_wire(desk: Desk) -> None:
    for name in FAULTS:
        desk.fail(name)

    scripts = desk.control("GET", "faults")["scripts"]
    assert [each["fault"] for each in scripts] == list(FAULTS)


def test_every_answer_says_what_is_left_and_too_many_are_429() -> None:
    with opened(setup(limits=(Limit(3, 60),))) as desk:
        replies = [desk.get("practices") for _ in range(4)]

        left = [reply.headers["X-Rate-Limit-Remaining"] for reply in replies]
        assert left == ["2", "1", "0", "0"]
        assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
        assert replies[3].headers["X-Rate-Limit-Limit"] == "3"
        assert 50 <= int(replies[3].headers["X-Rate-Limit-Reset"]) <= 60
        assert "Retry-After" not in replies[3].headers
        assert replies[3].json()["http_code"] == "429"


def test_each_office_has_an_allowance_of_its_own_or_none_has() -> None:
    world = setup(tenants=2, limits=(Limit(2, 60),))
    with opened(world) as own, opened(world, Knobs(limit_per="application")) as shared:
        for desk, status in ((own, 200), (shared, 429)):
            desk.get("practices")
            desk.tenant = "D90002"
            desk.control("POST", "latency", ms=0)
            key = desk.simulator.vendor.keys.grant(
                {"grant_type": "request_key", **desk.credentials()}
            )["request_key"]
            reply = desk.http.get("/practices", headers={"Request-Key": key})
            assert reply.status_code == status


def test_the_request_log_has_no_key_and_no_body(desk: Desk) -> None:
    desk.book(description="Nobody should read this")
    desk.get("practices", practice_id="1-1")

    requests = desk.control("GET", "requests")["requests"]
    text = json.dumps(requests)
    assert desk.http.headers["Request-Key"] not in text
    assert desk.credentials()["secret_key"] not in text and "Nobody" not in text
    assert [each["tenant"] for each in requests[-2:]] == ["D90001", "D90001:1-1"]


def test_living_changes_the_list_as_it_changes_the_truth(desk: Desk) -> None:
    desk.control("POST", "live", changes=100, seed=3)
    desk.wait(10)

    rows = {row["appointment_sr_no"]: row for row in desk.items("appointments", practice_id="1")}
    truth = desk.true_rows()
    assert rows.keys() == truth.keys()
    assert all(rows[id_]["status"] == row["status"] for id_, row in truth.items())


def test_what_does_not_exist_is_told(desk: Desk) -> None:
    for path, body in (
        ("knobs", {"nonsense": 1}),
        ("writebacks", {"next": [{"fate": "odd"}]}),
        ("tenants/D90001", {"pms": "Abacus"}),
        ("tenants/nobody", {}),
    ):
        reply = desk.http.post(f"{desk.url}/_sim/{path}", json=body)
        assert reply.status_code == 400


@pytest.mark.e2e
def test_the_process_says_where_it_is_and_stops_when_told() -> None:
    command = [sys.executable, "-m", "simulators.sikka", "--days", "today,+1", "--port", "0"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())

        assert ready["vendor"] == "sikka" and ready["base_url"] == f"{ready['url']}/v4"
        assert [each["tenantId"] for each in ready["tenants"]][:3] == [
            "D90001", "D90001:1-1", "D90002",
        ]  # fmt: skip
        assert {each["pms"] for each in ready["tenants"]} == {
            "Dentrix", "Eaglesoft", "Open Dental", "OrthoTrac",
        }  # fmt: skip
        app = {"App-Id": ready["app_id"], "App-Key": ready["app_key"]}
        reply = httpx.get(f"{ready['base_url']}/authorized_practices", headers=app)
        assert len(reply.json()["items"]) == 4
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
