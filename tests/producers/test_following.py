"""Server-sent events: live, and taken up again by number."""

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from adapters.storage.sheet.sheet_events import tell
from producers.api import events
from tests.producers.conftest import Site

pytestmark = pytest.mark.integration

EVENTS = "/api/run-sheet/events"


def happen(site: Site, day: str, *, account_id: str = "default") -> None:
    with site.everything() as db:
        tell(
            db,
            account_id=account_id,
            kind="sheet_changed",
            connection_id=None,
            detail={"days": [day]},
        )


def read(stream: httpx.Response) -> Iterator[dict[str, Any]]:
    """What is heard from here on; the first line says that we are listened to."""
    lines = stream.iter_lines()
    assert next(lines).startswith("retry")
    return _heard(lines)


def _heard(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    found: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            found[name] = value
        elif "data" in found:
            if found["event"] != "heartbeat":
                yield {**found, "data": json.loads(found["data"])}
            found = {}


def test_what_happens_is_heard_at_once(site: Site) -> None:
    with site.client.stream("GET", EVENTS, headers=site.bearer()) as stream:
        lines = read(stream)
        happen(site, "2026-11-23")

        heard = next(lines)

    assert (heard["event"], heard["data"]["days"]) == ("sheet_changed", ["2026-11-23"])
    assert stream.headers["content-type"].startswith("text/event-stream")


def test_what_was_missed_is_told_by_number(site: Site) -> None:
    with site.everything() as db:
        db.execute(
            text(
                "INSERT INTO run_sheet_events (account_id, kind, detail, at)"
                " SELECT 'default', 'sheet_changed', '{}', now() - interval '1 hour'"
                " FROM generate_series(1, 5)"
            )
        )
    headers = {**site.bearer(), "Last-Event-ID": "3"}

    with site.client.stream("GET", EVENTS, headers=headers) as stream:
        lines = read(stream)
        heard = [next(lines)["id"], next(lines)["id"]]

    assert heard == ["4", "5"]


def test_an_edit_is_heard_by_the_others(site: Site) -> None:
    entry = site.ids["Grace Invented"]
    with site.client.stream("GET", EVENTS, headers=site.bearer()) as stream:
        lines = read(stream)
        site.client.patch(
            f"/api/run-sheet/appointments/{entry}",
            headers={**site.bearer(), "If-Match": "1"},
            json={"patient_phone": "03 7010 4321"},
        )

        heard = next(lines)

    assert heard["data"]["entry_id"] == str(entry)
    assert "7010" not in json.dumps(heard)


def test_another_accounts_events_are_not_heard(site: Site) -> None:
    with site.everything() as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Other')"))
    with site.client.stream("GET", EVENTS, headers=site.bearer()) as stream:
        lines = read(stream)
        happen(site, "2026-01-01", account_id="other")
        happen(site, "2026-11-23")

        heard = next(lines)

    assert heard["data"]["days"] == ["2026-11-23"]


@pytest.mark.parametrize("last_seen", ["1", "999"])
def test_who_comes_back_too_late_is_told_to_read_it_all_again(site: Site, last_seen: str) -> None:
    for _ in range(3):
        happen(site, "2026-11-23")
    with site.everything() as db:
        db.execute(text("DELETE FROM run_sheet_events WHERE seq < 3"))
    headers = {**site.bearer(), "Last-Event-ID": last_seen}

    with site.client.stream("GET", EVENTS, headers=headers) as stream:
        heard = next(read(stream))

    assert (heard["event"], heard["id"]) == ("reload", "3")


def test_a_lost_listener_is_found_again(site: Site) -> None:
    with site.client.stream("GET", EVENTS, headers=site.bearer()) as stream:
        lines = read(stream)
        happen(site, "2026-11-23")
        next(lines)
        with site.everything() as db:
            db.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name LIKE '%listening%'"
                    " AND datname = current_database()"
                )
            )
        happen(site, "2026-11-24")

        heard = next(lines)

    assert heard["data"]["days"] == ["2026-11-24"]


def test_the_first_heartbeat_says_how_often_they_come_and_that_nothing_is_missing(
    site: Site,
) -> None:
    happen(site, "2026-11-23")

    with site.client.stream("GET", f"{EVENTS}?after=0", headers=site.bearer()) as stream:
        lines = [line for line in itertools.islice(stream.iter_lines(), 9) if line]

    assert lines[1:3] == ["id: 1", "event: sheet_changed"]
    assert lines[4:] == ["event: heartbeat", 'data: {"seconds": 15.0, "seq": 1}']


def test_a_server_that_stops_says_goodbye(site: Site) -> None:
    with site.client.stream("GET", EVENTS, headers=site.bearer()) as stream:
        lines = read(stream)
        happen(site, "2026-11-23")
        next(lines)
        site.ports.hub.stop()

        heard = list(lines)

    assert [one["event"] for one in heard] == ["goodbye"]


def test_a_busy_stream_ends_with_its_session_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    headers = site.sign_in()
    with site.client.stream("GET", EVENTS) as stream:
        lines = read(stream)
        happen(site, "2026-11-23")
        next(lines)
        site.client.post("/logout", data={"csrf": headers["X-CSRF-Token"]})
        happen(site, "2026-11-24")

        assert list(lines)[1:] == []


ROLLED_BACK = text("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")


def rolled_back(site: Site) -> int:
    with site.everything() as db:
        count: int = db.execute(ROLLED_BACK).scalar_one()
    return count


def test_what_could_not_be_read_at_once_is_told_later(site: Site) -> None:
    reading = "SELECT ON run_sheet_events"
    with site.client.stream("GET", EVENTS, headers=site.bearer()) as stream:
        lines, before = read(stream), rolled_back(site)
        with site.everything() as db:
            db.execute(text(f"REVOKE {reading} FROM pms_sync_dispatch"))
        happen(site, "2026-11-23")
        ends = time.monotonic() + 20
        while rolled_back(site) == before:
            assert time.monotonic() < ends
        with site.everything() as db:
            db.execute(text(f"GRANT {reading} TO pms_sync_dispatch"))

        heard = next(lines)

    assert heard["data"]["days"] == ["2026-11-23"]
