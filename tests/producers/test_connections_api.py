"""The connections over JSON: begun once, seen by their own account, changed on what was read."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from redis import Redis

from domain.errors import Transient
from domain.people import Role
from infra.vendor_urls import VendorUrls
from tests.fakes import FakeSecrets
from tests.producers.conftest import Site
from tests.producers.office import CONNECTIONS, Office, Vendor, gentu, office

pytestmark = pytest.mark.integration

SECRETS = {"client_id": "client-0123456789", "client_secret": "s3cr3t-canary-000111"}
BODY = {"vendor": "gentu", "site": "tenant-1", "secrets": SECRETS, "timezone": "Australia/Perth"}


@pytest.fixture
def desk(
    make_site: Callable[..., Site], redis_client: Redis, database_url: str
) -> Iterator[Office]:
    """Without a worker: nothing here asks a vendor, unless a test brings one."""
    with office(make_site(), redis_client, database_url, works=False) as made:
        yield made


@pytest.fixture
def held(desk: Office) -> dict[str, Any]:
    return dict(desk.send("POST", "", BODY, key="first").json()["connection"])


def other_account(desk: Office) -> dict[str, str]:
    desk.rows("INSERT INTO accounts (id, name) VALUES ('other', 'Other') RETURNING id")
    return desk.site.bearer(account_id="other")


def test_a_connection_is_begun_and_its_secrets_are_never_answered(desk: Office) -> None:
    answer = desk.send("POST", "", BODY, key="one")

    made = answer.json()["connection"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{CONNECTIONS}/{made['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert (made["state"], made["setup_step"]) == ("SETUP_REQUIRED", "connect")
    assert made["secrets"] == {"client_id": "••••6789", "client_secret": "set"}
    assert made["vendor_title"] == "Gentu"
    assert made["created_at"].endswith("Z")
    assert list(desk.kept.values()) == [SECRETS]
    assert SECRETS["client_secret"] not in answer.text


def test_the_same_key_begins_one_connection(desk: Office) -> None:
    first = desk.send("POST", "", BODY, key="one")
    second = desk.send("POST", "", BODY, key="one")
    other = desk.send("POST", "", {**BODY, "site": "tenant-2"}, key="one")

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert second.headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
    assert desk.value("SELECT count(*) FROM pms_connections") == 1
    assert len(desk.kept) == 1


def test_two_begun_at_once_with_one_key_leave_one(desk: Office) -> None:
    both, statuses = threading.Barrier(2), []

    def send() -> None:
        both.wait(timeout=5)
        statuses.append(desk.send("POST", "", BODY, key="one").status_code)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    assert statuses == [201, 201]
    assert desk.value("SELECT count(*) FROM pms_connections") == 1
    assert len(desk.kept) == 1


def test_a_practice_is_connected_once(desk: Office, held: dict[str, Any]) -> None:
    again = desk.send("POST", "", BODY, key="second")

    assert held["site"] == "tenant-1"
    assert again.status_code == 409
    assert "already has a gentu connection" in again.json()["detail"]
    assert len(desk.kept) == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"vendor": "kolla"}, "Kolla is coming soon"),
        ({"vendor": "sikka"}, "cannot be connected here"),
        ({"vendor": "nonsense"}, "choose one of advancedmd, gentu"),
        ({"vendor": "halaxy"}, "Give the clinic id"),
        ({**BODY, "timezone": "Nowhere/Else"}, "is not a time zone"),
        ({**BODY, "secrets": {"password": "hunter2"}}, "has no secret 'password'"),
        ({**BODY, "secrets": {"client_secret": "two\nlines"}}, "A secret is one line"),
        ({**BODY, "settings": {"colour": "red"}}, "has no setting 'colour'"),
        ({**BODY, "settings": {"default_minutes": 0}}, "is a number of minutes"),
        ({**BODY, "settings": {"default_minutes": True}}, "is a number of minutes"),
        ({**BODY, "base_url": "http://169.254.169.254/latest"}, "must use https"),
        ({**BODY, "base_url": "file:///etc/passwd"}, "must be a full URL"),
        ({**BODY, "token_url": "https://u:p@example.com"}, "no user name"),
        ({**BODY, "site": "a b"}, "cannot be read"),
        ({**BODY, "extra": 1}, "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    desk: Office, body: dict[str, Any], sentence: str
) -> None:
    answer = desk.send("POST", "", body, key="one")

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert sentence in answer.json()["detail"]
    assert "hunter2" not in answer.text
    assert desk.value("SELECT count(*) FROM pms_connections") == 0
    assert desk.kept == {}


def test_a_key_is_required(desk: Office) -> None:
    assert desk.send("POST", "", BODY).status_code == 400


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://collector.example.com/v1", 422),
        ("http://127.0.0.1:9/v1", 422),
        ("https://api.pm.magentus.com/v1", 201),
        ("https://sandbox.gentu.example.com/v1", 201),
    ],
)
def test_production_sends_secrets_to_the_vendors_own_hosts_only(
    make_site: Callable[..., Site], redis_client: Redis, database_url: str, url: str, wanted: int
) -> None:
    told = {"gentu": VendorUrls(base_url="https://sandbox.gentu.example.com/v2")}
    site = make_site(is_production=True, urls=told)
    with office(site, redis_client, database_url, works=False) as desk:
        answer = desk.send("POST", "", {**BODY, "base_url": url}, key="one")

    assert answer.status_code == wanted, answer.text


def test_the_operators_secrets_do_not_travel_to_an_address_somebody_gave(
    make_site: Callable[..., Site], redis_client: Redis, database_url: str
) -> None:
    site = make_site(presets={"gentu": SECRETS})
    with office(site, redis_client, database_url, works=False) as desk:
        elsewhere = {**BODY, "secrets": {}, "base_url": "https://collector.example.com/v1"}
        answer = desk.send("POST", "", elsewhere, key="one")

    assert answer.status_code == 422


def test_the_list_is_paged(desk: Office) -> None:
    for number in range(5):
        desk.send("POST", "", {**BODY, "site": f"tenant-{number}"}, key=str(number))

    found: list[str] = []
    cursor, pages = "", 0
    while pages == 0 or cursor:
        answer = desk.send("GET", f"?limit=2{f'&cursor={cursor}' if cursor else ''}").json()
        found += [one["site"] for one in answer["connections"]]
        cursor, pages = answer["next_cursor"], pages + 1

    assert (found, pages) == ([f"tenant-{number}" for number in range(5)], 3)
    assert desk.send("GET", "?cursor=nonsense").status_code == 422


def test_a_change_needs_the_version_that_was_read(desk: Office, held: dict[str, Any]) -> None:
    path, body = f"/{held['id']}", {"name": "Room 1"}

    without = desk.send("PATCH", path, body)
    stale = desk.send("PATCH", path, body, version=99)
    good = desk.send("PATCH", path, body, version=held["version"])

    assert (without.status_code, stale.status_code, good.status_code) == (428, 412, 200)
    assert good.headers["ETag"] == '"2"'
    assert good.json()["connection"]["name"] == "Room 1"
    assert desk.send("GET", path).headers["ETag"] == '"2"'


def test_of_two_changes_at_once_one_is_told_to_read_again(
    desk: Office, held: dict[str, Any]
) -> None:
    both, statuses = threading.Barrier(2), []

    def send(name: str) -> None:
        both.wait(timeout=5)
        answer = desk.send("PATCH", f"/{held['id']}", {"name": name}, version=held["version"])
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=send, args=(name,)) for name in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    assert sorted(statuses) == [200, 412]


@pytest.mark.parametrize("written", ["tenant-1", "Tenant-1"])
def test_the_site_of_another_connection_cannot_be_given(
    desk: Office, held: dict[str, Any], written: str
) -> None:
    other = desk.send("POST", "", {**BODY, "site": "tenant-2"}, key="second").json()["connection"]

    answer = desk.send("PATCH", f"/{other['id']}", {"site": written}, version="*")

    assert answer.status_code == 409
    assert "connected already, as 'tenant-1'" in answer.json()["detail"]
    assert desk.one(other["id"])["site"] == "tenant-2"


def test_a_change_is_told_to_every_open_page(desk: Office, held: dict[str, Any]) -> None:
    desk.send("PATCH", f"/{held['id']}", {"name": "Room 1"}, version="*")

    event = desk.rows("SELECT * FROM run_sheet_events ORDER BY seq DESC LIMIT 1")[0]

    assert (event.kind, str(event.connection_id)) == ("connection_changed", held["id"])
    assert event.detail == {"what": "changed"}


def test_a_token_of_an_account_that_is_not_there_is_refused_in_a_sentence(desk: Office) -> None:
    nobody = desk.site.bearer(account_id="no-such-account")

    answers = [
        desk.send("POST", "", BODY, key="one", headers=nobody),
        desk.send("GET", "", headers=nobody),
    ]

    assert [one.status_code for one in answers] == [401, 401]
    assert "account" in answers[0].json()["detail"]
    assert desk.kept == {}


def test_the_list_does_not_ask_the_store_of_secrets(desk: Office, held: dict[str, Any]) -> None:
    desk.kept.clear()

    (listed,) = desk.send("GET", "").json()["connections"]

    assert (listed["id"], listed["has_secrets"], listed["secrets"]) == (held["id"], True, None)


def test_a_start_a_pause_and_a_resume_heed_the_version_where_one_is_sent(
    desk: Office, held: dict[str, Any]
) -> None:
    desk.rows("UPDATE pms_connections SET state = 'ACTIVE' RETURNING id")
    path = f"/{held['id']}"

    stale = [desk.send("POST", f"{path}/{one}", {}, version=99) for one in ("pause", "resume")]
    stale.append(desk.send("POST", f"{path}/start", {}, version=99))
    fresh = desk.send("POST", f"{path}/pause", {}, version=held["version"])

    assert [one.status_code for one in stale] == [412, 412, 412]
    assert fresh.status_code == 200


class Away(FakeSecrets):
    """A store that cannot be reached."""

    def put(self, name: str, values: Mapping[str, str]) -> str:
        raise Transient("the secret store cannot be reached")


def test_a_store_that_is_away_leaves_no_connection_and_the_key_free(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.site.ports.secrets, "put", Away().put)
    refused = desk.send("POST", "", BODY, key="one")
    monkeypatch.undo()

    again = desk.send("POST", "", BODY, key="one")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.headers["content-type"] == "application/problem+json"
    assert "cannot be reached just now" in refused.json()["detail"]
    assert again.status_code == 201
    assert [one["site"] for one in desk.send("GET", "").json()["connections"]] == ["tenant-1"]
    assert list(desk.kept.values()) == [SECRETS]


def test_whoever_asks_again_brings_the_secrets_a_dead_process_had_not_stored(
    desk: Office, held: dict[str, Any]
) -> None:
    desk.kept.clear()

    again = desk.send("POST", "", BODY, key="first")

    assert again.json()["connection"]["id"] == held["id"]
    assert list(desk.kept.values()) == [SECRETS]


def test_everything_that_may_be_set_is_set(desk: Office, held: dict[str, Any]) -> None:
    changes = {
        "name": "Beach Road",
        "site": "tenant-9",
        "timezone": "Australia/Darwin",
        "frequency_minutes": 5,
        "days_ahead": 14,
        "full_every_minutes": 120,
        "adaptive": False,
        "quiet_minutes": 240,
        "telehealth_only": False,
        "sync_enabled": False,
        "opening_hours": {"mon": [["08:00", "17:00"]]},
        "settings": {"default_minutes": 20, "map_all": True},
        "setup_step": "types",
    }

    answer = desk.send("PATCH", f"/{held['id']}", changes, version="*")
    back = desk.send("PATCH", f"/{held['id']}", {"settings": {"map_all": None}}, version="*")

    now = answer.json()["connection"]
    assert {key: now[key] for key in changes} == changes
    assert back.json()["connection"]["settings"] == {"default_minutes": 20}


def test_what_was_typed_stays_at_its_time_when_the_time_zone_is_put_right(
    desk: Office, held: dict[str, Any]
) -> None:
    row = {"source": "manual", "start": "2030-06-03T14:45", "patient_name": "Ann Example"}
    added = desk.send("POST", "/api/run-sheet/appointments", row, key="row")
    assert added.status_code == 201

    desk.send("PATCH", f"/{held['id']}", {"timezone": "Australia/Darwin"}, version="*")

    says = "SELECT timezone || ' ' || (appointment_time AT TIME ZONE timezone)::text"
    now = desk.value(f"{says} FROM run_sheet_appointments")
    assert now == "Australia/Darwin 2030-06-03 14:45:00"

    desk.send("DELETE", f"/{held['id']}", version="*").raise_for_status()
    again = desk.send("POST", "", BODY, key="again").json()["connection"]

    now = desk.value(f"{says} FROM run_sheet_appointments")
    assert (again["id"], now) == (held["id"], "Australia/Perth 2030-06-03 14:45:00")


def test_an_interval_that_came_to_outlast_the_rest_keeps_nobody_from_saving(
    desk: Office, held: dict[str, Any]
) -> None:
    """A page sends all it shows; a plan's allowance makes an interval longer by itself."""
    desk.send("PATCH", f"/{held['id']}", {"frequency_minutes": 180}, version="*")
    shown = {"frequency_minutes": 180, "quiet_minutes": 120}

    saved = desk.send("PATCH", f"/{held['id']}", {**shown, "name": "Hill Road"}, version="*")
    changed = desk.send("PATCH", f"/{held['id']}", {**shown, "quiet_minutes": 90}, version="*")

    assert (saved.status_code, changed.status_code) == (200, 422)


