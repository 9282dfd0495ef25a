import json

import httpx
import pytest

from simulators.faults import FAULTS, Fault, Faults, Fits, Script
from simulators.gentu import Knobs
from simulators.limits import Limit
from simulators.setup import Setup
from tests.simulators.desk import DAYS, Desk, opened

ANYWHERE = frozenset(Fits)


@pytest.mark.parametrize("status", ["401", "500", "502", "503"])
def test_a_status_fault_answers_with_the_status_once(desk: Desk, status: str) -> None:
    desk.fail(status)

    assert [desk.page().status_code, desk.page().status_code] == [int(status), 200]


def test_a_429_comes_with_and_without_retry_after(desk: Desk) -> None:
    desk.fail("429", seconds=3)
    desk.fail("429-bare")

    told, bare = desk.page(), desk.page()
    assert (told.status_code, told.headers["Retry-After"]) == (429, "3")
    assert bare.status_code == 429 and "Retry-After" not in bare.headers


def test_a_slow_answer_outlasts_the_clients_patience(desk: Desk) -> None:
    desk.fail("slow", seconds=5)

    with pytest.raises(httpx.ReadTimeout):
        desk.http.get("/tenants", timeout=0.05)


def test_a_reset_connection_says_nothing(desk: Desk) -> None:
    desk.fail("reset")

    with pytest.raises(httpx.ReadError):
        desk.page()
    assert desk.page().status_code == 200


def test_a_cut_connection_ends_before_the_body_does(desk: Desk) -> None:
    desk.fail("cut")

    with pytest.raises(httpx.RemoteProtocolError):
        desk.page()


def test_truncated_json_does_not_parse(desk: Desk) -> None:
    desk.fail("truncated")

    reply = desk.page()
    assert reply.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        reply.json()


def test_html_comes_with_200(desk: Desk) -> None:
    desk.fail("html")

    reply = desk.page()
    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.text.startswith("<!doctype html>")


def test_a_repeated_page_comes_again_and_then_goes_on(desk: Desk) -> None:
    first = desk.page().json()
    cursor = first["pagination"]["next"]
    desk.fail("repeated-page")

    assert desk.page(cursor=cursor).json() == first
    assert desk.page(cursor=cursor).json() != first


@pytest.mark.parametrize("shift", [1, -1])
def test_a_moved_cursor_skips_or_repeats_a_row(shift: int) -> None:
    with opened(knobs=Knobs(short_pages=0)) as desk:
        cursor = desk.page().json()["pagination"]["next"]
        before = [row["id"] for row in desk.page(cursor=cursor).json()["appointments"]]
        desk.fail("moved-cursor", shift=shift)

        after = [row["id"] for row in desk.page(cursor=cursor).json()["appointments"]]
        assert after[:4] == before[1:] if shift == 1 else after[1:] == before[:4]


def test_an_endless_cursor_never_ends_and_never_repeats(desk: Desk) -> None:
    desk.fail("endless-cursor")

    cursors = [page["pagination"]["next"] for _, page in zip(range(40), desk.pages(), strict=False)]
    assert len(set(cursors)) == 40


def test_one_record_of_a_page_has_a_wrong_type_and_the_log_says_which(desk: Desk) -> None:
    good = {row["id"]: row for row in desk.page().json()["appointments"]}
    desk.fail("wrong-type", field="startAt")

    page = desk.page().json()["appointments"]
    wrong = [row["id"] for row in page if row != good[row["id"]]]
    assert wrong == [desk.control("GET", "requests")["requests"][-1]["damaged_id"]]


def test_a_missing_list_leaves_the_rest(desk: Desk) -> None:
    desk.fail("missing-list", times=2)

    assert desk.page().json().keys() == {"pagination"}
    assert desk.get("/practitioners").json() == {}


def test_a_huge_body_is_huge(desk: Desk) -> None:
    usual = desk.page().json()
    desk.fail("huge", size=2_000_000)

    reply = desk.page()
    assert len(reply.content) >= 2_000_000
    assert reply.json() == usual


def test_a_script_waits_for_its_path_and_its_turn(desk: Desk) -> None:
    desk.fail("500", path="/practitioners$", times=2, after=1)

    assert desk.page().status_code == 200
    assert [desk.get("/practitioners").status_code for _ in range(4)] == [200, 500, 500, 200]


def test_clearing_the_faults_ends_them(desk: Desk) -> None:
    desk.control("POST", "faults", dial={"500": 1.0}, scripts=[{"fault": "502", "times": 9}])

    assert desk.control("DELETE", "faults") == {"dial": {}, "scripts": []}
    assert desk.page().status_code == 200


def test_the_token_endpoint_has_no_401_by_the_dial(desk: Desk) -> None:
    desk.control("POST", "faults", dial={"401": 1.0})

    assert desk.token()
    assert desk.page().status_code == 401


def test_the_dial_is_about_as_frequent_as_set_and_the_same_for_a_seed() -> None:
    def picks(seed: int) -> list[bool]:
        faults = Faults(seed=seed, dial={"500": 0.2})
        return [faults.pick("/", ANYWHERE) is not None for _ in range(2000)]

    assert 300 < sum(picks(1)) < 500
    assert picks(1) == picks(1) != picks(2)


def test_a_fault_that_does_not_fit_keeps_its_turn() -> None:
    faults = Faults()
    faults.script(Script(fault=Fault(name="moved-cursor")))

    assert faults.pick("/tenants", {Fits.ANY}) is None
    assert faults.pick("/tenants", ANYWHERE) == Fault(name="moved-cursor")


@pytest.mark.parametrize("dial", [{"teapot": 0.1}, {"500": 1.5}])
def test_a_dial_that_makes_no_sense_is_refused(dial: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Faults(dial=dial)


def test_every_fault_can_be_scripted_over_the_wire(desk: Desk) -> None:
    for name in FAULTS:
        desk.fail(name)

    scripts = desk.control("GET", "faults")["scripts"]
    assert [each["fault"] for each in scripts] == list(FAULTS)


def test_too_many_requests_are_refused_with_the_seconds_to_wait() -> None:
    with opened(Setup(days=DAYS, limits=(Limit(3, 60),))) as desk:
        replies = [desk.get("/status") for _ in range(5)]

        assert [each.status_code for each in replies] == [200, 200, 200, 429, 429]
        assert 55 <= int(replies[-1].headers["Retry-After"]) <= 60
        assert desk.control("GET", "violations") == {
            "violations": 2,
            "limits": [{"limit": "3/60", "arrivals": 5, "violations": 2, "worst": 5}],
        }


@pytest.mark.parametrize(("style", "there"), [("none", False), ("date", True)])
def test_retry_after_may_be_absent_or_a_date(style: str, there: bool) -> None:
    with opened(Setup(days=DAYS, limits=(Limit(1, 60),))) as desk:
        desk.control("POST", "limits", retry_after=style)
        desk.get("/status")

        header = desk.get("/status").headers.get("Retry-After", "")
        assert header.endswith("GMT") is there


def test_limits_can_be_changed_and_turned_off_and_still_judged(desk: Desk) -> None:
    desk.control("POST", "limits", limits=["1/60"])
    codes = [desk.get("/status").status_code for _ in range(2)]
    desk.control("POST", "limits", limits=None)

    assert [*codes, desk.get("/status").status_code] == [200, 429, 200]
    assert desk.control("GET", "violations?limit=2/60,1000/3600")["violations"] == 1


def test_latency_is_added_to_every_answer(desk: Desk) -> None:
    desk.control("POST", "latency", ms=60, jitter_ms=10)

    assert desk.get("/status").elapsed.total_seconds() >= 0.06
