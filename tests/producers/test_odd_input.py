"""What nobody means to send: refused in a sentence, nothing of it stored, and all else goes on."""

import json
from typing import Any

import pytest

from domain.people import Role
from tests.producers.conftest import Site
from tests.producers.ledger import practice
from tests.producers.seeding import DAY

pytestmark = pytest.mark.integration

ROWS = "/api/run-sheet/appointments"
HALF = '"Ann \\ud83d"'
"""A name that a program cut off within a character."""
DIGITS = "1" * 5000


@pytest.fixture
def headers(site: Site) -> dict[str, str]:
    return {**site.bearer(Role.OWNER), "If-Match": "*", "Content-Type": "application/json"}


def day(site: Site, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = site.client.get("/api/run-sheet", params={"date": str(DAY)}, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["appointments"])


def visit(site: Site, headers: dict[str, str]) -> dict[str, Any]:
    return next(one for one in day(site, headers) if one["source"] == "pms" and one["patient"])


@pytest.mark.parametrize(
    "body",
    [
        f'{{"patient_name": {HALF}}}',
        f'{{"notes": {HALF}}}',
        '{"patient_email": "\\ud83d@example.com"}',
        f'{{"status": "cancelled", "cancel_reason": {HALF}}}',
        f"{{{HALF}: 1}}",
        '{"start": "2206-11-23T09:00"}',
        '{"start": "0001-01-01T00:00"}',
        '{"start": "9999-12-31T23:59-10:00"}',
        f'{{"duration_minutes": "{DIGITS}"}}',
    ],
)
def test_an_edit_that_cannot_be_shown_or_found_again_is_refused(
    site: Site, headers: dict[str, str], body: str
) -> None:
    row = visit(site, headers)

    answer = site.client.patch(f"{ROWS}/{row['id']}", content=body, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert visit(site, headers) == row


@pytest.mark.parametrize(
    "told",
    [
        f'"patient_name": {HALF}',
        '"patient_name": "Ann Example", "timezone": "localtime"',
        '"patient_name": "Ann Example", "timezone": "posix/UTC"',
        f'"patient_name": "Ann Example", "timezone": "{"A" * 300}"',
        f'"patient_name": "Ann Example", "duration_minutes": "{DIGITS}"',
    ],
)
def test_a_visit_that_cannot_be_shown_is_not_taken(
    site: Site, headers: dict[str, str], told: str
) -> None:
    before = day(site, headers)
    body = f'{{"source": "manual", "start": "{DAY}T15:00", {told}}}'

    answer = site.client.post(ROWS, content=body, headers={**headers, "Idempotency-Key": "k"})

    assert answer.status_code == 422
    assert day(site, headers) == before


def test_a_scan_goes_on_without_the_line_that_cannot_be(
    site: Site, headers: dict[str, str]
) -> None:
    lines = [
        {"start": f"{DAY}T15:00", "patient_name": "Ann Example", "notes": "\ud83d"},
        {"start": "9999-12-31T23:59-10:00", "patient_name": "Ben Example"},
        {"start": f"{DAY}T16:00", "patient_name": "Cleo Example", "duration_minutes": DIGITS},
    ]
    body = json.dumps({"source": "ocr", "appointments": lines})

    answer = site.client.post(ROWS, content=body, headers={**headers, "Idempotency-Key": "k"})

    assert answer.status_code in {200, 201}, answer.text
    names = [one["patient"]["full_name"] for one in day(site, headers) if one["source"] == "ocr"]
    assert sorted(names) == ["Ann Example", "Cleo Example"]


def test_a_zone_that_postgres_does_not_know_is_not_given_to_a_practice(
    site: Site, headers: dict[str, str]
) -> None:
    row = visit(site, headers)
    path = f"/api/pms/connections/{row['connection_id']}"

    answer = site.client.patch(path, content='{"timezone": "posix/UTC"}', headers=headers)

    assert answer.status_code == 422
    assert site.client.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/audit?person=%00", None),
        ("GET", "/api/audit?trace_id=%00", None),
        ("GET", "/api/audit/patients/a%00b", None),
        ("GET", "/audit?person=%00", None),
        ("GET", "/audit?action=%00", None),
        ("GET", "/audit?patient_id=%00", None),
        ("GET", "/audit?trace_id=%00", None),
        ("GET", "/deliveries?sender=%00", None),
        ("GET", "/deliveries/list?sender=%00", None),
        ("POST", "/api/queues/sync/pause", '{"reason": "a\\u0000b"}'),
        ("POST", "/api/jobs/cancel", '{"matching": {}, "count": 1, "reason": "\\u0000"}'),
        ("POST", "/api/run-sheet/sync", '{"form": "2026-11-01"}'),
    ],
)
def test_what_cannot_be_stored_or_is_not_known_is_refused(
    site: Site, headers: dict[str, str], method: str, path: str, body: str | None
) -> None:
    answer = site.client.request(method, path, content=body, headers=headers)

    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/api/run-sheet/sync", "application/json", "[" * 50_000),
        ("/api/run-sheet/sync", "application/json", f'{{"date": {DIGITS}}}'),
        ("/login", "multipart/form-data", "{}"),
        ("/login", "multipart/form-data; boundary=x", "--x\r\n\r\n"),
    ],
)
def test_a_body_that_cannot_be_read_at_all_is_refused_in_a_sentence(
    site: Site, headers: dict[str, str], path: str, kind: str, body: str
) -> None:
    asked = {**headers, "Content-Type": kind}

    answer = site.client.post(path, content=body, headers=asked)
    page = site.client.post(path, content=body, headers={**asked, "Accept": "text/html"})

    said = "The body of the request cannot be read; send JSON, or a whole form."
    assert (answer.status_code, answer.json()["detail"]) == (400, said)
    assert (page.status_code, said in page.text) == (400, True)


