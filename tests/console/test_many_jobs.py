"""Jobs that died together are counted, agreed to, and run again or called off together."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from console.wiring import wired
from tests.console.conftest import Clinic, Shell, audit_rows, connect, stored
from tests.plain import NO_TLS
from workers.here import run_here

pytestmark = pytest.mark.integration


def died(
    url: str,
    kind: str = "sync",
    *,
    jobs: int = 1,
    error: str = "Transient",
    account: str | None = "default",
    hours_ago: int = 1,
) -> Sequence[int]:
    """Jobs that died so long ago; their numbers."""
    own = create_engine(url)
    with own.begin() as db:
        found = db.execute(
            text(
                """
                INSERT INTO jobs (kind, queue, state, trace_id, account_id, error_kind, finished_at)
                SELECT :kind, 'default', 'dead', 't', CAST(:account AS text), :error,
                       now() - make_interval(hours => :hours)
                FROM generate_series(1, :jobs) RETURNING id
                """
            ),
            {"kind": kind, "account": account, "error": error, "hours": hours_ago, "jobs": jobs},
        ).scalars()
        ids = list(found)
    own.dispose()
    return ids


def states(url: str) -> dict[int, str]:
    own = create_engine(url)
    with own.begin() as db:
        found = {row.id: row.state for row in db.execute(text("SELECT id, state FROM jobs"))}
    own.dispose()
    return found


def matched(told: dict[str, Any]) -> dict[str, int]:
    return {one["kind"]: one["jobs"] for one in told["matched"]}


def test_nothing_is_done_before_somebody_agreed(shell: Shell, database_url: str) -> None:
    died(database_url, jobs=3)

    outcome = shell("jobs", "replay-all")
    told = shell("jobs", "replay-all", "--json")

    assert (outcome.code, told.code) == (2, 2)
    assert "default" in outcome.out and "sync" in outcome.out and "1 h ago" in outcome.out
    assert outcome.err == "Nothing was done: say --yes once that is what is meant.\n"
    assert (matched(told.json), told.json["changed"]) == ({"sync": 3}, 0)
    assert set(states(database_url).values()) == {"dead"}


def test_what_died_of_one_cause_runs_again_at_once(shell: Shell, database_url: str) -> None:
    others = died(database_url, error="Unexpected")
    before = died(database_url, hours_ago=30)
    ours = died(database_url, jobs=2)
    texts = died(database_url, "send_text")
    since = stored(database_url, "SELECT to_char(now() - interval '1 day', 'YYYY-MM-DD HH24:MIOF')")

    command = ("jobs", "replay-all", "--error", "Transient", "--since", str(since))
    told = shell.answer(*command, "--yes")

    assert matched(told) == {"sync": 2, "send_text": 1}
    assert (told["changed"], told["left"]) == (3, 0)
    now = states(database_url)
    assert {now[one] for one in [*ours, *texts]} == {"ready"}
    assert {now[one] for one in [*others, *before]} == {"dead"}
    assert [row.action for row in audit_rows(database_url, "jobs.%")] == ["jobs.retried"] * 2


def test_a_sync_that_the_vendor_broke_off_goes_on_once_it_is_back(
    shell: Shell, own_clinic: Clinic, database_url: str
) -> None:
    connected = connect(shell, own_clinic)
    fault = {"fault": "html", "path": "/appointments", "times": 1000}
    own_clinic.control("faults", {"scripts": [fault]})
    broken_off = shell("sync", connected, "--here", "--json")
    [(job, state)] = [one for one in states(database_url).items() if one[1] == "dead"]

    httpx.delete(f"{own_clinic.simulator.url}/_sim/faults", verify=NO_TLS).raise_for_status()
    told = shell.answer("jobs", "replay-all", "--error", "BrokenContract", "--yes")
    with wired() as wiring:
        ended = run_here(wiring.parts(), job)

    assert (broken_off.code, state) == (1, "dead")
    assert (matched(told), told["changed"], ended) == ({"sync": 1}, 1, "done")
    again = shell.answer("sync", connected, "--here")
    assert (again["created"], again["unchanged"]) == (0, again["fetched"])
    assert again["fetched"] > 0


def test_what_somebody_was_promised_is_discarded_by_name_only(
    shell: Shell, database_url: str
) -> None:
    [text_] = died(database_url, "send_text")
    [sync] = died(database_url)

    spoken = shell("jobs", "discard-all", "--reason", "practice has left", "--yes")

    assert spoken.code == 0
    assert "Left alone: 1 dead job of the kind 'send_text'. Whoever waits for" in spoken.out
    assert "1 job is called off." in spoken.out
    assert states(database_url) == {text_: "dead", sync: "cancelled"}

    named = shell("jobs", "discard-all", "--kind", "send_text", "--reason", "all rung", "--yes")

    assert "send_text: Whoever waits for this text does not get it." in named.out
    assert states(database_url)[text_] == "cancelled"
    rows = audit_rows(database_url, "jobs.discarded")
    assert [row.request_summary for row in rows] == [
        f"1 job matching kind=sync state=dead: {sync}",
        f"1 job matching kind=send_text state=dead: {text_}",
    ]
    assert shell.answer("jobs", "show", str(text_))["result"] == {"discarded": "all rung"}


def test_jobs_of_each_account_and_of_none_are_told_apart(shell: Shell, database_url: str) -> None:
    shell.answer("accounts", "add", "Other", "--id", "other")
    [ours], [theirs] = died(database_url), died(database_url, account="other")
    [chore] = died(database_url, "prune", account=None)

    told = shell.answer("jobs", "replay-all", "--account", "other", "--yes")
    everybody = shell.answer("jobs", "replay-all", "--yes")

    assert [(one["account"], one["jobs"]) for one in told["matched"]] == [("other", 1)]
    found = {(one["account"], one["kind"]) for one in everybody["matched"]}
    assert found == {("default", "sync"), (None, "prune")}
    assert set(states(database_url).values()) == {"ready"}
    rows = {(row.account_id, row.request_summary) for row in audit_rows(database_url, "jobs.%")}
    assert rows == {
        ("other", f"1 job matching kind=sync state=dead: {theirs}"),
        ("default", f"1 job matching kind=sync state=dead: {ours}"),
        ("default", f"1 job matching kind=prune state=dead no_account=True: {chore}"),
    }


def test_nothing_that_was_called_off_runs_again_with_the_others(
    shell: Shell, database_url: str
) -> None:
    [called_off] = died(database_url)
    shell.answer("jobs", "discard", str(called_off), "--reason", "practice has left")

    told = shell("jobs", "replay-all", "--yes")

    assert told.out.endswith("No dead job matches.\n")
    assert states(database_url) == {called_off: "cancelled"}


def test_a_job_that_is_called_off_says_what_that_means(shell: Shell, database_url: str) -> None:
    [settles] = died(database_url, "settle_write")

    said = shell("jobs", "discard", str(settles), "--reason", "the practice was asked").out

    assert said.startswith(f"Job {settles} is called off. It follows a booking")
