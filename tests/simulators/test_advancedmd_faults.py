import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulators.faults import FAULTS
from simulators.limits import Limit
from tests.simulators.advancedmd_desk import DOOR, Desk, fault, opened, setup, template

DAY = {"visitdate": "6/2/2026"}
EVER = {"datechanged": "1/1/2026 12:00:00 AM"}
SESSION = (200, "1025", "-2147220479")


@pytest.fixture
def desk() -> Iterator[Desk]:
    with opened() as desk:
        desk.control("DELETE", "calls")
        yield desk


def at(desk: Desk, now: str) -> None:
    desk.control("POST", "clock", now=now)


def cents(desk: Desk) -> int:
    return int(desk.control("GET", "invoice")["cents"])


@pytest.mark.parametrize(
    ("action", "told", "peak", "off_peak"),
    [
        ("getupdatedvisits", EVER, 1, 60),
        ("getdatevisits", DAY, 12, 120),
        ("getdemographic", {"patientid": "1"}, 12, 120),
        ("lookupprofile", {}, 24, 120),
    ],
)
def test_calls_beyond_the_limit_are_answered_and_cost_a_cent_each(
    desk: Desk, action: str, told: dict[str, str], peak: int, off_peak: int
) -> None:
    for now, limit in (("2026-06-02T14:00:00Z", peak), ("2026-06-03T00:00:00Z", off_peak)):
        at(desk, now)
        desk.control("DELETE", "calls")
        replies = [desk.ask(action, **told) for _ in range(limit + 2)]

        assert {each.status_code for each in replies} == {200}
        bill = desk.control("GET", "invoice")
        assert (bill["cents"], bill["offices"]) == (2, {desk.tenant: 2})
        assert {each["limit"] for each in bill["calls"]} == {limit}
        assert [each["in_minute"] for each in bill["calls"]] == [limit + 1] * 2


def test_rest_shares_the_third_tier_with_lookups(desk: Desk) -> None:
    for _ in range(13):
        desk.list_()
        desk.ask("lookupprofile")

    [one, other] = desk.control("GET", "invoice")["calls"]
    assert (one["action"], other["action"]) == ("get scheduler/appointments", "lookupprofile")
    assert (one["tier"], one["is_peak"]) == (3, True)


def test_rest_may_be_in_another_tier_or_in_none(desk: Desk) -> None:
    for tier, calls in ((1, 1), (0, 30)):
        desk.knob(rest_tier=tier)
        for _ in range(calls):
            desk.list_()

    assert cents(desk) == 0
    desk.knob(rest_tier=1)
    desk.list_()
    assert cents(desk) == 1


def test_every_tier_has_an_allowance_of_its_own(desk: Desk) -> None:
    desk.ask("getupdatedvisits", **EVER)
    for _ in range(12):
        desk.ask("getdatevisits", **DAY)
    desk.list_()

    assert cents(desk) == 0


def test_every_office_has_an_allowance_of_its_own() -> None:
    with opened(setup(tenants=2)) as desk:
        desk.ask("getupdatedvisits", **EVER)
        _, desk.tenant = desk.simulator.clinics
        desk.sign()
        desk.ask("getupdatedvisits", **EVER)

        assert cents(desk) == 0
        desk.ask("getupdatedpatients", **EVER)
        assert desk.control("GET", f"invoice?tenant={desk.tenant}")["cents"] == 1


def test_a_minute_is_any_sixty_seconds_of_the_vendors_clock(desk: Desk) -> None:
    at(desk, "2026-06-02T14:00:30Z")
    desk.ask("getupdatedvisits", **EVER)
    desk.wait(59.9)
    desk.ask("getupdatedvisits", **EVER)
    assert cents(desk) == 1

    desk.wait(0.1)
    desk.ask("getupdatedvisits", **EVER)
    assert cents(desk) == 1


def test_a_judge_may_be_lenient_about_the_minute(desk: Desk) -> None:
    desk.knob(tolerance_seconds=0.5)
    desk.ask("getupdatedvisits", **EVER)
    desk.wait(59.6)
    desk.ask("getupdatedvisits", **EVER)

    assert cents(desk) == 0


@pytest.mark.parametrize(
    ("now", "is_peak"),
    [
        ("2026-06-02T11:59:59Z", False),  # 05:59:59 in summer
        ("2026-06-02T12:00:00Z", True),
        ("2026-06-02T23:59:59Z", True),
        ("2026-06-03T00:00:00Z", False),
        ("2026-01-06T12:59:59Z", False),  # an hour later in winter
        ("2026-01-06T13:00:00Z", True),
        ("2026-06-06T18:00:00Z", False),  # a Saturday
        ("2026-06-07T18:00:00Z", False),
        ("2026-06-06T00:30:00Z", False),  # still Friday there, after hours
        ("2026-03-09T12:00:00Z", True),  # the Monday after the clocks went on
        ("2026-11-02T12:30:00Z", False),  # and after they went back
    ],
)
def test_it_is_peak_by_the_clock_of_denver(desk: Desk, now: str, is_peak: bool) -> None:
    at(desk, now)

    assert desk.control("GET", "clock")["is_peak"] is is_peak


