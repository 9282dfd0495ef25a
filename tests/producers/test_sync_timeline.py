"""The syncs' page: a timeline of each practice, and what waits to go out."""

import httpx
import pytest
from sqlalchemy import text

from adapters.storage.practices import connections
from domain.connections import State
from domain.people import Role
from producers.pages.sync import MOST_BOARDS
from tests.producers.conftest import Site
from tests.producers.ledger import practice, put_run

pytestmark = pytest.mark.integration


def opened(site: Site, path: str, role: Role = Role.OPS) -> httpx.Response:
    answer = site.client.get(path, headers={**site.bearer(role), "Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer


def part(page: str, name: str) -> str:
    return page.partition(f'id="{name}"')[2].partition("</figure>")[0]


def test_a_day_of_runs_is_drawn_with_what_they_did(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    for number, ago in enumerate((60, 3600, 7200)):
        put_run(site, clinic, 990_001 + number, ago=ago)
    put_run(site, clinic, 990_009, ago=2 * 86_400)

    day = part(opened(site, "/sync").text, f"timeline-{clinic}")
    week = part(opened(site, "/sync?span=week").text, f"timeline-{clinic}")

    assert day.count('class="t-success"') == 3
    assert "3 runs, <strong>72</strong> read, <strong>60</strong> new" in day
    assert "4 runs, <strong>96</strong> read" in week
    assert "1 run, 24 read, 20 new, 4 changed, 1 conflict" in day


def test_a_failed_run_stands_out_and_hours_are_shaded(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    put_run(site, clinic, 990_001)
    hours = (
        '{"mon": [["00:00", "00:00"]], "sun": [["00:00", "00:00"]], "sat": [["08:00", "20:00"]]}'
    )
    with site.everything() as db:
        db.execute(text("UPDATE pms_sync_log SET status = 'failed'"))
        db.execute(
            text("UPDATE pms_connections SET opening_hours = CAST(:hours AS jsonb)"),
            {"hours": hours},
        )

    page = opened(site, "/sync?span=week").text

    line = part(page, f"timeline-{clinic}")
    assert 'class="t-failed"' in line
    assert 'class="open"' in line
    assert "Shaded: open." in line


def test_what_is_owed_to_a_pms_is_told_beside_it(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    with site.everything() as db:
        db.execute(
            text(
                "UPDATE run_sheet_appointments SET push_state = 'pending', updated_at = now()"
                " WHERE id = (SELECT id FROM run_sheet_appointments"
                " WHERE pms_connection_id = :id AND removed_at IS NULL LIMIT 1)"
            ),
            {"id": clinic},
        )

    page = opened(site, "/sync").text

    assert f'id="outward-{clinic}"' in page
    assert "1 change to go out" in page


def test_only_whoever_configures_may_pause(site: Site) -> None:
    assert "data-stop" in opened(site, "/sync", Role.OWNER).text
    assert "data-stop" not in opened(site, "/sync", Role.OPS).text
    assert "data-test" in opened(site, "/sync", Role.OPS).text


def test_another_span_is_refused(site: Site) -> None:
    answer = site.client.get("/sync?span=year", headers=site.bearer(Role.OPS))

    assert answer.status_code == 422


def test_of_very_many_practices_those_that_break_their_promise_come_first(site: Site) -> None:
    with site.everything() as db:
        for number in range(MOST_BOARDS + 5):
            connections.add(db, _new(f"Many {number:03}"))
        last = practice(site, "Example Clinic")
        db.execute(
            text("UPDATE pms_connections SET state = 'NEEDS_SIGN_IN' WHERE id = :id"), {"id": last}
        )

    few, every = opened(site, "/sync").text, opened(site, "/sync?every=true").text

    assert few.count("<article class=") == MOST_BOARDS
    assert few.index(f"board-{last}") < few.index("Many 000")
    assert "Show every practice" in few
    assert every.count("<article class=") > MOST_BOARDS


def _new(name: str) -> connections.NewConnection:
    return connections.NewConnection(
        account_id="default",
        vendor="gentu",
        site=name,
        timezone="Australia/Melbourne",
        name=name,
        state=State.ACTIVE,
    )
