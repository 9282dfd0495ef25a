"""The session at AdvancedMD: one login for everybody, and none that could lock the account."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
import redis

from adapters.tokens import RedisTokens
from adapters.trying import Trial, Trials
from domain.checks import Check, CheckKind
from domain.errors import BrokenContract, NeedsReconnect, Transient
from domain.window import whole_days
from infra.clock import system_clock
from infra.sealing import Keyring, Sealer
from tests.adapters.advancedmd.offices import FIRST, LAST, ZONE, Office, office
from tests.contract.kit import Stage, answer, changed, fixture, is_token
from tests.sync.practice import KEY

pytestmark = pytest.mark.integration

EVERYBODY = 6
LOCKED, EXPIRED = "is_locked", "is_expired"


@pytest.fixture
def clinic(redis_client: redis.Redis) -> Iterator[Office]:
    tokens = RedisTokens(redis_client, Sealer(Keyring.from_hex(KEY)), system_clock)
    with office(tokens=tokens) as connected:
        yield connected


def logins(clinic: Office) -> int:
    return clinic.asked().count("login")


def test_a_login_is_sent_on_to_the_offices_own_server(clinic: Office) -> None:
    found = clinic.source().practitioners()

    assert len(found) > 1
    assert clinic.asked() == ["login", "login", "getschedulersetup"]


def test_a_login_in_the_older_format_is_as_good(clinic: Office) -> None:
    found = clinic.source(wire="xml").practitioners()

    assert [one.pms_id for one in found] == [str(one["id"]) for one in clinic.tenant["columns"]]
    assert clinic.asked() == ["login", "login", "getschedulersetup"]


def test_everybody_shares_one_login(clinic: Office) -> None:
    sources = [clinic.source() for _ in range(EVERYBODY)]

    with ThreadPoolExecutor(max_workers=EVERYBODY) as threads:
        found = list(threads.map(lambda one: len(one.practitioners()), sources))

    assert len(set(found)) == 1
    assert logins(clinic) == 2


def test_a_session_that_ends_in_the_middle_is_bought_anew_once(clinic: Office) -> None:
    source = clinic.source()
    two_weeks = whole_days(FIRST - timedelta(days=3), LAST, ZONE)
    query = source.queries(two_weeks, source.practitioners())[0]
    pages = source.pages(query)
    first = next(pages)

    clinic.control("expire-tokens", tenant=clinic.connection.site)
    rest = list(pages)

    assert logins(clinic) == 4
    found = {row.pms_id for page in (first, *rest) for row in page.records}
    assert found == set(clinic.truth())


def test_an_office_that_moved_to_another_server_is_followed(clinic: Office) -> None:
    source = clinic.source()
    source.practitioners()

    clinic.control(f"tenants/{clinic.connection.site}", moves=True)

    assert clinic.pages(clinic.source())
    assert logins(clinic) == 4


@pytest.mark.parametrize(("switch", "says"), [(LOCKED, "unlock"), (EXPIRED, "renew")])
def test_an_account_that_cannot_log_in_stops_every_call_and_says_who_must_act(
    clinic: Office, switch: str, says: str
) -> None:
    clinic.control(f"tenants/{clinic.connection.site}", **{switch: True})
    with pytest.raises(NeedsReconnect, match=f"administrator must {says} it"):
        clinic.source().practitioners()
    tried = len(clinic.asked())

    for _ in range(3):
        with pytest.raises(NeedsReconnect, match="administrator"):
            clinic.source().practitioners()

    assert len(clinic.asked()) == tried


def test_a_wrong_password_is_tried_once_and_a_new_one_works_at_once(clinic: Office) -> None:
    ref = str(clinic.connection.secret_ref)
    good = clinic.secrets.get(ref)
    clinic.secrets.replace(ref, {**good, "password": "mistyped"})
    for _ in range(3):
        with pytest.raises(NeedsReconnect, match="the login was refused"):
            clinic.source().practitioners()
    tried = logins(clinic)

    clinic.secrets.replace(ref, good)

    assert clinic.source().practitioners()
    assert tried <= 2


def test_a_token_that_was_refused_is_not_renewed_either(clinic: Office) -> None:
    clinic.control(f"tenants/{clinic.connection.site}", is_locked=True)

    for _ in range(2):
        with pytest.raises(NeedsReconnect, match="unlock"):
            clinic.source().renew()

    assert logins(clinic) == 1


def test_the_same_password_is_tried_again_once_a_person_says_so(clinic: Office) -> None:
    site = clinic.connection.site
    clinic.control(f"tenants/{site}", is_locked=True)
    with pytest.raises(NeedsReconnect):
        clinic.source().practitioners()
    clinic.control(f"tenants/{site}", is_locked=False)
    key = clinic.opener().token_key(
        clinic.connection, clinic.secrets.get(str(clinic.connection.secret_ref))
    )

    clinic.tokens.forget(str(key))

    assert clinic.source().practitioners()


UNKNOWN_FAULT = {
    "PPMDResults": {
        "Results": {"@success": "0"},
        "Error": {"Fault": {"faultcode": "1999", "detail": {"code": "-2147219999"}}},
    }
}


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(401, json={}),
        httpx.Response(403, json={}),
        httpx.Response(400, json={}),
        httpx.Response(200, json=UNKNOWN_FAULT),
    ],
)
def test_a_login_that_is_refused_without_a_reason_is_not_repeated_either(
    refusal: httpx.Response,
) -> None:
    told = fixture("advancedmd")
    stage = Stage(told, changed(told, lambda one: is_token(told, one), lambda: refusal))

    for _ in range(3):
        with pytest.raises(NeedsReconnect, match="administrator must see"):
            stage.source().practitioners()

    assert len(stage.sender.requests) == 1


def test_a_login_that_met_no_answer_may_be_repeated() -> None:
    told = fixture("advancedmd")
    stage = Stage(told, changed(told, lambda one: is_token(told, one), lambda: httpx.Response(503)))

    for _ in range(2):
        with pytest.raises(Transient):
            stage.source().practitioners()

    assert len(stage.sender.requests) == 2


def test_credentials_that_are_entered_again_cost_no_login_while_their_session_lives(
    clinic: Office,
) -> None:
    clinic.source().practitioners()
    before = logins(clinic)

    trial = tried(clinic)
    trial.forget_token()

    assert trial.practitioners() and trial.practice().name
    assert logins(clinic) == before


def test_credentials_that_are_entered_again_are_tried_where_they_were_refused(
    clinic: Office,
) -> None:
    """Somebody has unlocked the account meanwhile."""
    clinic.control(f"tenants/{clinic.connection.site}", is_locked=True)
    with pytest.raises(NeedsReconnect):
        clinic.source().practitioners()
    clinic.control(f"tenants/{clinic.connection.site}", is_locked=False)

    trial = tried(clinic)
    trial.forget_token()

    assert trial.practitioners()


def test_a_test_of_a_locked_office_says_so_and_asks_nothing(clinic: Office) -> None:
    clinic.control(f"tenants/{clinic.connection.site}", is_locked=True)
    with pytest.raises(NeedsReconnect):
        clinic.source().practitioners()
    before = clinic.asked()
    trial = Trials(clinic.opener()).open(clinic.connection)

    with pytest.raises(NeedsReconnect, match="administrator must unlock it"):
        trial.practice()

    assert clinic.asked() == before


def test_what_other_secrets_bought_is_forgotten_and_what_the_same_did_is_not(
    clinic: Office,
) -> None:
    opener = clinic.opener()
    held = clinic.connection
    good = clinic.secrets.get(str(held.secret_ref))
    check = Check(
        id=UUID(int=9),
        kind=CheckKind.CREDENTIALS,
        held=held,
        tried=replace(held, secret_ref=clinic.secrets.put("trial", good)),
        asked_at=system_clock(),
        asked_by="ann",
    )
    other = clinic.secrets.put("other", {**good, "password": "another"})
    clinic.source().practitioners()
    before = logins(clinic)

    Trials(opener).forget_replaced(check)
    clinic.source().practitioners()
    assert logins(clinic) == before

    Trials(opener).forget_replaced(replace(check, tried=replace(held, secret_ref=other)))
    clinic.source().practitioners()
    assert logins(clinic) > before


def tried(clinic: Office) -> Trial:
    """The stored credentials, as somebody types them again."""
    secrets = clinic.secrets.get(str(clinic.connection.secret_ref))
    return Trials(clinic.opener()).open(clinic.connection, secrets=secrets)


@pytest.mark.parametrize(
    "server",
    [
        "https://advancedmd.com.example.com/processrequest/api-1/X",
        "https://example.com/processrequest/api-1/X",
        "http://providerapi.advancedmd.com/processrequest/api-1/X",
        "https://user@providerapi.advancedmd.com/processrequest/api-1/X",
        "https://[providerapi.advancedmd.com/x",
        "",
    ],
)
def test_no_password_goes_to_a_server_that_is_not_advancedmds(server: str) -> None:
    told = fixture("advancedmd")
    door = next(one for one in told.exchanges if one.get("is") == "token")
    context = {**door["json"]["PPMDResults"]["Results"], "usercontext": {"@webserver": server}}
    body = {"PPMDResults": {**door["json"]["PPMDResults"], "Results": context}}
    elsewhere = {**door, "json": body}
    stage = Stage(told, changed(told, lambda one: is_token(told, one), lambda: answer(elsewhere)))

    with pytest.raises(BrokenContract, match="not AdvancedMD's"):
        stage.source().practitioners()

    assert len(stage.sender.requests) == 1


def test_a_token_is_good_for_the_server_it_was_bought_with() -> None:
    stage = Stage(fixture("advancedmd"))
    stage.source().practitioners()
    stage.source(replace(stage.told.connection, settings={"wire": "json"})).practitioners()

    told = [one.url.host for one in stage.sender.requests]

    assert told == [
        "partnerlogin.advancedmd.com",
        *["providerapi.advancedmd.com"] * 3,
    ]
