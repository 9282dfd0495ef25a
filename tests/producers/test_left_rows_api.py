"""Removing a connection over JSON: what becomes of its rows to come, then and later."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from domain.people import Role
from tests.producers.conftest import Site
from tests.producers.office import Office, Vendor, gentu, office
from tests.producers.test_a_connected_practice import connected, synced

pytestmark = pytest.mark.integration

REMOVED = "/api/pms/removed-connections"
SHEET = "/api/run-sheet"
NEXT_YEAR = """
    UPDATE run_sheet_appointments SET appointment_time = now() + interval '1 year' RETURNING id
"""
ANY_ROW = "SELECT id FROM run_sheet_appointments ORDER BY id LIMIT 1"


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


@pytest.fixture
def held(desk: Office, clinic: Vendor) -> str:
    """A connection with rows to come, in one of which somebody typed."""
    found = connected(desk, clinic)
    desk.rows(NEXT_YEAR)
    row = desk.value(ANY_ROW)
    edit = {"patient_phone": "03 9555 0199"}
    desk.send("PATCH", f"{SHEET}/appointments/{row}", edit, version="*").raise_for_status()
    return found


def rows_of(desk: Office, connection_id: str) -> dict[str, int]:
    return dict(desk.send("GET", f"/{connection_id}/rows").json()["rows"])


def standing(desk: Office) -> int:
    count = "SELECT count(*) FROM run_sheet_appointments WHERE removed_at IS NULL"
    return int(desk.value(count))


def remove(desk: Office, connection_id: str, rows: str | None = None) -> dict[str, Any]:
    asked = f"?rows={rows}" if rows else ""
    answer = desk.send("DELETE", f"/{connection_id}{asked}", version="*")
    answer.raise_for_status()
    return dict(answer.json())


def test_rows_stay_unless_somebody_says_otherwise(desk: Office, held: str) -> None:
    before = standing(desk)
    told = rows_of(desk, held)

    assert told == {"to_come": before, "typed": 1, "taken_off": 0}
    assert remove(desk, held) == {"success": True, "id": held}
    assert standing(desk) == before
    assert rows_of(desk, held) == told
    desk.site.sign_in()
    page = desk.site.client.get("/connections").text
    assert "No practice is connected</h2>" in page and "No longer connected" in page


@pytest.mark.parametrize(("rows", "stay"), [("keep", None), ("take_off", 1), ("take_off_all", 0)])
def test_what_becomes_of_rows_to_come_is_chosen_with_the_removal(
    desk: Office, held: str, rows: str, stay: int | None
) -> None:
    before = standing(desk)

    told = remove(desk, held, rows)

    assert standing(desk) == (before if stay is None else stay)
    assert told["rows"]["to_come"] == standing(desk)
    assert told["rows"]["taken_off"] == before - standing(desk)


def test_a_word_that_is_no_choice_removes_nothing(desk: Office, held: str) -> None:
    assert desk.send("DELETE", f"/{held}?rows=all", version="*").status_code == 422
    assert desk.one(held)["id"] == held


def test_rows_of_a_removed_connection_are_taken_off_and_put_back_later(
    desk: Office, held: str
) -> None:
    before = standing(desk)
    remove(desk, held)

    off = desk.send("POST", f"/{held}/rows/take-off", {}).json()
    (listed,) = desk.send("GET", REMOVED).json()["connections"]
    all_off = desk.send("POST", f"/{held}/rows/take-off", {"typed": True}).json()
    back = desk.send("POST", f"/{held}/rows/put-back").json()

    assert (off["moved"], all_off["moved"], back["moved"]) == (before - 1, 1, before)
    assert (listed["id"], listed["rows"]) == (held, off["rows"])
    assert off["rows"] == {"to_come": 1, "typed": 1, "taken_off": before - 1}
    assert standing(desk) == before
    audited = desk.rows(
        "SELECT action FROM pms_audit_logs WHERE action LIKE 'connection.rows%' ORDER BY id"
    )
    assert [row.action.rpartition("_")[2] for row in audited] == ["off", "off", "back"]


def test_a_connection_in_use_keeps_its_rows(desk: Office, held: str) -> None:
    for path in ("take-off", "put-back"):
        answer = desk.send("POST", f"/{held}/rows/{path}", {} if path == "take-off" else None)
        assert answer.status_code == 404
        assert "no such removed connection" in answer.json()["detail"]


def test_one_row_is_taken_off_and_put_back(desk: Office, held: str) -> None:
    row = f"{SHEET}/appointments/{desk.value(ANY_ROW)}"
    kept = desk.send("DELETE", row, version="*")
    remove(desk, held)

    off = desk.send("DELETE", row, version="*").json()["appointment"]
    back = desk.send("POST", f"{row}/put-back", version=off["version"]).json()["appointment"]

    assert (kept.status_code, off["removed"], back["removed"]) == (422, True, False)
    assert "cancel it there" in kept.json()["detail"]


def test_a_practice_connected_again_has_its_rows_again(
    desk: Office, clinic: Vendor, held: str
) -> None:
    before = standing(desk)
    remove(desk, held, "take_off_all")

    assert connected(desk, clinic) == held

    assert standing(desk) == before
    assert desk.send("GET", REMOVED).json()["connections"] == []


def test_another_account_sees_and_moves_none_of_them(desk: Office, held: str) -> None:
    remove(desk, held)
    desk.rows("INSERT INTO accounts (id, name) VALUES ('other', 'Other') RETURNING id")
    foreign = desk.site.bearer(account_id="other")

    asked = [
        desk.send("GET", f"/{held}/rows", headers=foreign),
        desk.send("POST", f"/{held}/rows/take-off", {}, headers=foreign),
        desk.send("POST", f"/{held}/rows/put-back", headers=foreign),
    ]

    assert [one.status_code for one in asked] == [404] * 3
    assert desk.send("GET", REMOVED, headers=foreign).json()["connections"] == []


def test_who_only_reads_the_sheet_moves_nothing(desk: Office, held: str) -> None:
    remove(desk, held)
    reader = desk.site.bearer(Role.PROVIDER)

    assert desk.send("GET", f"/{held}/rows", headers=reader).status_code == 200
    refused = desk.send("POST", f"/{held}/rows/take-off", {}, headers=reader)
    assert refused.status_code == 403


def test_a_sync_of_another_practice_takes_over_what_was_left(
    desk: Office, clinic: Vendor, held: str
) -> None:
    remove(desk, held)
    desk.rows("UPDATE run_sheet_appointments SET appointment_time = pms_start RETURNING id")
    patients = "SELECT count(*) FROM run_sheet_appointments WHERE patient_name IS NOT NULL"
    before = desk.value(patients)
    moved = connect_elsewhere(desk, clinic, held)

    synced(desk, moved)

    joined = f"{patients} AND linked_to IS NOT NULL AND pms_connection_id = :id"
    assert desk.value(joined, id=held) == before


def connect_elsewhere(desk: Office, clinic: Vendor, held: str) -> str:
    """The same book under another connection, as a new PMS has it after a move."""
    desk.rows("UPDATE pms_connections SET site = 'moved away' WHERE id = :id RETURNING id", id=held)
    return connected(desk, clinic)
