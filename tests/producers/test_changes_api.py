"""Programs that keep a copy of the sheet miss nothing, whoever writes at the same moment."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from adapters.storage.sheet.change_cursors import encode
from adapters.storage.sheet.sheet_changes import NOBODY, NUMBERED_AT_ONCE, Place
from domain.people import Role
from infra import database
from tests.producers.conftest import Site
from tests.producers.seeding import DAY, DEMO, NOW, seed

pytestmark = pytest.mark.integration

CHANGES = "/api/run-sheet/changes"
SYNCED = "pms_last_synced_at"


TYPED = text(
    """
    INSERT INTO run_sheet_appointments (account_id, run_sheet_id, source, is_manual_entry,
      appointment_time, appointment_duration_minutes, appointment_status, timezone)
    SELECT account_id, run_sheet_id, 'manual', true, appointment_time, 15, 'booked', timezone
    FROM run_sheet_appointments, generate_series(1, :times) WHERE id = :entry
    """
)


class Copy:
    """What a program keeps that does nothing but follow."""

    def __init__(self, site: Site, *, after: str | None = None) -> None:
        self.site = site
        self.after = after
        self.rows: dict[str, Any] = {}

    def follow(self, *, limit: int = 200) -> list[Mapping[str, Any]]:
        """Everything there is to hear; answers what was told."""
        told: list[Mapping[str, Any]] = []
        while True:
            answer = ask(self.site, after=self.after, limit=limit).json()
            self.after = answer["next_cursor"]
            told += answer["changes"]
            if not answer["more"]:
                break
        for one in told:
            if one["change"] == "gone":
                self.rows.pop(one["id"], None)
            else:
                self.rows[one["id"]] = plain(one["appointment"])
        return told


def ask(site: Site, **params: Any) -> httpx.Response:
    given = {name: one for name, one in params.items() if one is not None}
    return site.client.get(CHANGES, params=given, headers=site.bearer())


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without when the PMS was last heard of, which every sync moves."""
    return {name: one for name, one in row.items() if name != SYNCED}


def sheet(site: Site) -> dict[str, Any]:
    days = {"from": str(DAY - timedelta(days=40)), "to": str(DAY + timedelta(days=40))}
    answer = site.client.get("/api/run-sheet", params=days, headers=site.bearer()).json()
    return {one["id"]: plain(one) for one in answer["appointments"]}


def edit(site: Site, entry_id: UUID, **changes: Any) -> None:
    address = f"/api/run-sheet/appointments/{entry_id}"
    headers = {**site.bearer(), "If-Match": "*"}
    answer = site.client.patch(address, headers=headers, json=changes)
    assert answer.status_code == 200, answer.text


def test_a_copy_made_of_the_changes_is_the_sheet(site: Site) -> None:
    copy = Copy(site)

    told = copy.follow(limit=7)

    assert len(told) == sum(len(book) for one in DEMO for book in one.books.values())
    assert copy.rows == sheet(site)


def test_only_what_changed_is_told_again_and_once_as_it_is_now(site: Site) -> None:
    copy = Copy(site)
    copy.follow()
    edit(site, site.ids["Ann Example"], notes="First word")
    edit(site, site.ids["Ann Example"], notes="Last word")

    told = copy.follow()

    assert [one["id"] for one in told] == [str(site.ids["Ann Example"])]
    assert told[0]["appointment"]["own_notes"] == "Last word"
    assert copy.follow() == []
    assert copy.rows == sheet(site)


def test_a_row_that_overlaps_is_told_with_the_other_visit(site: Site) -> None:
    copy = Copy(site)
    copy.follow()
    moved, other = site.ids["Ivy Nobody"], site.ids["Hugo Fictional"]
    edit(site, moved, start=datetime.combine(DAY, time(2, 45), UTC).isoformat())

    (told,) = copy.follow()

    assert [one["id"] for one in told["appointment"]["overlaps"]] == [str(other)]