def test_what_is_left_out_is_kept_audited_and_emptied_at_once(
    desk: Office, held: dict[str, Any]
) -> None:
    changes = {"settings": {"leave_out": "Notes, phone"}}

    answer = desk.send("PATCH", f"/{held['id']}", changes, version="*")

    assert answer.json()["connection"]["settings"]["leave_out"] == "phone,notes"
    [told] = desk.rows(
        "SELECT request_summary FROM pms_audit_logs WHERE action = 'connection.changed'"
    )
    jobs = desk.rows("SELECT dedupe_key FROM jobs WHERE kind = 'empty_left_out'")
    assert told.request_summary == "settings (leave_out: phone, notes)"
    assert [one.dedupe_key for one in jobs] == [f"empty:{held['id']}"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": ""},
        {"name": None},
        {"timezone": "Mars/Base"},
        {"frequency_minutes": 0},
        {"frequency_minutes": 1441},
        {"quiet_minutes": 0},
        {"quiet_minutes": 1441},
        {"quiet_minutes": 29, "frequency_minutes": 30},
        {"days_ahead": 91},
        {"settings": {"nonsense": 1}},
        {"settings": {"leave_out": "name"}},
        {"settings": {"leave_out": ["phone"]}},
        {"opening_hours": {"mon": "9 to 5"}},
        {"opening_hours": {"mon": [["18:00", "18:00"]]}},
        {"setup_step": "nonsense"},
        {"site": ""},
        {"state": "ACTIVE"},
        {"name": "two\nlines"},
        {"name": "nul\x00"},
        {"settings": {"app_id": "nul\x00"}},
        {"settings": {"app_id": ["a list"]}},
        {"opening_hours": {"mon": [["\x00", "17:00"]]}},
        {"opening_hours": {"mon\x00": []}},
        {"timezone": "../../etc/passwd"},
        {"timezone": "Australia"},
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    desk: Office, held: dict[str, Any], changes: dict[str, Any]
) -> None:
    answer = desk.send("PATCH", f"/{held['id']}", changes, version=held["version"])

    assert answer.status_code == 422
    assert desk.one(held["id"]) == held


