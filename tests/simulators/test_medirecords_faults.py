import json
import signal
import subprocess
import sys
from typing import Any

import httpx
import pytest

from simulators.faults import FAULTS
from simulators.limits import Limit
from simulators.medirecords import Knobs
from simulators.setup import Setup
from tests.simulators.medirecords_desk import DAYS, Desk, opened


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["data"]]


@pytest.mark.parametrize("status", ["401", "429", "429-bare", "500", "502", "503"])
def test_a_status_fault_answers_with_the_status_once(desk: Desk, status: str) -> None:
    desk.fail(status)

    code = int(status.removesuffix("-bare"))
    assert [desk.page().status_code, desk.page().status_code] == [code, 200]


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
        desk.page().json()
    assert desk.page().json()["data"]


def test_a_slow_answer_outlasts_the_clients_patience(desk: Desk) -> None:
    desk.fail("slow", seconds=5)

    with pytest.raises(httpx.ReadTimeout):
        desk.http.get(f"{desk.path}/appointments", timeout=0.05)


def test_a_huge_body_is_huge(desk: Desk) -> None:
    desk.fail("huge", size=2_000_000)

    reply = desk.page()
    assert len(reply.content) >= 2_000_000 and reply.json()["data"]


def test_a_repeated_page_comes_again_and_then_goes_on(desk: Desk) -> None:
    first = ids(desk.page().json())
    desk.fail("repeated-page")

    assert ids(desk.page(page=1).json()) == first
    assert ids(desk.page(page=1).json()) != first


@pytest.mark.parametrize("shift", [1, -1])
def test_a_page_may_skip_or_repeat_a_row(desk: Desk, shift: int) -> None:
    before = ids(desk.page(page=1).json())
    desk.fail("moved-cursor", shift=shift)

    after = ids(desk.page(page=1).json())
    assert after[:19] == before[1:] if shift == 1 else after[1:] == before[:19]


def test_the_first_page_cannot_have_moved(desk: Desk) -> None:
    desk.fail("moved-cursor")

    assert desk.page().json()["first"] is True
    assert len(desk.control("GET", "faults")["scripts"]) == 1


def test_an_endless_list_never_ends_until_it_is_begun_again(desk: Desk) -> None:
    desk.fail("endless-cursor")

    pages = [page for _, page in zip(range(40), desk.pages(), strict=False)]
    assert len(pages) == 40 and all(page["data"] for page in pages)
    assert len(list(desk.pages())) == 6


def test_one_record_has_a_wrong_type_and_the_log_says_which(desk: Desk) -> None:
    good = {row["id"]: row for row in desk.page().json()["data"]}
    desk.fail("wrong-type", field="scheduleTime")

    wrong = [row["id"] for row in desk.page().json()["data"] if row != good[row["id"]]]
    assert wrong == [desk.control("GET", "requests")["requests"][-1]["damaged_id"]]


def test_a_missing_list_leaves_the_rest(desk: Desk) -> None:
    desk.fail("missing-list", times=2)

    assert "data" not in desk.page().json()
    assert "data" not in desk.get("/appointment-types").json()


def test_a_single_record_has_no_list_to_lose(desk: Desk) -> None:
    desk.fail("missing-list")

    assert desk.get("").status_code == 200
    assert len(desk.control("GET", "faults")["scripts"]) == 1


def test_every_fault_can_be_scripted_over_the_wire(desk: Desk) -> None:
    for name in FAULTS:
        desk.fail(name)

    scripts = desk.control("GET", "faults")["scripts"]
    assert [each["fault"] for each in scripts] == list(FAULTS)


def test_too_many_requests_are_refused_and_judged() -> None:
    with opened(Setup(days=DAYS, limits=(Limit(3, 60),))) as desk:
        replies = [desk.get("") for _ in range(5)]

        assert [each.status_code for each in replies] == [200, 200, 200, 429, 429]
        assert 55 <= int(replies[-1].headers["Retry-After"]) <= 60
        assert desk.control("GET", "violations") == {
            "violations": 2,
            "limits": [{"limit": "3/60", "arrivals": 5, "violations": 2, "worst": 5}],
        }


@pytest.mark.parametrize(("limit_per", "statuses"), [("practice", 200), ("application", 429)])
def test_each_practice_has_an_allowance_of_its_own_or_none_has(
    limit_per: Any, statuses: int
) -> None:
    setup = Setup(tenants=2, days=DAYS, limits=(Limit(1, 60),))
    with opened(setup, Knobs(limit_per=limit_per)) as desk:
        desk.get("")
        _, desk.practice = desk.simulator.clinics
        desk.sign()

        assert desk.get("").status_code == statuses
        assert desk.control("GET", "violations")["violations"] == int(statuses == 429)


def test_the_request_log_has_no_token(desk: Desk) -> None:
    desk.page()

    [request] = desk.control("GET", "requests")["requests"]
    assert (request["status"], request["tenant"]) == (200, desk.practice)
    assert desk.http.headers["Authorization"].removeprefix("Bearer ") not in json.dumps(request)


def test_living_changes_the_list_as_it_changes_the_truth(desk: Desk) -> None:
    desk.control("POST", "live", changes=100, seed=3)

    inside = {
        id_
        for id_, row in desk.truth().items()
        if "2026-06-01T14:00:00Z" <= row["start_utc"] < "2026-06-03T14:00:00Z"
    }
    assert {row["id"] for row in desk.rows()} == inside


def test_a_knob_that_does_not_exist_is_told(desk: Desk) -> None:
    for path, body in (("knobs", {"nonsense": 1}), ("credentials", {"practices": ["nobody"]})):
        reply = desk.http.post(f"{desk.url}/_sim/{path}", json=body)
        assert reply.status_code == 400


@pytest.mark.e2e
def test_the_process_says_where_it_is_and_stops_when_told() -> None:
    flags = ("--tenants", "2", "--days", "today,+1", "--port", "0", "--fault", "500=1")
    command = [sys.executable, "-m", "simulators.medirecords", *flags]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        tenant = ready["tenants"][0]
        path = f"/v1/practices/{tenant['tenantId']}"

        assert ready["vendor"] == "medirecords" and ready["base_url"] == ready["url"]
        assert "token_url" not in ready
        assert tenant["timezone"] == "Australia/Melbourne" and tenant["tenantName"]
        assert tenant["telehealth_type_ids"] and len(tenant["days"]) == 2
        assert httpx.get(f"{ready['base_url']}{path}").status_code == 500
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