def test_a_minute_does_not_reach_over_the_change_of_limits(desk: Desk) -> None:
    at(desk, "2026-06-02T11:59:50Z")
    for _ in range(30):
        desk.ask("getdatevisits", **DAY)
    desk.wait(10)
    for _ in range(12):
        desk.ask("getdatevisits", **DAY)

    assert cents(desk) == 0
    desk.ask("getdatevisits", **DAY)
    assert cents(desk) == 1


def test_what_is_beyond_the_limit_may_be_refused_instead(desk: Desk) -> None:
    desk.knob(refuses_excess=True)

    codes = [desk.ask("getupdatedvisits", **EVER).status_code for _ in range(3)]
    assert codes == [200, 429, 429]
    assert cents(desk) == 0
    assert desk.control("GET", "violations")["violations"] == 2


def test_violations_are_told_by_tier(desk: Desk) -> None:
    for _ in range(3):
        desk.ask("getupdatedvisits", **EVER)
    desk.list_()

    assert desk.control("GET", "violations") == {
        "violations": 2,
        "limits": [
            {"limit": "tier 1", "arrivals": 3, "violations": 2},
            {"limit": "tier 2", "arrivals": 0, "violations": 0},
            {"limit": "tier 3", "arrivals": 1, "violations": 0},
        ],
    }


def test_every_call_is_on_record_with_its_instant_and_office(desk: Desk) -> None:
    desk.wait(90)
    desk.list_()
    row = desk.rows()[0]
    desk.get(f"scheduler/appointments/{row['id']}")
    desk.knock()

    told = desk.control("GET", f"calls?tenant={desk.tenant}")
    assert told["counts"] == {
        desk.tenant: {
            "get scheduler/appointments": 2,
            "get scheduler/appointments/{id}": 1,
            "login": 1,
        }
    }
    assert {each["at"] for each in told["calls"]} == {"2026-06-02T14:01:30Z"}
    since = told["calls"][2]["number"]
    [last] = desk.control("GET", f"calls?since={since}")["calls"]
    assert (last["action"], last["tier"], last["limit"]) == ("login", 0, None)


def test_calls_that_go_wrong_are_counted_too(desk: Desk) -> None:
    desk.fail("500", path="getupdatedvisits")
    desk.control("POST", "expire-tokens")

    assert desk.ask("getupdatedvisits", **EVER).status_code == 500
    assert fault(desk.ask("getupdatedvisits", **EVER)) == SESSION
    assert cents(desk) == 1


def test_the_clock_can_run_or_be_so_far_from_real_time(desk: Desk) -> None:
    told = desk.control("POST", "clock", offset_seconds=-3600)
    assert told["speed"] == 1

    desk.control("POST", "clock", speed=1000)
    before = desk.control("GET", "clock")["now"]
    assert desk.control("GET", "clock")["now"] > before
    assert desk.control("POST", "clock")["speed"] == 1


def test_a_session_can_end_in_the_middle_of_a_run(desk: Desk) -> None:
    script = {"code": 1025, "action": "getdatevisits", "after": 1}
    desk.control("POST", "ppmd-faults", scripts=[script])

    assert desk.ask("lookupprofile").status_code == 200
    assert desk.asked("getdatevisits", template("visit", "duration"), **DAY) is not None
    assert fault(desk.ask("getdatevisits", **DAY)) == SESSION
    assert desk.asked("getdatevisits", **DAY) is not None


@pytest.mark.parametrize(("code", "status"), [(1025, 401), (-2147217398, 409), (2048, 400)])
def test_a_fault_has_a_status_in_rest(desk: Desk, code: int, status: int) -> None:
    desk.control("POST", "ppmd-faults", scripts=[{"code": code, "action": "scheduler"}])

    assert [desk.list_().status_code, desk.list_().status_code] == [status, 200]


def test_a_concurrent_update_is_a_fault_with_http_200(desk: Desk) -> None:
    desk.control("POST", "ppmd-faults", scripts=[{"code": -2147217398}])

    assert fault(desk.ask("lookupprofile"))[::2] == (200, "-2147217398")


def test_a_share_of_calls_can_fail(desk: Desk) -> None:
    told = desk.control("POST", "ppmd-faults", dial={"-2147220479": 1.0})
    assert told == {"dial": {"1025": 1.0}, "scripts": []}
    assert fault(desk.ask("lookupprofile")) == SESSION

    assert desk.control("DELETE", "ppmd-faults") == {"dial": {}, "scripts": []}
    assert desk.list_().status_code == 200


