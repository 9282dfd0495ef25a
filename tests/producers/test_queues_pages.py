"""The queues as pages: told before any script runs, nothing hostile, nobody's names."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from domain.people import Role
from producers.estimates import Estimate
from producers.pages.budgets import every
from producers.pages.queues import bars, foreseen_end, lasted, told_counts
from tests.producers.conftest import Site
from tests.producers.ledger import practice, put_chore, put_job, put_worker, sign_in

HOSTILE = "<img src=x onerror=alert(1)>"
EVENING = datetime(2026, 11, 23, 12, 50, tzinfo=UTC)  # 23:50 in Melbourne
MELBOURNE = "Australia/Melbourne"


def opened(site: Site, path: str, role: Role = Role.OPS) -> httpx.Response:
    answer = site.client.get(path, headers={**site.bearer(role), "Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.integration
def test_an_operator_reads_the_page_without_any_script(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    put_worker(site, "w", "sync", "default")
    put_job(site, connection_id=clinic)
    dead = put_job(
        site, connection_id=clinic, state="dead", error_kind="Contract", error_text=HOSTILE
    )

    page = opened(site, "/queues").text

    assert "No workers for the voice queue." in page
    assert "No workers for the sync queue." not in page
    assert f'id="job-{dead}"' in page
    assert HOSTILE not in page
    assert "&lt;img src=x" in page
    assert "<script>" not in page
    assert "style=" not in page


@pytest.mark.integration
def test_where_no_worker_runs_that_is_one_alarm(site: Site) -> None:
    put_chore(site, overdue=-60)

    page = opened(site, "/queues").text

    assert page.count("callout bad alarm") == 1
    assert "No worker is running." in page


@pytest.mark.integration
@pytest.mark.parametrize(("overdue", "is_told"), [(90, True), (30, False), (-3000, False)])
def test_where_no_scheduler_runs_an_operator_is_told(
    site: Site, overdue: int, is_told: bool
) -> None:
    put_worker(site, "w", "voice", "sync", "default")
    put_chore(site, overdue=overdue)

    assert ("No scheduler is running." in opened(site, "/queues").text) is is_told
    told = site.client.get("/api/queues", headers=site.bearer(Role.OPS)).json()
    assert told["is_ticking"] is not is_told


@pytest.mark.integration
@pytest.mark.parametrize(
    ("behind", "told"),
    [
        (130.0, "the clock there is 2 min behind"),
        (-95.0, "the clock there is 2 min ahead"),
        (0.0, None),
        (1.4, None),
    ],
)
def test_a_worker_on_a_machine_with_a_wrong_clock_is_named(
    site: Site, behind: float, told: str | None
) -> None:
    put_worker(site, "w", "sync", behind=behind)

    page = opened(site, "/queues").text

    assert ("the clock there" in page) is (told is not None)
    assert told is None or told in page


@pytest.mark.integration
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=dead", {"dead"}),
        ("q=trace-1", {"waits"}),
        ("connection_id=none", {"dead"}),
        ("kind=sync&state=&queue=&error_kind=", {"waits", "dead"}),
        ("kind=send_text", set()),
    ],
)
def test_a_form_finds_what_was_chosen(site: Site, query: str, shown: set[str]) -> None:
    clinic = practice(site, "Example Clinic")
    ids = {
        "waits": put_job(site, connection_id=clinic, trace_id="trace-1"),
        "dead": put_job(site, state="dead", error_kind="Contract"),
    }

    page = opened(site, f"/queues?{query}").text

    assert {name for name, job_id in ids.items() if f'id="job-{job_id}"' in page} == shown


@pytest.mark.integration
def test_a_job_is_found_by_its_number(site: Site) -> None:
    ids = [put_job(site) for _ in range(3)]

    page = opened(site, f"/queues?q={ids[1]}").text

    assert [one for one in ids if f'id="job-{one}"' in page] == [ids[1]]


@pytest.mark.integration
def test_all_that_match_can_be_changed_only_where_one_state_is_chosen(site: Site) -> None:
    put_job(site, state="dead", error_kind="Contract")
    put_job(site)

    everything, waiting = opened(site, "/queues").text, opened(site, "/queues?state=ready").text

    assert "all that match" not in everything
    assert "Cancel all that match" in waiting
    assert "Retry all that match" not in waiting


@pytest.mark.integration
def test_a_page_shows_so_many_jobs_and_leads_to_the_older(site: Site) -> None:
    for number in range(43):
        put_job(site, ago=60 + number)

    first = opened(site, "/queues?kind=sync").text
    older = first.partition(">Older</a>")[0].rpartition('href="')[2].partition('"')[0]
    second = opened(site, older.replace("&amp;", "&")).text

    assert first.count('id="job-') == 40
    assert second.count('id="job-') == 3
    assert "data-live" in first
    assert "data-live" not in second


@pytest.mark.integration
def test_a_job_that_is_not_there_is_a_page_too(site: Site) -> None:
    headers = {**site.bearer(Role.OPS), "Accept": "text/html"}

    answer = site.client.get("/queues/jobs/4711", headers=headers)

    assert answer.status_code == 404
    assert "There is no such job" in answer.text


@pytest.mark.integration
def test_who_is_shut_out_is_named_first_with_what_helps(site: Site) -> None:
    clinic, harbour = practice(site, "Example Clinic"), practice(site, "Harbour Allied Health")
    put_job(site, connection_id=clinic, state="dead", error_kind="Contract", error_text="Odd.")
    with site.everything() as db:
        db.execute(
            text(
                "UPDATE pms_connections SET state = 'NEEDS_SIGN_IN', state_reason = 'Refused.'"
                " WHERE id = :id"
            ),
            {"id": harbour},
        )

    page = opened(site, "/queues").text

    troubles = page.partition('id="troubles"')[2].partition("</section>")[0]
    assert troubles.index(f"trouble-{harbour}") < troubles.index(f"trouble-{clinic}")
    assert "An owner or admin can sign in again." in troubles
    assert "Retry 1 dead" in troubles
    owners = opened(site, "/queues", Role.OWNER).text
    assert f'href="/connections/{harbour}#sign-in"' in owners


@pytest.mark.integration
def test_what_a_sync_holds_back_until_somebody_decides_is_to_be_seen_to(site: Site) -> None:
    """It came on time, so that neither its freshness nor a dead job tells of it."""
    clinic, harbour = practice(site, "Example Clinic"), practice(site, "Harbour Allied Health")
    held_back = "6 of 8 appointments of 3 June would leave the sheet, so none did."
    with site.everything() as db:
        db.execute(
            text(
                "UPDATE pms_connections SET last_sync_status = 'partial', last_sync_error = :why,"
                " last_sync_at = now() WHERE id = :id"
            ),
            {"id": clinic, "why": held_back},
        )
        db.execute(
            text(
                "INSERT INTO pms_backfills (account_id, pms_connection_id, day_from, day_to,"
                " chunk_days, state, reason, asked_by) VALUES ('default', :id, '2026-03-02',"
                " '2026-03-29', 7, 'paused', :why, 'ann')"
            ),
            {"id": harbour, "why": "5 of 9 appointments would leave."},
        )

    troubles = opened(site, "/queues").text.partition('id="troubles"')[2].partition("</section>")[0]

    told, of_range = (
        troubles.partition(f"trouble-{one}")[2].partition("</li>")[0] for one in (clinic, harbour)
    )
    assert "Done in part" in told
    assert held_back in told
    assert f'href="/sync#board-{clinic}"' in told
    assert "is paused" in of_range
    assert "5 of 9 appointments would leave." in of_range
    assert f'href="/sync#board-{harbour}">Look at its syncs' in of_range


@pytest.mark.integration
@pytest.mark.parametrize("path", ["/queues/what-if", "/queues/shares", "/queues/callers"])
def test_budgets_are_pages_that_an_operator_reads_without_any_script(site: Site, path: str) -> None:
    sign_in(site, practice(site, "Example Clinic"))

    page = opened(site, path).text

    assert f'<a href="{path}" aria-current="page">' in page
    assert "<script>" not in page
    assert "style=" not in page


@pytest.mark.integration
def test_a_wish_is_in_the_address_and_only_whoever_configures_may_save_it(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    sign_in(site, clinic)
    path = f"/queues/what-if?every-{clinic}=7&limit-gentu-60=30&every-x=5&limit-gentu-y=1"

    operators = opened(site, path).text
    headers = {**site.bearer(Role.OWNER), "Accept": "text/html"}
    owners = site.client.get(path, headers=headers).text

    assert 'value="7"' in operators
    assert 'value="30"' in operators
    assert "An admin can save it" in operators
    assert "data-save" not in operators
    assert "data-save" in owners


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(None, "never"), (15, "15 min"), (90, "90 min"), (150, "2.5 h"), (1440, "1 day")],
)
def test_intervals_are_told_as_people_say_them(minutes: int | None, told: str) -> None:
    assert every(minutes) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, ""), (-3.0, "0 s"), (8.2, "8 s"), (300, "5 min"), (7200, "2 h"), (260_000, "3 days")],
)
def test_ages_are_told_in_the_unit_that_fits(seconds: float | None, told: str) -> None:
    assert lasted(seconds) == told


def test_the_highest_bar_of_both_fills_the_chart() -> None:
    assert bars([0, 5], [10]) == [(34.0, 0.0), (17.0, 17.0)]
    assert bars([0]) == [(34.0, 0.0)]


def test_what_is_nought_is_told_only_when_all_is() -> None:
    assert told_counts({"created": 2, "removed": 0}) == "2 created"
    assert told_counts({"created": 0}) == "nothing"
    assert told_counts({}) == ""


@pytest.mark.parametrize(("minutes", "told"), [(5, "23:55"), (20, "24 Nov 00:10")])
def test_an_end_on_another_day_names_it(minutes: int, told: str) -> None:
    one = Estimate(
        job_id=1,
        connection_id=UUID(int=1),
        practice="Example Clinic",
        vendor="gentu",
        is_running=False,
        requests=1,
        starts_at=EVENING,
        ends_at=EVENING + timedelta(minutes=minutes),
        because="",
    )

    assert foreseen_end(one, MELBOURNE) == told


@pytest.mark.integration
def test_a_practice_that_is_shut_out_is_not_weighed_as_one_that_is_synced_by_hand(
    site: Site,
) -> None:
    page = opened(site, "/queues/what-if").text

    shut_out = page.partition('data-name="Northside Specialists"')[2].partition("</li>")[0]
    assert "Not by itself" in shut_out
    assert "By hand" not in page
