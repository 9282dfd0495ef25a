import json
import signal
import subprocess
import sys
from typing import Any

import httpx
import pytest

from simulators.faults import FAULTS
from simulators.halaxy import LIMITS, Knobs
from simulators.limits import Limit
from simulators.setup import Setup
from tests.simulators.halaxy_desk import (
    AGENT,
    BEFORE,
    DAYS,
    INCLUDES,
    TOKEN,
    Desk,
    link,
    opened,
    resources,
)


def ids(reply: httpx.Response) -> list[str]:
    return [row["id"] for row in resources(reply.json(), "Appointment")]


@pytest.mark.parametrize("status", ["401", "429", "429-bare", "500", "502", "503"])
def test_a_status_fault_answers_in_the_vendors_words_once(desk: Desk, status: str) -> None:
    desk.fail(status)

    reply = desk.search()
    assert reply.status_code == int(status.removesuffix("-bare"))
    assert reply.json()["resourceType"] == "OperationOutcome"
    assert desk.search().status_code == 200


def test_a_401_by_fault_says_expired(desk: Desk) -> None:
    desk.fail("401")

    assert desk.search().json()["issue"][0]["code"] == "expired"


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
        desk.search().json()
    assert desk.search().json()["entry"]


def test_a_slow_answer_outlasts_the_clients_patience(desk: Desk) -> None:
    desk.fail("slow", seconds=5)

    with pytest.raises(httpx.ReadTimeout):
        desk.http.get("/main/Appointment", timeout=0.05)


def test_a_huge_body_is_huge(desk: Desk) -> None:
    desk.fail("huge", size=2_000_000)

    reply = desk.search()
    assert len(reply.content) >= 2_000_000 and reply.json()["entry"]


def test_a_repeated_page_comes_again_and_then_goes_on(desk: Desk) -> None:
    first = ids(desk.search())
    desk.fail("repeated-page")

    assert ids(desk.search(("page", 2))) == first
    assert ids(desk.search(("page", 2))) != first


@pytest.mark.parametrize("shift", [1, -1])
def test_a_page_may_skip_or_repeat_a_row(desk: Desk, shift: int) -> None:
    before = ids(desk.search(("page", 2)))
    desk.fail("moved-cursor", shift=shift)

    after = ids(desk.search(("page", 2)))
    assert after[:29] == before[1:] if shift == 1 else after[1:] == before[:29]


def test_the_first_page_cannot_have_moved(desk: Desk) -> None:
    desk.fail("moved-cursor")

    assert desk.search().status_code == 200
    assert len(desk.control("GET", "faults")["scripts"]) == 1


def test_an_endless_list_never_ends_until_it_is_begun_again(desk: Desk) -> None:
    desk.fail("endless-cursor")

    pages = [page for _, page in zip(range(12), desk.bundles(), strict=False)]
    nexts = {link(page, "next") for page in pages}
    assert len(nexts) == 12 and all(page["entry"] for page in pages)
    assert len(list(desk.bundles())) == 4


def test_one_appointment_has_a_wrong_type_and_the_log_says_which(desk: Desk) -> None:
    good = {row["id"]: row for row in resources(desk.search(*INCLUDES).json(), "Appointment")}
    desk.fail("wrong-type", field="start")

    page = resources(desk.search(*INCLUDES).json(), "Appointment")
    wrong = [row["id"] for row in page if row != good[row["id"]]]
    assert wrong == [desk.control("GET", "requests")["requests"][-1]["damaged_id"]]


def test_a_missing_list_leaves_the_rest(desk: Desk) -> None:
    desk.fail("missing-list")

    assert desk.search().json().keys() == {"resourceType", "type", "total", "link"}


def test_every_fault_can_be_scripted_over_the_wire(desk: Desk) -> None:
    for name in FAULTS:
        desk.fail(name)

    scripts = desk.control("GET", "faults")["scripts"]
    assert [each["fault"] for each in scripts] == list(FAULTS)


def test_the_token_endpoint_has_no_401_by_the_dial(desk: Desk) -> None:
    desk.control("POST", "faults", dial={"401": 1.0})

    assert desk.http.post(TOKEN, json=desk.key()).status_code == 200
    assert desk.search().status_code == 401