def test_a_removed_connection_is_gone_and_its_secrets_are_forgotten(
    desk: Office, held: dict[str, Any]
) -> None:
    removed = desk.send("DELETE", f"/{held['id']}", version=held["version"])

    assert removed.json() == {"success": True, "id": held["id"]}
    assert desk.send("GET", f"/{held['id']}").status_code == 404
    assert desk.send("GET", "").json()["connections"] == []
    assert desk.kept == {}
    assert desk.value("SELECT removed_at IS NOT NULL FROM pms_connections")


def test_a_foreign_connection_looks_like_none(desk: Office, held: dict[str, Any]) -> None:
    foreign = other_account(desk)
    one = f"/{held['id']}"
    asked: list[tuple[str, str, Any]] = [
        ("GET", one, None),
        ("PATCH", one, {"name": "Mine"}),
        ("DELETE", one, None),
        ("POST", f"{one}/test", {}),
        ("POST", f"{one}/pair", {"code": "ABCD1234"}),
        ("POST", f"{one}/credentials", {"secrets": {}}),
        ("GET", f"{one}/checks/{held['id']}", None),
        ("GET", f"{one}/practitioners", None),
        ("POST", f"{one}/practitioners", {"mappings": [{"pms_id": "1", "action": "skip"}]}),
        ("GET", f"{one}/appointment-types", None),
        ("PATCH", f"{one}/appointment-types", {"types": [{"type_id": "1"}]}),
        ("POST", f"{one}/start", {}),
        ("POST", f"{one}/pause", {}),
        ("POST", f"{one}/resume", {}),
    ]

    answers = [
        desk.send(method, path, body, version="*", headers=foreign) for method, path, body in asked
    ]

    assert [one.status_code for one in answers] == [404] * len(asked)
    assert desk.send("GET", "", headers=foreign).json()["connections"] == []
    assert desk.one(held["id"]) == held


