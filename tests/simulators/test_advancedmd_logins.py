from collections.abc import Iterator
from datetime import date

import pytest

from simulators.advancedmd import Knobs
from tests.simulators.advancedmd_desk import DOOR, Desk, context, fault, opened, parsed, setup

SESSION = (200, "1025", "-2147220479")
REFUSED = (200, "1024", "-2147220480")


@pytest.fixture
def stranger() -> Iterator[Desk]:
    """Has not logged in."""
    with opened(is_signed=False) as desk:
        yield desk


def patiently(desk: Desk) -> Desk:
    desk.wait(60)
    return desk


def test_the_first_post_is_a_failure_that_names_the_offices_own_server(stranger: Desk) -> None:
    reply = stranger.knock()

    assert fault(reply) == (200, "1028", "-2147220476")
    results = parsed(reply).find("Results")
    assert results is not None and results.get("success") == "0"
    told = results.find("usercontext")
    assert told is not None and told.text is None
    assert told.get("webserver") == f"{stranger.url}/processrequest/api-801/EXAMPLE1"


def test_the_second_post_gives_the_token_as_the_text_of_the_context(desk: Desk) -> None:
    results = parsed(patiently(desk).enter()).find("Results")

    assert results is not None and results.get("success") == "1"
    told = results.find("usercontext")
    assert told is not None and told.text and told.attrib == {}


def test_the_second_answer_may_name_the_server_again() -> None:
    with opened(knobs=Knobs(tells_server_again=True)) as desk:
        told = parsed(patiently(desk).enter()).find("Results/usercontext")

        assert told is not None and told.text
        assert told.get("webserver") == desk.webserver


def test_the_login_has_a_twin_in_json(stranger: Desk) -> None:
    fields = {f"@{name}": value for name, value in stranger.login_message().attrib.items()}

    [(_, first)] = stranger.post_json(f"{stranger.url}{DOOR}", **fields).json().items()
    assert first["Results"]["@success"] == "0"
    stranger.webserver = first["Results"]["usercontext"]["@webserver"]
    assert first["Error"]["Fault"]["detail"]["code"] == "-2147220476"
    second = stranger.post_json(stranger.door, **fields).json()["PPMDResults"]
    assert second["Error"] is None
    stranger.token = second["Results"]["usercontext"]
    assert stranger.rows()


def test_an_office_that_moved_is_sent_on_from_its_old_server(desk: Desk) -> None:
    desk.control("POST", f"tenants/{desk.tenant}", moves=True)
    reply = patiently(desk).enter()

    assert fault(reply)[2] == "-2147220476"
    told = parsed(reply).find("Results/usercontext")
    assert told is not None and told.get("webserver") == desk.webserver.replace("801", "901")
    assert fault(desk.ask("getschedulersetup")) == SESSION
    assert desk.list_().status_code == 401


def test_logins_are_let_in_once_a_minute(desk: Desk) -> None:
    assert [desk.knock().status_code, desk.enter().status_code] == [429, 429]

    desk.wait(59)
    assert desk.enter().status_code == 429
    desk.wait(1)
    assert parsed(desk.enter()).findtext("Results/usercontext")


def test_one_office_does_not_wait_for_another() -> None:
    with opened(setup(tenants=2)) as desk:
        _, desk.tenant = desk.simulator.clinics

        desk.sign()
        assert desk.rows()


@pytest.mark.parametrize("field", ["psw", "username", "appname", "officecode"])
def test_a_login_with_anything_wrong_is_refused(stranger: Desk, field: str) -> None:
    assert fault(stranger.knock(**{field: "wrong"})) == REFUSED


@pytest.mark.parametrize("field", ["psw", "msgtime", "appname"])
def test_a_login_that_lacks_something_is_told_so(stranger: Desk, field: str) -> None:
    assert fault(stranger.knock(**{field: ""})) == (200, "2048", "-2147219456")


def test_wrong_passwords_lock_the_account_until_somebody_opens_it(stranger: Desk) -> None:
    stranger.knob(login_seconds=0, most_tries=3)
    for _ in range(3):
        assert fault(stranger.knock(psw="wrong")) == REFUSED

    assert fault(stranger.knock())[2] == "-2147220474"
    stranger.control("POST", f"tenants/{stranger.tenant}", is_locked=False)
    assert fault(stranger.knock())[2] == "-2147220476"


def test_a_good_login_forgets_the_wrong_ones(stranger: Desk) -> None:
    stranger.knob(login_seconds=0, most_tries=2)

    for psw in ("wrong", None, "wrong", None):
        stranger.knock(**({"psw": psw} if psw else {}))
    assert fault(stranger.knock())[2] == "-2147220476"