@pytest.mark.parametrize(
    ("name", "problem"), [(" ", "must not be empty"), ("x" * 201, "at most 200 characters")]
)
def test_a_text_too_short_or_too_long_is_told_in_words_about_texts(
    site: Site, headers: dict[str, str], name: str, problem: str
) -> None:
    held = practice(site, "Harbour Allied Health")

    answer = site.client.patch(f"/api/pms/connections/{held}", json={"name": name}, headers=headers)

    assert answer.json()["errors"] == [{"at": "body.name", "problem": problem}]


def test_of_very_many_places_that_cannot_be_read_the_first_are_named(
    site: Site, headers: dict[str, str]
) -> None:
    body = {f"unheard-of-{number:04}{'x' * 500}": 1 for number in range(1000)}

    answer = site.client.post("/api/run-sheet/sync", json=body, headers=headers)

    told = answer.json()
    assert answer.status_code == 422
    assert told["detail"].startswith("The request cannot be read: body.unheard-of-0000xxx")
    assert told["detail"].endswith("; and 990 more")
    assert (len(told["errors"]), len(told["detail"]) < 3000) == (10, True)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/connections/7fc90ca9", 404, "may have been mistyped"),
        ("/sync?runs=many", 422, "not understood (runs). Open the page again"),
        ("/summary?week=soon", 422, "not understood (week). Open the page again"),
    ],
)
def test_a_mistyped_address_of_a_page_is_told_in_words_for_people(
    site: Site, path: str, status: int, said: str
) -> None:
    site.sign_in()

    page = site.client.get(path, headers={"Accept": "text/html"})

    assert page.status_code == status
    assert said in page.text
    for jargon in ("UUID", "path.", "query.", "Input should"):
        assert jargon not in page.text


def test_a_word_that_nobody_could_read_is_not_told_again_whole(
    site: Site, headers: dict[str, str]
) -> None:
    row = visit(site, headers)
    path = f"{ROWS}/{row['id']}"

    answers = [
        site.client.get("/api/conflicts", params={"rule": "x" * 5000}, headers=headers),
        site.client.patch(path, json={"x" * 5000: 1}, headers=headers),
        site.client.post(f"{path}/revert", json={"field": "x" * 5000}, headers=headers),
    ]

    assert [one.status_code for one in answers] == [422, 422, 422]
    assert all(len(one.json()["detail"]) < 400 for one in answers), answers


@pytest.mark.parametrize("settings", [{"default_minutes": DIGITS}, {"default_minutes": "\0"}])
def test_a_setting_that_is_no_number_of_minutes_is_refused(
    site: Site, headers: dict[str, str], settings: dict[str, str]
) -> None:
    path = f"/api/pms/connections/{visit(site, headers)['connection_id']}"

    answer = site.client.patch(path, json={"settings": settings}, headers=headers)

    assert answer.status_code == 422
    assert "a number of minutes" in answer.json()["detail"]


def test_a_misspelt_step_undoes_nothing(site: Site, headers: dict[str, str]) -> None:
    row = visit(site, headers)
    path = f"{ROWS}/{row['id']}"
    typed = site.client.patch(path, json={"patient_name": "Zoe Example"}, headers=headers)
    assert typed.status_code == 200

    answer = site.client.post(f"{path}/undo", json={"stpe": 1}, headers=headers)

    assert answer.status_code == 422
    assert visit(site, headers)["patient"]["full_name"] == "Zoe Example"


def test_events_after_a_number_that_is_none_begin_now(site: Site, headers: dict[str, str]) -> None:
    asked = {**headers, "Last-Event-ID": DIGITS}

    with site.client.stream("GET", "/api/run-sheet/events", headers=asked) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_lines()).startswith("retry:")


def test_a_setup_sent_again_leaves_what_others_have_changed_since(
    site: Site, headers: dict[str, str]
) -> None:
    asked = {**headers, "Idempotency-Key": "one-setup"}
    body = {
        "provider": "medirecords",
        "credentials": {"practiceId": "p-77"},
        "config": {"timezone": "Australia/Perth", "allowOnlineBooking": False},
    }
    made = site.client.post("/api/pms/setup", json=body, headers=asked).json()["integration"]
    path = f"/api/pms/connections/{made['id']}"
    assert made["features"]["online_booking"] is False
    site.client.patch(path, json={"features": {"online_booking": True}}, headers=headers)

    again = site.client.post("/api/pms/setup", json=body, headers=asked)

    assert again.headers["idempotent-replayed"] == "true"
    held = site.client.get(path, headers=headers).json()["connection"]
    assert held["features"]["online_booking"] is True