@pytest.mark.parametrize("role", [Role.BILLING, Role.PROVIDER, Role.OPS])
def test_only_owners_and_administrators_change_connections(
    desk: Office, held: dict[str, Any], role: Role
) -> None:
    headers, one = desk.site.bearer(role), f"/{held['id']}"
    asked: list[tuple[str, str, Any]] = [
        ("POST", "", BODY),
        ("PATCH", one, {"name": "Mine"}),
        ("DELETE", one, None),
        *(("POST", f"{one}/{what}", {}) for what in ("test", "start", "pause", "resume")),
        ("POST", f"{one}/pair", {"code": "x"}),
        ("POST", f"{one}/credentials", {}),
    ]

    answers = [
        desk.send(method, path, body, key="k", version="*", headers=headers)
        for method, path, body in asked
    ]

    assert {one.status_code for one in answers} == {403}
    assert desk.send("GET", one, headers=headers).status_code == 200


@pytest.mark.parametrize("version", ['"x"', "", "-1", "9" * 40, '"1", "2"', "\u0661"])
def test_a_version_that_is_none_is_refused(
    desk: Office, held: dict[str, Any], version: str
) -> None:
    sent = {**desk.headers, "If-Match": version}
    headers = [(name.encode(), value.encode()) for name, value in sent.items()]

    answer = desk.site.client.patch(
        f"{CONNECTIONS}/{held['id']}", json={"name": "x"}, headers=headers
    )

    assert answer.status_code == 422