def test_whoever_begins_now_is_told_what_comes_and_nothing_that_was(site: Site) -> None:
    copy = Copy(site, after=ask(site, after="now").json()["next_cursor"])

    assert copy.follow() == []
    edit(site, site.ids["Ann Example"], notes="From now on")

    assert [one["id"] for one in copy.follow()] == [str(site.ids["Ann Example"])]


def test_a_row_taken_off_and_one_that_stands_with_another_are_told_so(site: Site) -> None:
    copy = Copy(site)
    copy.follow()
    off, linked, stands = (
        site.ids[name] for name in ("Ann Example", "Bao Placeholder", "Carla Testwell")
    )
    with site.everything() as db:
        db.execute(
            text("UPDATE run_sheet_appointments SET removed_at = now() WHERE id = :id"), {"id": off}
        )
        db.execute(
            text("UPDATE run_sheet_appointments SET linked_to = :other WHERE id = :id"),
            {"id": linked, "other": stands},
        )

    told = {one["id"]: one for one in copy.follow()}

    assert told[str(off)]["change"] == "off"
    assert told[str(off)]["appointment"]["removed"] is True
    assert told[str(linked)] == {
        "id": str(linked), "change": "gone", "became": str(stands), "appointment": None,
    }  # fmt: skip
    assert copy.rows == sheet(site)


def test_what_a_sync_writes_down_for_itself_is_no_change(site: Site) -> None:
    copy = Copy(site)
    copy.follow()
    with site.everything() as db:
        db.execute(
            text("UPDATE run_sheet_appointments SET fingerprint = 'x', pms_last_synced_at = now()")
        )

    assert copy.follow() == []


def test_a_change_that_is_committed_late_is_not_passed_over(site: Site) -> None:
    """The earlier transaction ends after the later one, and after somebody has asked."""
    copy = Copy(site)
    copy.follow()
    slow, quick = site.ids["Ann Example"], site.ids["Bao Placeholder"]
    with site.everything() as db:
        db.execute(
            text("UPDATE run_sheet_appointments SET version = version + 1 WHERE id = :id"),
            {"id": slow},
        )
        edit(site, quick, notes="Written later, visible sooner")
        assert copy.follow() == []

    assert {one["id"] for one in copy.follow()} == {str(slow), str(quick)}
    assert copy.rows == sheet(site)


def test_a_copy_followed_while_many_write_at_once_ends_as_the_sheet(site: Site) -> None:
    copy = Copy(site)
    ids = sorted(site.ids.values())
    writers = [
        threading.Thread(target=_write, args=(site, ids[place::3] + ids[:2])) for place in range(3)
    ]

    for one in writers:
        one.start()
    while any(one.is_alive() for one in writers):
        copy.follow(limit=5)
    for one in writers:
        one.join()
    copy.follow(limit=5)

    assert copy.rows == sheet(site)


class _TakenBackError(Exception):
    """A transaction that comes to nothing."""


def _write(site: Site, ids: list[UUID]) -> None:
    """Rows in transactions of two, every third of them taken back."""
    bump = text(
        "UPDATE run_sheet_appointments SET version = version + 1, removed_at = "
        "CASE WHEN removed_at IS NULL THEN now() END WHERE id = ANY(:ids)"
    )
    pairs = [sorted(ids[place : place + 2]) for place in range(0, len(ids), 2)] * 3
    for number, pair in enumerate(pairs):
        with suppress(_TakenBackError), database.transaction(site.ports.database) as db:
            db.execute(bump, {"ids": pair})
            if number % 3 == 2:
                raise _TakenBackError


def test_a_cursor_is_good_for_thirty_days_and_then_says_how_to_begin_again(site: Site) -> None:
    cursor = ask(site).json()["next_cursor"]
    site.clock.now = NOW + timedelta(days=30)
    assert ask(site, after=cursor).status_code == 200

    site.clock.now = NOW + timedelta(days=30, seconds=1)
    answer = ask(site, after=cursor)

    assert answer.status_code == 410
    assert answer.headers["content-type"] == "application/problem+json"
    assert "without `after`" in answer.json()["detail"]