def test_a_fault_that_does_not_exist_is_told(desk: Desk) -> None:
    for body in ({"scripts": [{"code": 17}]}, {"dial": {"17": 1}}):
        reply = desk.http.post(f"{desk.url}/_sim/ppmd-faults", json=body)
        assert reply.status_code == 400 and "no such fault" in reply.text


@pytest.mark.parametrize("status", ["401", "429", "429-bare", "500", "502", "503", "504"])
def test_a_status_fault_answers_with_the_status_once(desk: Desk, status: str) -> None:
    desk.fail(status)

    code = int(status.removesuffix("-bare"))
    assert [desk.list_().status_code, desk.list_().status_code] == [code, 200]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("reset", httpx.ReadError),
        ("cut", httpx.RemoteProtocolError),
        ("truncated", json.JSONDecodeError),
        ("html", json.JSONDecodeError),
    ],
)
def test_a_broken_reply_cannot_be_read(desk: Desk, name: str, error: type[Exception]) -> None:
    desk.fail(name)

    with pytest.raises(error):
        desk.list_().json()
    assert desk.list_().json()


def test_a_slow_answer_outlasts_the_clients_patience(desk: Desk) -> None:
    desk.fail("slow", seconds=5, path="getdatevisits")

    with pytest.raises(httpx.ReadTimeout):
        desk.http.post(
            desk.door,
            json={"ppmdmsg": {"@action": "getdatevisits"}},
            headers={"Cookie": f"token={desk.token}"},
            timeout=0.05,
        )


@pytest.mark.parametrize("appointments", [60, 1])
def test_one_record_has_a_wrong_type_and_the_log_says_which(appointments: int) -> None:
    with opened(setup(appointments=appointments)) as desk:
        good = {row["id"]: row for row in desk.rows()}
        desk.fail("wrong-type", field="startdatetime")

        wrong = [str(row["id"]) for row in desk.rows() if row != good[row["id"]]]
        assert wrong == [desk.control("GET", "requests")["requests"][-1]["damaged_id"]]


def test_a_missing_list_leaves_nothing(desk: Desk) -> None:
    desk.fail("missing-list")

    assert desk.list_().json() == {}


def test_every_fault_can_be_scripted_over_the_wire(desk: Desk) -> None:
    for name in FAULTS:
        desk.fail(name)

    scripts = desk.control("GET", "faults")["scripts"]
    assert [each["fault"] for each in scripts] == list(FAULTS)


def test_limits_of_the_command_line_are_enforced_besides() -> None:
    with opened(setup(limits=(Limit(3, 60),))) as desk:
        assert [desk.list_().status_code for _ in range(2)] == [200, 429]


def test_the_request_log_knows_the_action_and_no_secret(desk: Desk) -> None:
    desk.control("DELETE", "requests")
    desk.ask("getdatevisits", **DAY)

    [request] = desk.control("GET", "requests")["requests"]
    assert (request["status"], request["tenant"]) == (200, desk.tenant)
    assert request["query"] == "action=getdatevisits"
    told = json.dumps(request)
    assert desk.token not in told and desk.credentials()["password"] not in told


def test_living_changes_the_lists_as_it_changes_the_truth(desk: Desk) -> None:
    desk.control("POST", "live", changes=150, seed=3)

    inside = {
        id_
        for id_, row in desk.truth().items()
        if "2026-06-02T04:00:00Z" <= row["start_utc"] < "2026-06-04T04:00:00Z"
    }
    days = ("2026-06-02", "2026-06-03")
    assert {str(row["id"]) for day in days for row in desk.rows(startDate=day)} == inside


def test_a_knob_that_does_not_exist_is_told(desk: Desk) -> None:
    wrong: dict[str, dict[str, Any]] = {"knobs": {"nonsense": 1}, "tenants/1": {"is_locked": True}}

    for path, body in wrong.items():
        assert desk.http.post(f"{desk.url}/_sim/{path}", json=body).status_code == 400


@pytest.mark.e2e
def test_the_process_says_where_it_is_and_stops_when_told() -> None:
    flags = ("--tenants", "2", "--days", "today,+1", "--port", "0", "--fault", "500=1")
    command = [sys.executable, "-m", "simulators.advancedmd", *flags]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        tenant = ready["tenants"][0]

        assert ready["vendor"] == "advancedmd" and ready["base_url"] == ready["url"]
        assert ready["token_url"] == f"{ready['url']}{DOOR}"
        assert tenant["timezone"] == "America/New_York" and tenant["tenantName"]
        assert tenant["telehealth_type_ids"] and len(tenant["days"]) == 2
        assert tenant["columns"][0]["id"] == 16
        assert httpx.post(ready["token_url"]).status_code == 500
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