def test_the_vendors_are_listed_with_what_they_need(desk: Office) -> None:
    found = {one["name"]: one for one in desk.send("GET", "/api/pms/vendors").json()["vendors"]}

    assert {"advancedmd", "gentu", "halaxy", "medirecords", "kolla"} <= set(found)
    assert "sikka" not in found
    assert (found["kolla"]["available"], found["kolla"]["coming_soon"]) == (False, True)
    assert (found["gentu"]["pairing"], found["gentu"]["site_required"]) == (True, False)
    assert set(found["gentu"]["secrets"]) == {"client_id", "client_secret"}
    assert found["halaxy"]["capabilities"]["webhooks"] is True


OFFICE: Mapping[str, Any] = {
    "vendor": "advancedmd",
    "site": "130001",
    "timezone": "America/New_York",
    "secrets": {"username": "robot", "password": "invented", "app_name": "EXAMPLE"},
}


def test_an_office_key_given_as_the_site_is_the_credential_too(desk: Office) -> None:
    made = desk.send("POST", "", OFFICE, key="one").json()["connection"]

    ref = f"tests/advancedmd/default/{made['id']}"
    store = desk.site.ports.secrets
    assert isinstance(store, FakeSecrets)
    held = {key: one for key, one in store.kept.items() if made["id"] in key}
    assert [one["office_key"] for one in held.values()] == ["130001"], ref
    assert "130001" not in made["secrets"].values()


