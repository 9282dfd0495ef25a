"""Connecting a practice over JSON: what works is kept, and what is refused changes nothing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from adapters.storage.upkeep.pruning import prune
from tests.producers.conftest import Site
from tests.producers.office import Office, Vendor, gentu, halaxy, medirecords, office

pytestmark = pytest.mark.integration

WRONG = "s3cr3t-that-is-wrong"


@pytest.fixture
def desk(
    make_site: Callable[..., Site], redis_client: Redis, database_url: str
) -> Iterator[Office]:
    with office(make_site(), redis_client, database_url) as made:
        yield made


@pytest.fixture
def clinic() -> Iterator[Vendor]:
    with gentu() as made:
        yield made


def unpaired(desk: Office, clinic: Vendor, **more: Any) -> dict[str, Any]:
    app_id = clinic.desk.credentials(clinic.site)["app_id"]
    return desk.begin(clinic, settings={"app_id": app_id}, **more)


def connected(desk: Office, clinic: Vendor) -> str:
    """A connection through the whole setup, with everybody mapped."""
    made = desk.begin(clinic, site=clinic.site, timezone="Australia/Melbourne")
    assert desk.check(made["id"], "test", {})["state"] == "ok"
    listed = desk.send("GET", f"/{made['id']}/practitioners")
    mappings = [
        {"pms_id": one["pms_id"], "action": "create"} for one in listed.json()["practitioners"]
    ]
    if mappings:
        version = listed.headers["ETag"].strip('"')
        body = {"mappings": mappings}
        desk.send("POST", f"/{made['id']}/practitioners", body, version=version).raise_for_status()
    desk.send("POST", f"/{made['id']}/start", {}).raise_for_status()
    return str(made["id"])


def state_of(desk: Office) -> list[Any]:
    """All of the connections, mappings and secrets; what a refusal must leave alone."""
    return [
        desk.rows("SELECT * FROM pms_connections ORDER BY id"),
        desk.rows("SELECT * FROM pms_clinician_mappings ORDER BY id"),
        {ref: dict(one) for ref, one in desk.kept.items()},
    ]


def test_a_practice_is_connected_by_its_pairing_code_alone(desk: Office, clinic: Vendor) -> None:
    made = unpaired(desk, clinic)

    check = desk.check(made["id"], "pair", {"code": clinic.desk.pairing_code(clinic.site)})

    now = desk.one(made["id"])
    assert (check["state"], check["connectionValid"]) == ("ok", True)
    assert (check["message"], check["practitioners"]) == ("Connection successful.", 4)
    assert (now["site"], now["timezone"]) == (clinic.site, "Australia/Melbourne")
    assert (now["name"], now["state"]) == ("Example Practice 1", "SETUP_REQUIRED")
    assert now["setup_step"] == "practitioners"
    assert now["version"] > made["version"]
    assert all("code" not in one for one in desk.kept.values())


def test_a_wrong_code_is_told_and_changes_nothing(desk: Office, clinic: Vendor) -> None:
    made = unpaired(desk, clinic)
    before = state_of(desk)

    check = desk.check(made["id"], "pair", {"code": "WRONG123"})

    assert (check["state"], check["connectionValid"]) == ("failed", False)
    assert check["message"].startswith("Connection failed. This pairing code is spent or unknown.")
    assert state_of(desk) == before


@pytest.mark.parametrize("code", ["ABC123", "ABCD 12345", "\x00BCD1234"])
def test_what_is_no_code_is_told_at_once(desk: Office, clinic: Vendor, code: str) -> None:
    made = unpaired(desk, clinic)

    refused = desk.send("POST", f"/{made['id']}/pair", {"code": code})

    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("A pairing code has 8 letters and digits.")


def test_a_code_may_be_typed_small_and_in_groups(desk: Office, clinic: Vendor) -> None:
    made = unpaired(desk, clinic)
    code = clinic.desk.pairing_code(clinic.site).lower()

    check = desk.check(made["id"], "pair", {"code": f" {code[:4]}-{code[4:]} "})

    assert check["state"] == "ok"


def test_a_refused_attempt_is_followed_by_a_good_one(desk: Office, clinic: Vendor) -> None:
    made = unpaired(desk, clinic)
    desk.check(made["id"], "pair", {"code": "WRONG123"})

    check = desk.check(made["id"], "pair", {"code": clinic.desk.pairing_code(clinic.site)})

    assert check["state"] == "ok"


@pytest.mark.parametrize("opened", [gentu, halaxy, medirecords])
def test_wrong_secrets_are_told_in_one_safe_sentence(desk: Office, opened: Any) -> None:
    with opened() as clinic:
        wrong = dict.fromkeys(clinic.secrets, WRONG)
        made = desk.begin(clinic, site=clinic.site, secrets=wrong, timezone="Australia/Melbourne")

        check = desk.check(made["id"], "test", {})

    assert check["connectionValid"] is False
    assert check["message"].startswith("Connection failed. Please check your credentials. (")
    assert WRONG not in check["message"]
    assert "{" not in check["message"]
    assert desk.one(made["id"])["setup_step"] == "connect"


@pytest.mark.parametrize(
    ("opened", "label"), [(gentu, "tenant id"), (halaxy, "clinic id"), (medirecords, "practice id")]
)
def test_a_wrong_site_is_not_called_wrong_credentials(
    desk: Office, opened: Any, label: str
) -> None:
    with opened() as clinic:
        made = desk.begin(clinic, site="no-such-site", timezone="Australia/Melbourne")

        check = desk.check(made["id"], "test", {})

    assert check["connectionValid"] is False
    assert label in check["message"].lower()
    assert "{" not in check["message"]


@pytest.mark.parametrize("opened", [gentu, halaxy, medirecords])
def test_a_connection_that_lost_its_sign_in_recovers_with_its_mappings(
    desk: Office, opened: Any
) -> None:
    with opened() as clinic:
        held = connected(desk, clinic)
        mapped = desk.rows(
            "SELECT pms_practitioner_id, run_sheet_clinician_id FROM pms_clinician_mappings"
        )
        desk.rows("UPDATE pms_connections SET state = 'NEEDS_SIGN_IN' RETURNING id")
        old = desk.value("SELECT secret_ref FROM pms_connections")
        before = desk.one(held)

        refused = desk.check(held, "credentials", {"secrets": dict.fromkeys(clinic.secrets, WRONG)})
        still = desk.one(held)
        accepted = desk.check(held, "credentials", {"secrets": clinic.secrets})

    now = desk.one(held)
    assert (refused["state"], accepted["state"]) == ("failed", "ok")
    assert still == before
    assert (now["state"], now["state_reason"]) == ("ACTIVE", None)
    assert now["version"] == before["version"] + 1
    assert old not in desk.kept
    assert list(desk.kept.values()) == [clinic.secrets]
    assert mapped == desk.rows(
        "SELECT pms_practitioner_id, run_sheet_clinician_id FROM pms_clinician_mappings"
    )


def test_secrets_not_given_stay_as_they_are(desk: Office, clinic: Vendor) -> None:
    held = connected(desk, clinic)

    given = {"client_secret": clinic.secrets["client_secret"]}
    check = desk.check(held, "credentials", {"secrets": given})

    assert check["state"] == "ok"
    assert list(desk.kept.values()) == [clinic.secrets]


def test_a_test_that_is_refused_asks_for_a_new_sign_in(desk: Office, clinic: Vendor) -> None:
    held = connected(desk, clinic)
    clinic.control(f"tenants/{clinic.site}", {"access": "unpaired"})

    check = desk.check(held, "test", {})

    now = desk.one(held)
    assert check["connectionValid"] is False
    assert now["state"] == "NEEDS_SIGN_IN"
    assert "pair the practice again with a new code" in now["state_reason"]


def test_a_practice_that_unpaired_us_is_paired_again(desk: Office, clinic: Vendor) -> None:
    held = connected(desk, clinic)
    app_id = clinic.desk.credentials(clinic.site)["app_id"]
    version = desk.one(held)["version"]
    desk.send("PATCH", f"/{held}", {"settings": {"app_id": app_id}}, version=version)
    clinic.control(f"tenants/{clinic.site}", {"access": "unpaired"})
    desk.check(held, "test", {})

    check = desk.check(held, "pair", {"code": clinic.desk.pairing_code(clinic.site)})

    assert check["state"] == "ok"
    assert desk.one(held)["state"] == "ACTIVE"


def test_the_code_of_another_practice_changes_nothing(desk: Office) -> None:
    with gentu(tenants=2) as clinic:
        other = clinic.told["tenants"][1]["tenantId"]
        made = unpaired(desk, clinic, site=clinic.site)
        desk.check(made["id"], "test", {})
        before = state_of(desk)

        check = desk.check(made["id"], "pair", {"code": clinic.desk.pairing_code(other)})

    assert check["message"].startswith("Connection failed. This code stands for another site")
    assert state_of(desk) == before


def test_the_code_of_a_connected_practice_leaves_both_as_they_are(
    desk: Office, clinic: Vendor
) -> None:
    connected(desk, clinic)
    made = unpaired(desk, clinic)

    check = desk.check(made["id"], "pair", {"code": clinic.desk.pairing_code(clinic.site)})

    assert check["state"] == "failed"
    assert "connected already, as 'Example Practice 1'" in check["message"]
    assert desk.one(made["id"])["site"] == ""


def test_credentials_alone_are_tried_before_a_practice_is_paired(
    desk: Office, clinic: Vendor
) -> None:
    made = unpaired(desk, clinic, secrets={"client_id": "client-x", "client_secret": WRONG})

    refused = desk.check(made["id"], "credentials", {"secrets": {"client_id": "client-y"}})
    accepted = desk.check(made["id"], "credentials", {"secrets": clinic.secrets})

    assert refused["connectionValid"] is False
    assert accepted["message"] == "The credentials are accepted; enter a pairing code next."
    assert desk.one(made["id"])["setup_step"] == "connect"


def test_what_the_operator_has_set_is_not_asked_for(
    make_site: Callable[..., Site], redis_client: Redis, database_url: str, clinic: Vendor
) -> None:
    preset = {"gentu": dict(clinic.desk.credentials(clinic.site))}
    site = make_site(presets=preset)
    with office(site, redis_client, database_url) as desk:
        made = desk.begin(clinic, secrets={})
        check = desk.check(made["id"], "pair", {"code": clinic.desk.pairing_code(clinic.site)})
        vendors = desk.send("GET", "/api/pms/vendors").json()["vendors"]

    [offered] = [one for one in vendors if one["name"] == "gentu"]
    assert check["state"] == "ok"
    assert offered["preset_secrets"] == ["app_id", "client_id", "client_secret"]
    assert desk.one(made["id"])["secrets"] == dict.fromkeys(clinic.secrets, "set by the operator")
    assert desk.kept == {}


def test_a_check_nobody_carries_is_answered_with_where_to_look(
    make_site: Callable[..., Site],
    redis_client: Redis,
    database_url: str,
    clinic: Vendor,
) -> None:
    with office(make_site(check_seconds=0.2), redis_client, database_url, works=False) as desk:
        made = unpaired(desk, clinic)
        answer = desk.send("POST", f"/{made['id']}/pair", {"code": "ABCD1234"})
        where = answer.headers["Location"]
        waiting = desk.send("GET", where).json()["check"]
        in_the_store = len(desk.kept)
        desk.rows("UPDATE jobs SET state = 'dead', finished_at = now() RETURNING id")
        dead = desk.send("GET", where).json()["check"]

    assert answer.status_code == 202
    assert (waiting["state"], waiting["connectionValid"]) == ("waiting", None)
    assert (dead["state"], dead["connectionValid"]) == ("failed", False)
    assert (in_the_store, len(desk.kept)) == (2, 1)


def test_what_a_failed_check_asked_of_the_vendor_is_counted(desk: Office, clinic: Vendor) -> None:
    made = unpaired(desk, clinic, secrets=dict.fromkeys(clinic.secrets, WRONG))

    desk.check(made["id"], "pair", {"code": clinic.desk.pairing_code(clinic.site)})

    assert desk.value("SELECT count(*) FROM vendor_requests") > 0


def test_keys_and_checks_are_cleared_away_in_time(desk: Office, clinic: Vendor) -> None:
    made = unpaired(desk, clinic)
    desk.check(made["id"], "pair", {"code": "WRONG123"})
    fresh = prune(desk.parts.engine)
    desk.rows("UPDATE idempotency_keys SET created_at = now() - interval '2 days' RETURNING key")
    desk.rows("UPDATE pms_connection_checks SET ended_at = now() - interval '31 d' RETURNING id")

    late = prune(desk.parts.engine)

    assert (fresh["idempotency_keys"], fresh["pms_connection_checks"]) == (0, 0)
    assert (late["idempotency_keys"], late["pms_connection_checks"]) == (1, 1)


def test_each_check_is_audited_with_who_asked(desk: Office, clinic: Vendor) -> None:
    made = unpaired(desk, clinic)
    desk.check(made["id"], "pair", {"code": "WRONG123"})

    rows = desk.rows(
        "SELECT action, user_id, request_summary FROM pms_audit_logs"
        " WHERE action LIKE 'connection.%' ORDER BY id"
    )

    assert [tuple(row) for row in rows] == [
        ("connection.created", "script", "gentu"),
        ("connection.pair_asked", "script", None),
        ("connection.paired", "script", "pair failed"),
    ]