@pytest.mark.parametrize(
    ("switch", "code"), [("is_locked", "-2147220474"), ("is_expired", "-2147220449")]
)
def test_an_account_can_be_locked_or_expire(stranger: Desk, switch: str, code: str) -> None:
    stranger.control("POST", f"tenants/{stranger.tenant}", **{switch: True})

    assert fault(stranger.knock())[2] == code


@pytest.mark.parametrize(("code", "long"), [(1026, "-2147220478"), (1027, "-2147220477")])
def test_an_address_or_a_version_can_be_refused(stranger: Desk, code: int, long: str) -> None:
    stranger.control("POST", "ppmd-faults", scripts=[{"code": code, "action": "login"}])

    assert fault(stranger.knock()) == (200, str(code), long)


def test_a_token_lives_a_day_of_the_vendors_clock(desk: Desk) -> None:
    desk.wait(86_399)
    assert desk.list_().status_code == 200
    desk.wait(1)
    assert fault(desk.ask("getschedulersetup")) == SESSION
    assert desk.list_().status_code == 401

    desk.sign()
    assert desk.list_().status_code == 200


def test_tokens_can_be_ended_by_office() -> None:
    with opened(setup(tenants=2)) as desk:
        other = list(desk.simulator.clinics)[1]

        assert desk.control("POST", "expire-tokens", tenant=other) == {"expired": 0}
        assert desk.control("POST", "expire-tokens", tenant=desk.tenant) == {"expired": 1}
        assert fault(desk.ask("getschedulersetup")) == SESSION


def test_a_new_token_may_end_the_one_before_it() -> None:
    with opened(knobs=Knobs(many_tokens=False)) as desk:
        before = desk.token
        patiently(desk).sign()
        desk.token, after = before, desk.token

        assert desk.list_().status_code == 401
        desk.token = after
        assert desk.list_().status_code == 200


def test_the_token_may_stand_in_a_first_child_instead_of_a_cookie(desk: Desk) -> None:
    message = desk.message("getschedulersetup")
    message.append(context(desk.token))

    assert parsed(desk.post(desk.door, message)).find("Results/columnlist") is not None


@pytest.mark.parametrize("nocookie", ["0", ""])
def test_a_context_that_does_not_stand_for_the_cookie_is_no_token(
    desk: Desk, nocookie: str
) -> None:
    message = desk.message("getschedulersetup")
    message.append(context(desk.token, nocookie))

    assert fault(desk.post(desk.door, message)) == SESSION


def test_a_token_as_an_attribute_is_a_bad_request(desk: Desk) -> None:
    message = desk.message("getschedulersetup", usercontext=desk.token)

    for sent in (message, desk.message("getschedulersetup", token=desk.token)):
        reply = desk.post(desk.door, sent)
        assert reply.status_code == 400 and "improperly formatted" in reply.text


def test_a_cookie_in_json_says_that_it_is_one(desk: Desk) -> None:
    fields = {"@action": "getschedulersetup", "@class": "masterfiles", "@nocookie": "0"}

    told = desk.post_json(desk.door, **fields, usercontext={"@nocookie": "0"}).json()
    assert told["PPMDResults"]["Results"]["@success"] == "1"


def test_the_token_may_stand_in_a_first_child_of_json_too(desk: Desk) -> None:
    inside = {
        "@action": "lookupprofile",
        "usercontext": {"@nocookie": "1", "#text": desk.token},
        "profile": [{"@name": ""}, None],
    }
    reply = desk.http.post(
        desk.door, json={"ppmdmsg": inside}, headers={"Accept": "application/json"}
    )

    assert reply.json()["PPMDResults"]["Results"]["@success"] == "1"


def test_there_are_no_other_doors(desk: Desk) -> None:
    for path in ("/", "/ehr-api/api-801/EXAMPLE1/scheduler/appointments"):
        assert desk.http.get(f"{desk.url}{path}").status_code == 404


def test_a_token_opens_only_the_office_it_was_given_for() -> None:
    with opened(setup(tenants=2)) as desk:
        mine = {str(row["id"]) for row in desk.rows()}
        _, other = desk.simulator.clinics

        assert mine < set(desk.truth())
        desk.webserver = desk.webserver.replace("801", "802")
        assert desk.list_().status_code == 401
        desk.tenant = other
        desk.sign()
        assert {str(row["id"]) for row in desk.rows()} < set(desk.truth())


def test_offices_are_spread_over_the_country() -> None:
    with opened(setup(tenants=3), is_signed=False) as desk:
        zones = [each["timezone"] for each in desk.control("GET", "tenants")["tenants"]]

        assert zones == ["America/New_York", "America/Los_Angeles", "America/Phoenix"]


def test_another_seed_has_other_offices() -> None:
    keys = []
    for seed in (7, 8):
        with opened(setup(seed=seed, days=(date(2026, 6, 2),)), is_signed=False) as desk:
            keys.append(desk.tenant)

    assert keys == ["130001", "130011"]