@pytest.mark.parametrize("path", ["", "/credentials"])
def test_a_sign_in_for_another_office_is_refused(desk: Office, path: str) -> None:
    other = {**OFFICE["secrets"], "office_key": "130002"}
    if path:
        made = desk.send("POST", "", OFFICE, key="one").json()["connection"]
        answer = desk.send("POST", f"/{made['id']}{path}", {"secrets": other})
    else:
        answer = desk.send("POST", "", {**OFFICE, "secrets": other}, key="one")

    assert answer.status_code == 422
    assert "office key is another than this connection's (130001)" in answer.json()["detail"]


def test_an_office_that_was_begun_keeps_its_key(desk: Office) -> None:
    made = desk.send("POST", "", OFFICE, key="one").json()["connection"]

    answer = desk.send("PATCH", f"/{made['id']}", {"site": "130002"}, version="*")

    assert answer.status_code == 422
    assert "begin another" in answer.json()["detail"]


def test_the_documentation_names_every_answer(desk: Office) -> None:
    told = desk.site.client.get("/openapi.json").json()
    paths = {path: one for path, one in told["paths"].items() if "/api/pms/connections" in path}

    assert f"{CONNECTIONS}/{{connection_id}}/checks/{{check_id}}" in paths
    assert {"OneConnection", "OneCheck", "Practitioners", "Types", "ProblemDetails"} <= set(
        told["components"]["schemas"]
    )
    assert "If-Match" in {
        one["name"] for one in paths[f"{CONNECTIONS}/{{connection_id}}"]["patch"]["parameters"]
    }


@pytest.fixture
def clinic() -> Iterator[Vendor]:
    with gentu() as made:
        yield made


@pytest.fixture
def busy(
    make_site: Callable[..., Site], redis_client: Redis, database_url: str
) -> Iterator[Office]:
    with office(make_site(), redis_client, database_url) as made:
        yield made


@pytest.fixture
def tried(busy: Office, clinic: Vendor) -> dict[str, Any]:
    """A connection whose practitioners and types are known, and nobody is mapped."""
    made = busy.begin(clinic, site=clinic.site)
    assert busy.check(made["id"], "test", {})["state"] == "ok"
    return busy.one(made["id"])