def test_a_cursor_of_a_database_before_its_restore_is_refused(site: Site) -> None:
    """A restored database may know less than the copy, and counts its transactions anew."""

    of_another = encode(Place(life="1-1", changed_in=5, id=NOBODY, at=NOW))

    answer = ask(site, after=of_another)

    assert answer.status_code == 410
    assert "restored" in answer.json()["detail"]


def test_rows_numbered_by_a_database_that_counted_further_are_told_and_followed(site: Site) -> None:
    with site.everything() as db:
        db.execute(text("ALTER TABLE run_sheet_appointments DISABLE TRIGGER noted_change"))
        db.execute(text("UPDATE run_sheet_appointments SET changed_in = 900000000000"))
        db.execute(text("ALTER TABLE run_sheet_appointments ENABLE TRIGGER noted_change"))
    copy = Copy(site)
    copy.follow()  # finds them and numbers them anew

    copy.follow()
    edit(site, site.ids["Ann Example"], notes="After the restore")

    assert [one["id"] for one in copy.follow()] == [str(site.ids["Ann Example"])]
    assert copy.rows == sheet(site)


def test_rows_of_another_database_are_numbered_some_at_a_time_past_those_that_are_held(
    site: Site,
) -> None:
    """All of them in one transaction kept everybody from the sheet for as long as it took."""
    held = site.ids["Ann Example"]
    with site.everything() as db:
        db.execute(text("ALTER TABLE run_sheet_appointments DISABLE TRIGGER noted_change"))
        db.execute(TYPED, {"entry": held, "times": NUMBERED_AT_ONCE})
        db.execute(text("UPDATE run_sheet_appointments SET changed_in = 900000000000"))
        db.execute(text("ALTER TABLE run_sheet_appointments ENABLE TRIGGER noted_change"))
    copy = Copy(site)

    with site.everything() as db:
        db.execute(
            text("SELECT FROM run_sheet_appointments WHERE id = :id FOR UPDATE"), {"id": held}
        )
        first = ask(site).json()
        copy.follow()

    copy.follow()
    copy.follow()
    assert first["more"]
    assert copy.rows == sheet(site)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "bm90LWpzb24",
        "WzEsMiwzXQ",
        # Of a transaction that no database counts to, and of one before the first.
        "WyIxLTEiLDkyMjMzNzIwMzY4NTQ3NzU4MDgsIjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAxIiwwXQ",
        "WyIxLTEiLC0xLCIwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMSIsMF0",
        # Of a year that no calendar has.
        "WyIxLTEiLCAxLCAiMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDEiLCAxMDAwMDAwMDAwMDAwMDAwMDBd",
    ],
)
def test_what_is_no_cursor_of_ours_is_one_sentence(site: Site, cursor: str) -> None:
    answer = ask(site, after=cursor)

    assert answer.status_code == 422
    assert "not one of ours" in answer.json()["detail"]


def test_an_account_follows_its_own_rows_and_operators_follow_none(site: Site) -> None:
    with site.everything() as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Other')"))
        seed(db, site.seal("other"), account_id="other")

    own = {one["id"] for one in ask(site).json()["changes"]}
    others = site.client.get(CHANGES, headers=site.bearer(account_id="other")).json()["changes"]
    refused = site.client.get(CHANGES, headers=site.bearer(Role.OPS))

    assert own
    assert others
    assert own.isdisjoint(one["id"] for one in others)
    assert refused.status_code == 403


def test_following_is_written_down_like_any_reading(site: Site) -> None:
    ask(site, limit=3)

    with site.everything() as db:
        row = db.execute(text("SELECT * FROM pms_audit_logs ORDER BY id DESC LIMIT 1")).one()
    assert (row.action, row.user_id, row.phi_accessed) == ("run_sheet.changes_read", "script", True)
    assert row.request_summary == "3 rows"
