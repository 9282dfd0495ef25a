"""Both ways over the API: how rows and people stand, and what is asked for by hand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from domain.people import Role
from domain.pushes import BY_HAND
from tests.producers.conftest import Site
from tests.producers.two_way import TwoWayDay, two_way_day

pytestmark = pytest.mark.integration

ROOT = "/api/advancedmd"


@pytest.fixture
def day(make_site: Callable[..., Site]) -> TwoWayDay:
    return two_way_day(make_site())


def get(day: TwoWayDay, path: str, *, role: Role = Role.OWNER, **params: Any) -> httpx.Response:
    headers = day.site.bearer(role)
    return day.site.client.get(f"{ROOT}{path}", headers=headers, params=params)


def post(
    day: TwoWayDay,
    path: str,
    body: Any = None,
    *,
    role: Role = Role.OWNER,
    key: str | None = None,
    version: int | None = None,
) -> httpx.Response:
    headers = day.site.bearer(role)
    headers |= {"Idempotency-Key": key} if key else {}
    headers |= {"If-Match": f'"{version}"'} if version else {}
    return day.site.client.post(f"{ROOT}{path}", headers=headers, json=body or {})


def jobs(day: TwoWayDay, kind: str) -> list[dict[str, Any]]:
    with day.site.everything() as db:
        query = text("SELECT id, args, priority FROM jobs WHERE kind = :kind ORDER BY id")
        return [dict(row) for row in db.execute(query, {"kind": kind}).mappings()]


def test_a_row_says_how_it_stands_and_what_was_sent(day: TwoWayDay) -> None:
    told = get(day, f"/appointments/{day.ids['Ben Sketch']}/sync-status").json()

    assert told["sync_status"]["state"] == "error"
    assert told["sync_status"]["reason"] == "AdvancedMD: that time overlaps another appointment."
    assert [(one["what"], one["state"]) for one in told["history"]] == [("reschedule", "failed")]
    assert "Ben" not in str(told)


def test_a_row_that_became_the_practices_is_answered_as_that_row(day: TwoWayDay) -> None:
    old, new = day.ids["Ivy Newcomer"], day.ids["Ada Sample"]
    with day.site.everything() as db:
        link = text("UPDATE run_sheet_appointments SET linked_to = :new WHERE id = :old")
        db.execute(link, {"new": new, "old": old})

    told = get(day, f"/appointments/{old}/sync-status").json()

    assert told == get(day, f"/appointments/{new}/sync-status").json()
    assert (told["sync_status"]["entry_id"], len(told["history"])) == (str(new), 1)
    assert told["sync_status"]["pms_id"]
    assert post(day, f"/appointments/{old}/sync").status_code == 202
    assert post(day, f"/appointments/{old}/create").status_code == 409
    assert [one["args"]["entry_id"] for one in jobs(day, "push_entry")] == [str(new)]


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"status_codes": "77=banana"}, "the words are"), ({"columns": "999"}, "no column 999")],
)
def test_settings_the_practice_cannot_use_are_refused(
    day: TwoWayDay, settings: dict[str, str], said: str
) -> None:
    at, headers = f"/api/pms/connections/{day.connection}", day.site.bearer()
    tag = day.site.client.get(at, headers=headers).headers["ETag"]

    answer = day.site.client.patch(
        at, headers={**headers, "If-Match": tag}, json={"settings": settings}
    )

    assert (answer.status_code, said in str(answer.json())) == (422, True)


def test_a_row_that_nobody_is_about_to_send_says_so(day: TwoWayDay) -> None:
    path = f"/appointments/{day.ids['Cleo Draft']}/sync-status"
    assert get(day, path).json()["sync_status"]["reason"] is None
    with day.site.everything() as db:
        db.execute(text("""UPDATE pms_connections SET features = '{"auto_push": false}'"""))

    assert get(day, path).json()["sync_status"]["reason"] == BY_HAND
    post(day, f"/appointments/{day.ids['Cleo Draft']}/sync")
    assert get(day, path).json()["sync_status"]["reason"] is None


def test_a_row_that_waits_for_its_patient_leads_to_who_may_be_meant(day: TwoWayDay) -> None:
    told = get(day, f"/appointments/{day.ids['Joan Walkin']}/sync-status").json()["sync_status"]
    assert told["link_id"] == str(day.link)

    found = get(day, f"/patients/{told['link_id']}/candidates").json()["candidates"]

    assert found == [
        {"pms_id": "40012", "name": "JOAN WALKIN", "date_of_birth": "1980-02-03"},
        {"pms_id": "40977", "name": "JOAN MARIE WALKIN", "date_of_birth": "1944-11-30"},
    ]
    with day.site.everything() as db:
        query = text("SELECT * FROM pms_audit_logs WHERE action = 'patient_link.read'")
        (noted,) = db.execute(query).mappings()
    assert (noted["phi_accessed"], "WALKIN" in str(dict(noted))) == (True, False)


def test_candidates_are_named_to_nobody_who_may_not_see_names(day: TwoWayDay) -> None:
    assert get(day, f"/patients/{day.link}/candidates", role=Role.OPS).status_code == 403
    assert get(day, f"/patients/{uuid4()}/candidates").status_code == 404


def test_a_row_of_a_practice_that_goes_one_way_has_no_standing(day: TwoWayDay) -> None:
    assert get(day, f"/appointments/{uuid4()}/sync-status").status_code == 404


def test_a_row_is_sent_again_by_one_job_however_often_it_is_asked(day: TwoWayDay) -> None:
    path = f"/appointments/{day.ids['Ben Sketch']}/sync"

    first, again = (post(day, path, key="k") for _ in range(2))

    assert (first.status_code, again.json()) == (202, first.json())
    (job,) = jobs(day, "push_entry")
    assert job["id"] == first.json()["job_id"]
    assert (job["args"]["entry_id"], job["args"]["read_first"]) == (
        str(day.ids["Ben Sketch"]),
        True,
    )


def test_a_row_that_was_changed_since_it_was_read_is_not_sent(day: TwoWayDay) -> None:
    answer = post(day, f"/appointments/{day.ids['Ben Sketch']}/sync", version=99)

    assert answer.status_code == 412
    assert jobs(day, "push_entry") == []


def test_only_a_row_the_practice_lacks_is_created_and_only_one_it_has_is_sent(
    day: TwoWayDay,
) -> None:
    new, there = day.ids["Ivy Newcomer"], day.ids["Ben Sketch"]

    assert post(day, f"/appointments/{new}/create").status_code == 202
    assert post(day, f"/appointments/{there}/create").status_code == 409
    assert post(day, f"/appointments/{new}/sync").status_code == 422
    assert [one["args"]["create"] for one in jobs(day, "push_entry")] == [True]


def test_a_locked_practice_is_not_asked(day: TwoWayDay) -> None:
    with day.site.everything() as db:
        db.execute(text("UPDATE pms_connections SET state = 'NEEDS_SIGN_IN'"))

    answer = post(day, f"/appointments/{day.ids['Ben Sketch']}/sync")

    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("Nothing is sent until")
    pulled = post(day, "/appointments/pull-updates", {"connection_id": str(day.connection)})
    assert pulled.status_code == 409
    assert pulled.json()["detail"].startswith("Nothing is fetched until")


@pytest.mark.parametrize("names", [("from", "to"), ("first_day", "last_day")])
def test_days_are_sent_and_changes_fetched_by_a_job(day: TwoWayDay, names: tuple[str, str]) -> None:
    body = {"connection_id": str(day.connection)}
    span = {"first_day": "2026-11-23", "last_day": "2026-11-25"}

    asked = dict(zip(names, span.values(), strict=True))
    sent = post(day, "/appointments/bulk-sync", {**body, **asked})
    pulled = post(day, "/appointments/pull-updates", body)

    assert (sent.status_code, pulled.status_code) == (202, 202)
    assert [one["args"] for one in jobs(day, "push_range")] == [span]
    (sync,) = jobs(day, "sync")
    assert (sync["id"], sync["args"]["sync_type"]) == (pulled.json()["job_id"], "incremental")


@pytest.mark.parametrize(
    ("span", "status"),
    [(("2026-11-25", "2026-11-23"), 422), (("2026-11-23", "2027-11-23"), 422)],
)
def test_days_the_wrong_way_round_or_too_many_are_refused(
    day: TwoWayDay, span: tuple[str, str], status: int
) -> None:
    body = {"connection_id": str(day.connection), "from": span[0], "to": span[1]}

    assert post(day, "/appointments/bulk-sync", body).status_code == status


def test_what_was_asked_for_is_followed_to_its_sentence(day: TwoWayDay) -> None:
    job_id = post(day, "/appointments/pull-updates", {"connection_id": str(day.connection)}).json()[
        "job_id"
    ]
    assert get(day, f"/sync/jobs/{job_id}").json()["sentence"] == "Under way."

    with day.site.everything() as db:
        db.execute(text("UPDATE jobs SET state = 'done' WHERE id = :id"), {"id": job_id})
        db.execute(text("UPDATE pms_sync_log SET job_id = :id WHERE updated = 3"), {"id": job_id})

    assert get(day, f"/sync/jobs/{job_id}").json()["sentence"] == "3 appointments updated."
    assert get(day, "/sync/jobs/999999").status_code == 404


def test_the_dashboard_and_its_figures_agree(day: TwoWayDay) -> None:
    (board,) = get(day, "/sync/dashboard").json()["practices"]
    stats = get(day, "/sync/stats").json()

    assert board["name"] == "Northside Behavioral Health"
    assert (board["auto_push"], board["charges_enabled"]) == (True, False)
    assert board["appointments"]["needs_patient"] == 1
    for part in ("patients", "appointments", "outcomes"):
        assert stats[part] == board[part]


@pytest.mark.parametrize("path", ["/sync/dashboard", "/sync/stats", "/sync/logs"])
def test_the_dashboard_is_for_who_looks_after_the_service(day: TwoWayDay, path: str) -> None:
    told = {role: get(day, path, role=role).status_code for role in Role}

    assert told == {
        **dict.fromkeys((Role.OWNER, Role.ADMIN, Role.OPS), 200),
        **dict.fromkeys((Role.BILLING, Role.PROVIDER), 403),
    }


def test_billing_syncs_by_hand_and_providers_read_how_a_row_stands(day: TwoWayDay) -> None:
    at, pull = f"/appointments/{day.ids['Ben Sketch']}", "/appointments/pull-updates"
    one = {"connection_id": str(day.connection)}

    assert post(day, pull, one, role=Role.BILLING).status_code == 202
    assert post(day, pull, one, role=Role.PROVIDER).status_code == 403
    assert get(day, f"{at}/sync-status", role=Role.PROVIDER).status_code == 200


@pytest.mark.parametrize(
    ("kind", "subjects"),
    [("appointment", {"appointment"}), ("patient", {"patient"}), ("charge", set())],
)
def test_the_log_can_be_narrowed(day: TwoWayDay, kind: str, subjects: set[str]) -> None:
    logs = get(day, "/sync/logs", kind=kind, days=7).json()["logs"]

    assert {one["subject"] for one in logs} == subjects
    assert get(day, "/sync/logs", kind="notes").status_code == 422


def test_the_log_goes_back_as_far_as_is_asked(day: TwoWayDay) -> None:
    short, long = (len(get(day, "/sync/logs", days=days).json()["logs"]) for days in (1, 7))

    assert short < long


def test_a_person_says_who_somebody_is_and_their_rows_go_out(day: TwoWayDay) -> None:
    status = get(day, f"/patients/{day.link}/sync-status").json()["sync_status"]
    assert (status["state"], status["pms_patient_id"]) == ("many", None)

    answer = post(day, f"/patients/{day.link}/link", {"pms_patient_id": "77"})

    told = answer.json()["sync_status"]
    assert (told["state"], told["pms_patient_id"], told["linked_by"]) == ("linked", "77", "script")
    (job,) = jobs(day, "push_entry")
    assert job["args"]["entry_id"] == str(day.ids["Joan Walkin"])
    logs = get(day, f"/patients/{day.link}/sync-logs").json()["logs"]
    assert [(one["what"], one["state"]) for one in logs] == [("link", "done")]


def test_somebody_is_looked_up_again_by_a_job(day: TwoWayDay) -> None:
    answer = post(day, f"/patients/{day.link}/sync")

    assert answer.status_code == 202
    assert [one["args"]["link_id"] for one in jobs(day, "link_patient")] == [str(day.link)]


POSTS = ["/appointments/{entry}/sync", "/appointments/{entry}/create", "/patients/{link}/sync"]


@pytest.mark.parametrize("path", POSTS)
def test_whoever_only_reads_sends_nothing(day: TwoWayDay, path: str) -> None:
    at = path.format(entry=day.ids["Ben Sketch"], link=day.link)

    assert post(day, at, role=Role.PROVIDER).status_code == 403


def test_who_may_edit_links_and_operators_do_not(day: TwoWayDay) -> None:
    path, body = f"/patients/{day.link}/link", {"pms_patient_id": "77"}

    assert post(day, path, body, role=Role.OPS).status_code == 403
    assert post(day, path, body, role=Role.BILLING).status_code == 200


def test_what_is_asked_for_is_noted(day: TwoWayDay) -> None:
    post(day, f"/appointments/{day.ids['Ben Sketch']}/sync")
    post(day, f"/patients/{day.link}/link", {"pms_patient_id": "77"})

    with day.site.everything() as db:
        since = day.site.clock() - timedelta(days=3650)
        query = text("SELECT action FROM pms_audit_logs WHERE created_at > :since")
        actions = {row.action for row in db.execute(query, {"since": since})}
    assert {"push.asked", "patient_link.chosen"} <= actions


def test_rows_of_another_account_are_nobodys(day: TwoWayDay) -> None:
    with day.site.everything() as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Other')"))
    headers = day.site.bearer(account_id="other")

    def status(path: str) -> int:
        return day.site.client.get(f"{ROOT}{path}", headers=headers).status_code

    entry: UUID = day.ids["Ben Sketch"]
    assert status(f"/appointments/{entry}/sync-status") == 404
    assert status(f"/patients/{day.link}/sync-status") == 404
    assert day.site.client.get(f"{ROOT}/sync/dashboard", headers=headers).json()["practices"] == []