def test_practitioners_are_suggested_and_mapped_all_at_once(
    busy: Office, tried: dict[str, Any]
) -> None:
    path = f"/{tried['id']}/practitioners"
    people = busy.send("GET", path).json()["practitioners"]
    name = people[0]["name"]
    known = busy.value(
        "INSERT INTO run_sheet_clinicians (account_id, name) VALUES ('default', :name)"
        " RETURNING id",
        name=name,
    )

    listed = busy.send("GET", path)
    body = {
        "mappings": [
            {"pms_id": people[0]["pms_id"], "action": "match", "clinician_id": str(known)},
            {"pms_id": people[1]["pms_id"], "action": "create", "name": "Room 2"},
            {"pms_id": people[2]["pms_id"], "action": "skip"},
        ]
    }
    stale = busy.send("POST", path, body, version=99)
    mapped = busy.send("POST", path, body, version=listed.headers["ETag"].strip('"'))

    suggested = next(one for one in listed.json()["practitioners"] if one["name"] == name)
    after = {one["pms_id"]: one for one in mapped.json()["practitioners"]}
    assert suggested["suggestion"] == {
        "clinician_id": str(known),
        "clinician": name,
        "score": 1.0,
    }
    assert stale.status_code == 412
    assert [after[one["pms_id"]]["clinician"] for one in people[:2]] == [name, "Room 2"]
    assert after[people[2]["pms_id"]]["sync_enabled"] is False
    assert int(mapped.headers["ETag"].strip('"')) == tried["version"] + 1
    assert busy.one(tried["id"])["mapped"] == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"pms_id": "nobody", "action": "create"},
        {"action": "match", "clinician_id": "00000000-0000-0000-0000-000000000009"},
        {"action": "match"},
        {"action": "create", "name": "room 1"},
    ],
)
def test_one_bad_mapping_leaves_all_as_they_were(
    busy: Office, tried: dict[str, Any], bad: dict[str, Any]
) -> None:
    path = f"/{tried['id']}/practitioners"
    people = busy.send("GET", path).json()["practitioners"]
    body = {
        "mappings": [
            {"pms_id": people[0]["pms_id"], "action": "create", "name": "Room 1"},
            {"pms_id": people[1]["pms_id"], **bad},
        ]
    }

    answer = busy.send("POST", path, body, version="*")

    assert answer.status_code == 422
    assert busy.one(tried["id"])["mapped"] == 0
    assert busy.send("GET", path).json()["clinicians"] == []
    assert busy.one(tried["id"])["version"] == tried["version"]


def test_types_are_marked_as_telehealth_all_at_once(busy: Office, tried: dict[str, Any]) -> None:
    path = f"/{tried['id']}/appointment-types"
    types = busy.send("GET", path).json()["types"]
    body = {
        "types": [
            {"type_id": types[0]["type_id"], "is_telehealth": True},
            {"type_id": types[1]["type_id"], "sync_enabled": False},
        ]
    }
    unknown = {"types": [*body["types"], {"type_id": "nonsense", "is_telehealth": True}]}

    refused = busy.send("PATCH", path, unknown, version="*")
    marked = busy.send("PATCH", path, body, version=tried["version"])

    after = {one["type_id"]: one for one in marked.json()["types"]}
    assert refused.status_code == 422
    assert after[types[0]["type_id"]] == {
        **types[0],
        "is_telehealth": True,
        "classified": True,
    }
    assert after[types[1]["type_id"]] == {**types[1], "sync_enabled": False}
    assert busy.one(tried["id"])["telehealth_types"] == 1


def test_a_setup_that_took_days_is_not_late_when_it_is_started(
    busy: Office, tried: dict[str, Any]
) -> None:
    one = f"/{tried['id']}"
    people = busy.send("GET", f"{one}/practitioners").json()["practitioners"]
    mappings = [{"pms_id": each["pms_id"], "action": "create"} for each in people]
    busy.send("POST", f"{one}/practitioners", {"mappings": mappings}, version="*")
    busy.rows("UPDATE pms_connections SET created_at = now() - interval '2 days' RETURNING id")

    busy.send("POST", f"{one}/start", {})

    assert busy.one(tried["id"])["sentence"].startswith("Not synced yet")


def test_a_setup_is_finished_with_a_sync_at_once(busy: Office, tried: dict[str, Any]) -> None:
    one = f"/{tried['id']}"
    early = busy.send("POST", f"{one}/start", {})
    people = busy.send("GET", f"{one}/practitioners").json()["practitioners"]
    mappings = [{"pms_id": each["pms_id"], "action": "create"} for each in people]
    busy.send("POST", f"{one}/practitioners", {"mappings": mappings}, version="*")
    busy.send("PATCH", one, {"days_ahead": 2}, version="*")

    started = busy.send("POST", f"{one}/start", {}).json()

    job = busy.rows("SELECT kind, args FROM jobs WHERE id = :id", id=started["job_id"])[0]
    assert early.status_code == 422
    assert "Match or create at least one clinician" in early.json()["detail"]
    assert (job.kind, job.args["first_day"], job.args["last_day"]) == (
        "sync",
        "2026-11-23",
        "2026-11-25",
    )
    assert (started["connection"]["state"], started["connection"]["setup_step"]) == ("ACTIVE", None)