def test_every_answer_says_how_much_is_left_of_500_a_minute() -> None:
    with opened(Setup(days=DAYS, limits=LIMITS)) as desk:
        headers = [desk.search().headers for _ in range(3)]

        assert [each["x-ratelimit-limit"] for each in headers] == ["500"] * 3
        assert [each["x-ratelimit-remaining"] for each in headers] == ["499", "498", "497"]


def test_without_a_limit_nothing_is_said_of_it(desk: Desk) -> None:
    assert "x-ratelimit-limit" not in desk.search().headers


def test_too_many_requests_are_refused_with_the_seconds_to_wait_and_judged() -> None:
    with opened(Setup(days=DAYS, limits=(Limit(3, 60),))) as desk:
        replies = [desk.search() for _ in range(5)]

        assert [each.status_code for each in replies] == [200, 200, 200, 429, 429]
        assert 55 <= int(replies[-1].headers["retry-after"]) <= 60
        assert replies[-1].headers["x-ratelimit-remaining"] == "0"
        assert replies[-1].json()["issue"][0]["code"] == "throttled"
        assert desk.control("GET", "violations") == {
            "violations": 2,
            "limits": [{"limit": "3/60", "arrivals": 5, "violations": 2, "worst": 5}],
        }


def test_with_no_limit_enforced_the_documented_one_is_judged(desk: Desk) -> None:
    desk.search()

    [verdict] = desk.control("GET", "violations")["limits"]
    assert (verdict["limit"], verdict["arrivals"]) == ("500/60", 1)


@pytest.mark.parametrize(("limit_per", "status"), [("key", 200), ("address", 429)])
def test_each_key_has_an_allowance_of_its_own_unless_the_address_has(
    limit_per: Any, status: int
) -> None:
    setup = Setup(tenants=2, days=DAYS, limits=(Limit(1, 60),))
    with opened(setup, Knobs(limit_per=limit_per)) as desk:
        desk.search()
        _, desk.tenant = desk.simulator.clinics
        desk.sign()

        assert desk.search().status_code == status


def test_token_calls_may_count(desk: Desk) -> None:
    desk.control("POST", "knobs", counts_token_calls=True)
    desk.http.post(TOKEN, json=desk.key())

    assert desk.control("GET", "requests")["requests"][-1]["is_counted"] is True


def test_the_request_log_has_no_token_and_no_secret(desk: Desk) -> None:
    desk.search()

    requests = desk.control("GET", "requests")["requests"]
    assert [each["tenant"] for each in requests] == [desk.tenant] * 2
    told = json.dumps(requests)
    assert "tok-" not in told and desk.key()["client_secret"] not in told


def test_living_changes_the_search_as_it_changes_the_truth(desk: Desk) -> None:
    desk.control("POST", "live", changes=100, seed=3)

    assert {row["id"] for row in desk.rows()} == {row["id"] for row in desk.truth()}
    assert all(person["id"].isdecimal() for row in desk.truth() for person in row["patients"])


def test_the_clock_can_be_stopped_and_let_go(desk: Desk) -> None:
    assert desk.control("POST", "clock", now=BEFORE)["now"] == "2026-06-01T00:00:00+00:00"
    assert desk.control("POST", "clock", now=None)["now"] > "2026-06-01T00:00:00+00:00"


@pytest.mark.e2e
def test_the_process_says_where_it_is_and_stops_when_told() -> None:
    flags = ("--tenants", "2", "--days", "today,+1", "--port", "0")
    command = [sys.executable, "-m", "simulators.halaxy", *flags]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        tenant = ready["tenants"][0]
        keys = httpx.get(f"{ready['url']}/_sim/credentials").json()

        assert ready["vendor"] == "halaxy"
        assert ready["token_url"] == f"{ready['base_url']}/main/oauth/token"
        assert tenant["tenantId"].startswith("OG-") and tenant["tenantName"]
        assert tenant["timezone"] == "Australia/Melbourne"
        assert tenant["telehealth_type_ids"] and len(tenant["days"]) == 2
        assert keys.keys() == {"client_id", "client_secret"}
        body = {"grant_type": "client_credentials", **keys}
        reply = httpx.post(ready["token_url"], json=body, headers={"User-Agent": AGENT})
        assert (reply.status_code, reply.headers["x-ratelimit-limit"]) == (200, "500")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
