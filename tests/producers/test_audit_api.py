"""The audit over HTTP: looked through, exported, acknowledged; and looking is in it."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import insert, text

from adapters.storage.audit.audit import Access, record
from adapters.storage.tables import audit_findings
from domain.people import Role
from infra.database import transaction
from producers.pages.audit import plain_counts
from tests.producers.conftest import Site
from tests.producers.seeding import NOW

pytestmark = pytest.mark.integration

TODAY = {"from": "2026-11-20", "to": "2026-12-31"}


@pytest.fixture
def seen(site: Site) -> Site:
    """Three accesses by two people, one of them to a patient twice."""
    for user, patient, action in (
        ("Ada", "p-1", "run_sheet.read"),
        ("Ada", "p-1", "run_sheet.history_read"),
        ("=cmd|' /C calc'!A0", None, "queue.paused"),
    ):
        with transaction(site.ports.database, account_id="default") as db:
            record(
                db,
                Access(user=user, endpoint="/api/run-sheet", ip_address="192.0.2.4", trace_id="t1"),
                account_id="default",
                action=action,
                phi_fields=("patient_name",) if patient else (),
                patient_id=patient,
                summary="row 1",
            )
    return site


def listed(site: Site, role: Role = Role.OWNER, **wanted: Any) -> Sequence[dict[str, Any]]:
    answer = site.client.get("/api/audit", params=wanted, headers=site.bearer(role))
    assert answer.status_code == 200, answer.text
    rows: Sequence[dict[str, Any]] = answer.json()["accesses"]
    return rows


def rows_of(site: Site, action: str) -> Sequence[Any]:
    with site.everything() as db:
        query = text("SELECT * FROM pms_audit_logs WHERE action = :action ORDER BY id")
        return db.execute(query, {"action": action}).all()


def test_accesses_are_listed_newest_first_and_page_by_page(seen: Site) -> None:
    headers = seen.bearer()
    first = seen.client.get("/api/audit", params={"limit": 2}, headers=headers).json()
    rest = seen.client.get(
        "/api/audit", params={"limit": 2, "cursor": first["next_cursor"]}, headers=headers
    ).json()

    actions = [one["action"] for one in [*first["accesses"], *rest["accesses"]]]
    assert actions == ["queue.paused", "run_sheet.history_read", "run_sheet.read"]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"person": "Ada"}, 2),
        ({"action": "run_sheet"}, 2),
        ({"action": "run_sheet.read"}, 1),
        ({"patient_id": "p-1"}, 2),
        ({"patient_id": "p"}, 0),
        ({"trace_id": "t1"}, 3),
        ({"phi_only": True}, 2),
        ({"from": "2020-01-01", "to": "2020-01-02"}, 0),
    ],
)
def test_accesses_are_found_by_what_is_known_of_them(
    seen: Site, wanted: dict[str, Any], count: int
) -> None:
    assert len(listed(seen, **wanted)) == count


def test_looking_through_the_audit_is_in_the_audit(seen: Site) -> None:
    listed(seen, patient_id="p-1")

    (row,) = rows_of(seen, "audit.read")

    assert (row.user_id, row.patient_id, row.phi_accessed) == ("script", "p-1", True)
    assert row.request_summary == "2 rows, by patient_id"


def test_operators_see_accesses_and_no_patient(seen: Site) -> None:
    rows = listed(seen, Role.OPS)

    assert {one["patient_id"] for one in rows} == {None}
    refused = seen.client.get(
        "/api/audit", params={"patient_id": "p-1"}, headers=seen.bearer(Role.OPS)
    )
    assert refused.status_code == 403
    assert "p-1" not in seen.client.get("/audit", headers=seen.bearer(Role.OPS)).text


@pytest.mark.parametrize("role", [Role.BILLING, Role.PROVIDER])
def test_others_do_not_see_the_audit(seen: Site, role: Role) -> None:
    assert seen.client.get("/api/audit", headers=seen.bearer(role)).status_code == 403
    (row,) = rows_of(seen, "access.denied")
    assert (row.success, row.response_status, row.request_summary) == (
        False,
        403,
        f"see_audit as {role}",
    )


def test_an_export_holds_every_row_and_no_formula(seen: Site) -> None:
    answer = seen.client.get("/api/audit/export", params={"trace_id": "t1"}, headers=seen.bearer())

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [one["Person"] for one in rows] == ["'=cmd|' /C calc'!A0", "Ada", "Ada"]
    assert len(rows_of(seen, "audit.exported")) == 1


def test_who_saw_a_patient_is_told_and_exported(seen: Site) -> None:
    told = seen.client.get("/api/audit/patients/p-1", headers=seen.bearer()).json()["accesses"]
    file = seen.client.get("/api/audit/patients/p-1/export", headers=seen.bearer())

    assert [(one["user_id"], one["endpoint"]) for one in told] == [("Ada", "/api/run-sheet")] * 2
    # The first look is an access that names the patient, too.
    assert file.text.count("\r\n") == 4
    (row,) = rows_of(seen, "audit.patient_exported")
    assert (row.patient_id, row.phi_accessed) == ("p-1", True)
    assert (
        seen.client.get("/api/audit/patients/p-1", headers=seen.bearer(Role.OPS)).status_code == 403
    )


def finding(site: Site) -> str:
    with site.everything() as db:
        made = insert(audit_findings).returning(audit_findings.c.id)
        row = {
            "account_id": "default",
            "rule": "many_patients",
            "person": "Ada",
            "since": NOW,
            "until": NOW,
            "counted": 74,
            "threshold": 60,
        }
        return str(db.execute(made, row).scalar_one())


def test_a_finding_is_acknowledged_once_with_what_it_was(seen: Site) -> None:
    path = f"/api/audit/findings/{finding(seen)}/acknowledge"
    note = {"note": "Letters to everybody on the list."}
    first = seen.client.post(path, json=note, headers=seen.bearer())
    again = seen.client.post(path, json=note, headers=seen.bearer())

    assert first.json()["finding"]["state"] == "acknowledged"
    assert again.status_code == 422
    assert len(rows_of(seen, "finding.acknowledged")) == 1
    (told,) = seen.client.get("/api/audit/findings", headers=seen.bearer(Role.OPS)).json()[
        "findings"
    ]
    assert (told["acknowledged_by"], told["note"]) == ("script", note["note"])


def test_the_page_shows_accesses_findings_and_days_and_escapes_them(seen: Site) -> None:
    finding(seen)
    with transaction(seen.ports.database, account_id="default") as db:
        record(db, Access(user="<b>Eve</b>"), account_id="default", action="run_sheet.read")
    seen.sign_in()

    page = seen.client.get("/audit", params=TODAY).text

    assert "Many patients within an hour" in page
    assert "74 different patients opened; flagged from 60 on" in page
    assert "&lt;b&gt;Eve&lt;/b&gt;" in page and "<b>Eve" not in page
    assert 'aria-label="Accesses a day:' in page
    (row, *_) = rows_of(seen, "audit.read")
    assert row.endpoint == "/audit"


def test_the_page_makes_sense_of_words_that_are_none(seen: Site) -> None:
    answer = seen.client.get(
        "/audit",
        params={"from": "yesterday", "to": "", "connection_id": "all", "phi_only": ""},
        headers=seen.bearer(),
    )

    assert answer.status_code == 200


def test_the_page_refuses_days_that_no_calendar_has_before_them(seen: Site) -> None:
    answer = seen.client.get("/audit", params={"to": "0001-01-01"}, headers=seen.bearer())

    assert answer.status_code == 422
    assert answer.json()["detail"] == "Choose days between 1990 and 2100."


def test_the_page_writes_the_first_and_the_last_day_of_its_picture_as_every_page_does(
    site: Site,
) -> None:
    site.sign_in()

    page = site.client.get("/audit", params={"from": "2026-11-10", "to": "2026-11-23"}).text

    drawn = page.partition("<figcaption")[2].partition("</figcaption>")[0]
    assert "10 Nov 2026" in drawn and "23 Nov 2026" in drawn


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ("fetched=60 created=0 looked_up=2", "60 fetched, 2 looked up"),
        ("waiting=0 ignored=0", "nothing"),
        ("2 rows, by patient_id", "2 rows, by patient_id"),
        ("changed name=3", "changed name=3"),
        (None, ""),
    ],
)
def test_counts_of_an_access_are_read_as_words_without_what_was_none(
    summary: str | None, said: str
) -> None:
    assert plain_counts(summary) == said