def test_a_practice_without_a_zone_is_not_started(desk: Office) -> None:
    made = desk.send("POST", "", {**BODY, "timezone": None}, key="one").json()["connection"]
    one = f"/{made['id']}"
    unconnected = desk.send("POST", f"{one}/start", {})
    desk.send("PATCH", one, {"setup_step": "summary"}, version="*")

    zoneless = desk.send("POST", f"{one}/start", {})

    assert (unconnected.status_code, zoneless.status_code) == (422, 422)
    assert "Connect the practice first" in unconnected.json()["detail"]
    assert "which time zone" in zoneless.json()["detail"]


def test_a_connection_is_paused_and_resumed(desk: Office, held: dict[str, Any]) -> None:
    one = f"/{held['id']}"
    early = desk.send("POST", f"{one}/pause", {}), desk.send("POST", f"{one}/resume", {})
    desk.rows("UPDATE pms_connections SET state = 'ACTIVE', setup_step = NULL RETURNING id")

    paused = desk.send("POST", f"{one}/pause", {"reason": "closed for repairs"}).json()
    resumed = desk.send("POST", f"{one}/resume", {}).json()
    desk.rows("UPDATE pms_connections SET state = 'NEEDS_SIGN_IN' RETURNING id")
    refused = desk.send("POST", f"{one}/resume", {})

    assert [answer.status_code for answer in early] == [409, 422]
    assert paused["connection"]["state"] == "INACTIVE"
    assert paused["connection"]["state_reason"] == "closed for repairs"
    assert resumed["connection"]["state"] == "ACTIVE"
    assert refused.status_code == 409


def test_settings_saved_during_a_pause_leave_it_synced_by_hand(
    desk: Office, held: dict[str, Any]
) -> None:
    one = f"/{held['id']}"
    desk.rows("UPDATE pms_connections SET state = 'ACTIVE', setup_step = NULL RETURNING id")
    desk.send("PATCH", one, {"sync_enabled": False}, version="*")
    desk.send("POST", f"{one}/pause", {})

    page = desk.site.client.get(f"/connections/{held['id']}", headers=desk.site.bearer()).text

    chosen = [line for line in page.splitlines() if 'value="manual"' in line]
    assert ["checked" in line for line in chosen] == [True]


def test_another_zone_or_filter_makes_a_sync_due_at_once(
    desk: Office, held: dict[str, Any]
) -> None:
    desk.rows("UPDATE pms_connections SET state = 'ACTIVE', setup_step = NULL RETURNING id")

    desk.send("PATCH", f"/{held['id']}", {"name": "Other"}, version="*")
    quiet = desk.value("SELECT next_sync_at FROM pms_connections")
    desk.send("PATCH", f"/{held['id']}", {"timezone": "Australia/Darwin"}, version="*")

    assert quiet is None
    assert desk.value("SELECT next_sync_at <= now() FROM pms_connections")


def test_every_change_is_audited(desk: Office, held: dict[str, Any]) -> None:
    one = f"/{held['id']}"
    desk.send("PATCH", one, {"name": "Other", "frequency_minutes": 5}, version="*")
    desk.rows("UPDATE pms_connections SET state = 'ACTIVE', setup_step = NULL RETURNING id")
    for what in ("pause", "resume", "start"):
        desk.send("POST", f"{one}/{what}", {})
    desk.send("DELETE", one, version="*")

    rows = desk.rows(
        "SELECT action, request_summary FROM pms_audit_logs"
        " WHERE action LIKE 'connection.%' ORDER BY id"
    )

    assert [row.action.removeprefix("connection.") for row in rows] == [
        "created",
        "changed",
        "paused",
        "resumed",
        "started",
        "removed",
    ]
    assert rows[1].request_summary == "frequency_minutes, name"
