"""The doctor finds each thing that can be wrong, and says what to do about it."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis
from sqlalchemy import create_engine, text

import migrations
from adapters.storage.jobs.spent import StoredSpent
from adapters.throttle.clock import RedisThrottle
from console.doctor import promises, servers, work
from console.doctor.checks import CHECKS
from console.wiring import Wiring, wired
from domain.limits import Allowance, Limit
from infra.clock import machine_clock
from infra.setting_rules import Profile
from infra.settings import load
from tests.console.conftest import Shell, stored
from tests.storage.test_keeping import NO_ROOM, with_options

pytestmark = pytest.mark.integration


def looked(shell: Shell) -> Sequence[dict[str, Any]]:
    found: Sequence[dict[str, Any]] = shell("doctor", "--json").json["checks"]
    return found


def told(shell: Shell, what: str, verdict: str) -> str:
    """What is said of it, at that verdict; nothing else of that name may be as bad."""
    found = [one for one in looked(shell) if one["what"].startswith(what)]
    (said,) = [one["told"] for one in found if one["verdict"] == verdict]
    return str(said)


@pytest.fixture
def break_(database_url: str) -> Callable[[str], None]:
    def broken(statement: str) -> None:
        engine = create_engine(database_url)
        with engine.begin() as db:
            db.execute(text(statement))
        engine.dispose()

    return broken


@pytest.mark.parametrize(
    ("statement", "missed"),
    [
        ("DROP INDEX ix_jobs_dead", "index ix_jobs_dead is missing"),
        ("ALTER TABLE users DROP COLUMN role", "column users.role is missing"),
        ("DROP TABLE paused_queues", "table paused_queues is missing"),
        ("DROP TRIGGER append_only ON pms_audit_logs", "trigger pms_audit_logs.append_only is"),
        ("DROP POLICY own_account ON jobs", "policy jobs.own_account is missing"),
        ("CREATE POLICY all_of_it ON users USING (true)", "policy users.all_of_it is unknown"),
        ("ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY", "row security of jobs is missing"),
        ("ALTER TABLE slot_holds DROP CONSTRAINT ex_slot_holds_overlap", "ex_slot_holds_overlap"),
        ("ALTER TABLE jobs ALTER kind TYPE varchar(20)", "type of jobs.kind is changed"),
        ("ALTER TABLE accounts ALTER name DROP NOT NULL", "nullable of accounts.name is changed"),
    ],
)
def test_a_schema_that_drifted_is_told_by_name(
    shell: Shell, break_: Callable[[str], None], statement: str, missed: str
) -> None:
    break_(statement)

    assert missed in told(shell, "schema", "bad")


def test_what_somebody_added_beside_our_tables_does_no_harm(
    shell: Shell, break_: Callable[[str], None]
) -> None:
    break_("CREATE TABLE of_somebody_else (id int)")

    assert "table of_somebody_else is unknown" in told(shell, "schema", "warning")


@pytest.mark.parametrize(
    ("revision", "wrong"),
    [("base", "has no tables yet"), ("0001", f"schema 0001, not {migrations.newest()}")],
)
def test_a_database_that_is_to_be_migrated_is_told_once(
    shell: Shell,
    empty_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    revision: str,
    wrong: str,
) -> None:
    migrations.upgrade(empty_database_url, revision)
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    found = looked(shell)

    (bad,) = [one["told"] for one in found if one["verdict"] == "bad"]
    assert bad == f"{wrong}; run 'pms-sync migrate'"
    assert found[-1]["what"] == "not checked"
    assert found[-1]["told"].startswith("without this version's tables: schema, isolation, keys,")


def test_a_server_that_does_not_answer_is_waited_for_once(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    found = [one["told"] for one in looked(shell)]

    assert sum("cannot be reached" in one for one in found) == 1
    assert found[-1].startswith("without database: saving, schema,")


def test_links_in_the_clear_are_told_without_their_address(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:hunter2@db.invalid/sheet")
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@cache.invalid/0")
    monkeypatch.setenv("APP_BASE_URL", "http://sheet.example.com")

    found = [one for one in looked(shell) if one["what"] == "tls"]

    assert [one["verdict"] for one in found] == ["warning"] * 3
    assert "sslmode=verify-full" in found[0]["told"]
    assert "rediss://" in found[1]["told"]
    assert "APP_BASE_URL" in found[2]["told"]
    assert not any("hunter2" in one["told"] for one in found)


def test_a_link_within_what_is_called_this_machine_is_not_in_the_clear(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone@postgres.invalid/sheet")
    monkeypatch.setenv("REDIS_URL", "redis://redis.invalid/0")
    monkeypatch.setenv("SAME_MACHINE_HOSTS", "postgres.invalid,redis.invalid")

    assert [one for one in looked(shell) if one["what"] == "tls"] == []


def test_a_host_that_stands_in_the_query_is_looked_at_too(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:///sheet?host=db.invalid")

    assert "sslmode=verify-full" in told(shell, "tls", "warning")


def test_a_database_that_only_answers_is_told(
    shell: Shell, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "saving" not in {one["what"] for one in looked(shell)}
    monkeypatch.setenv(
        "DATABASE_URL", with_options(database_url, "default_transaction_read_only=on")
    )

    assert "nothing can be saved: it is read only" in told(shell, "saving", "bad")


def test_a_database_whose_disk_is_full_is_told_while_it_still_answers(
    shell: Shell, break_: Callable[[str], None], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_(NO_ROOM)
    monkeypatch.setenv("DATABASE_URL", with_options(database_url, "search_path=public,pg_catalog"))

    assert told(shell, "saving", "bad") == (
        "nothing can be saved: its disk is full; make room on it"
    )


@pytest.mark.parametrize(
    ("free", "verdict"), [(100 * 1024**2, "bad"), (1024**3, "warning"), (10 * 1024**3, "ok")]
)
def test_a_full_disk_is_noticed_before_it_is_full(free: int, verdict: str) -> None:
    assert servers.room(free, Path("home")).verdict == verdict


def test_credentials_that_are_gone_are_told_by_connection(
    shell: Shell, connected: str, tmp_path: Path
) -> None:
    (tmp_path / "home" / "secrets.sealed").unlink()

    said = told(shell, f"credentials {connected[:8]}", "bad")

    assert f"connections reconnect {connected[:8]}" in said


def test_credentials_that_the_secret_store_did_not_take_are_told_by_connection(
    shell: Shell, connected: str, database_url: str
) -> None:
    ref = str(stored(database_url, "SELECT secret_ref FROM pms_connections"))
    with wired() as wiring:
        held = wiring.secrets.get(ref)
        wiring.unstored.hold(ref, {**held, "refresh_token": "r-2"}, instead_of=held)
        assert wiring.opener.unstored is wiring.unstored

    said = told(shell, f"credentials {connected[:8]}", "bad")

    assert "only Redis has them" in said


def test_a_token_that_nobody_renews_is_noticed(
    shell: Shell, connected: str, break_: Callable[[str], None]
) -> None:
    break_(
        "UPDATE pms_connections SET token_expires_at = now() - interval '1 hour',"
        " next_renewal_at = now() - interval '1 hour'"
    )

    said = told(shell, f"credentials {connected[:8]}", "warning")

    assert f"connections test {connected[:8]}" in said


def test_a_practice_that_keeps_failing_is_told(
    shell: Shell, connected: str, break_: Callable[[str], None]
) -> None:
    break_(
        "UPDATE pms_connections SET consecutive_failures = 4,"
        " last_sync_error = 'Gentu: GET /tenants/{site}/practitioners answered 500'"
    )

    said = told(shell, f"connection {connected[:8]}", "warning")

    assert "4 times in a row (Gentu: GET /tenants/{site}/practitioners answered 500)" in said


def test_a_practice_that_waits_for_somebody_is_told_by_its_name(
    shell: Shell, connected: str, break_: Callable[[str], None]
) -> None:
    break_("UPDATE pms_connections SET state = 'SETUP_REQUIRED', display_name = 'Rooms'")
    paired = told(shell, f"connection {connected[:8]}", "warning")
    break_("UPDATE pms_connections SET connector = 'halaxy'")
    tested = told(shell, f"connection {connected[:8]}", "warning")

    begins = "Rooms is SETUP_REQUIRED; run 'pms-sync connections"
    assert paired == f"{begins} pair {connected[:8]} CODE'"
    assert tested == f"{begins} test {connected[:8]}'"


def test_what_a_vendor_still_allows_is_told(shell: Shell, connected: str) -> None:
    said = told(shell, "budget gentu", "ok")

    assert "60 requests in 60 s are left" in said


@pytest.mark.parametrize(
    ("most", "left", "scarce"), [(60, 5, True), (60, 6, False), (10, 0, True), (1, 0, False)]
)
def test_the_one_sign_in_of_a_minute_is_no_allowance_that_runs_out(
    most: int, left: int, *, scarce: bool
) -> None:
    assert work.is_scarce(Allowance("some", Limit(most, 60), left)) is scarce


def test_a_vendor_that_said_not_now_is_told_with_the_wait(
    shell: Shell, connected: str, database_url: str, redis_client: Redis
) -> None:
    shell.answer("sync", connected, "--here")
    bucket = str(stored(database_url, "SELECT min(bucket) FROM vendor_requests"))
    engine = create_engine(database_url)
    RedisThrottle(redis_client, StoredSpent(engine)).pause(bucket, seconds=900)
    engine.dispose()

    assert "the next request waits" in told(shell, "budget gentu", "warning")


def test_rows_that_nobody_chains_are_told_after_a_while(
    shell: Shell, break_: Callable[[str], None]
) -> None:
    early = told(shell, "audit", "ok")
    break_(
        "INSERT INTO pms_audit_logs (account_id, action, created_at)"
        " VALUES ('default', 'run_sheet.read', now() - interval '10 minutes')"
    )

    late = told(shell, "audit", "warning")

    # It looks no further back than a day, and says so.
    assert early.startswith("no row of the last day waits to be chained;")
    assert late.startswith("1 row waits to be chained, the oldest for 6")
    assert "audit verify" in late


def test_in_production_a_connection_without_an_agreement_is_told(
    shell: Shell, connected: str, database_url: str
) -> None:
    beside = [one for one in looked(shell) if one["what"] == "agreements"]
    given = load(vendors={"gentu"}).model_copy(update={"profile": Profile.PRODUCTION})
    wiring = Wiring(given, database_url=database_url, redis_url="redis://127.0.0.1:1")

    found = list(promises.agreed(wiring))

    wiring.close()
    assert beside == []
    assert [(one.verdict, one.what) for one in found] == [("bad", "agreements")]
    assert "account default has none in force with" in found[0].told
    assert "pms-sync baa record" in found[0].told


def test_in_production_an_anchor_and_a_key_of_the_audits_own_are_asked_for(
    database_url: str,
) -> None:
    beside = load(vendors={"gentu"})
    bare = beside.model_copy(update={"profile": Profile.PRODUCTION, "audit_anchor": "heads.jsonl"})
    kept = {"audit_anchor": "s3://heads/of-the-audit", "audit_key": SecretStr("5c" * 32)}

    said = [
        [(one.verdict, one.told) for one in promises.apart(wiring)]
        for wiring in (
            Wiring(given, database_url=database_url, redis_url="redis://127.0.0.1:1")
            for given in (beside, bare, bare.model_copy(update=kept))
        )
    ]

    assert [len(found) for found in said] == [0, 2, 0]
    assert [verdict for verdict, _ in said[1]] == ["warning", "warning"]
    assert "give AUDIT_ANCHOR a bucket with object lock" in said[1][0][1]
    assert "set AUDIT_KEY" in said[1][1][1]


@pytest.mark.parametrize(("by", "how"), [(-95, "behind"), (900, "ahead of")])
def test_a_machine_whose_clock_is_wrong_is_told_so(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, by: int, how: str
) -> None:
    monkeypatch.setattr(servers, "machine_clock", lambda: machine_clock() + timedelta(seconds=by))

    said = told(shell, "clocks", "warning")

    assert said.startswith("this machine: its clock is ")
    assert f" s {how} the database's" in said
    assert "run NTP" in said


def test_a_worker_whose_clock_is_wrong_is_named(
    shell: Shell, break_: Callable[[str], None]
) -> None:
    break_(
        """
        INSERT INTO workers (id, pool, queues, threads, seen_at, clock_behind) VALUES
          ('there:1', 'all', '{sync}', 4, now(), 95), ('right:3', 'all', '{sync}', 4, now(), 0.2),
          ('gone:2', 'all', '{sync}', 4, now() - interval '1 hour', 900)
        """
    )

    assert told(shell, "clocks", "warning").startswith("worker there:1: its clock is 95.0 s behind")


def test_the_account_that_an_alert_does_not_name_is_named(
    shell: Shell, connected: str, break_: Callable[[str], None]
) -> None:
    before = {(one["what"], one["told"]) for one in looked(shell)}
    break_(
        """
        INSERT INTO audit_findings (account_id, rule, person, since, until, counted, threshold)
        VALUES ('default', 'many_patients', 'script', now(), now(), 99, 60)
        """
    )
    break_(
        """
        INSERT INTO webhook_endpoints
          (account_id, url, secret_ref, told_in, created_by, state, failing_since)
        VALUES ('default', 'https://one.example.com/', 'tests/one', 0, 'Sam', 'disabled', now()),
               ('default', 'https://two.example.com/', 'tests/two', 0, 'Sam', 'active', now()),
               ('default', 'https://far.example.com/', 'tests/far', 0, 'Sam', 'active', NULL)
        """
    )
    break_(
        f"""
        INSERT INTO pms_writes (account_id, connection_id, kind, state, idempotency_key,
          request, confirmation, asked_by, trace_id, submitted_at)
        SELECT 'default', '{connected}', 'book', state, place::text, '', place::text, 'vapi', 't',
               now() - interval '2 hours'
        FROM unnest('{{unknown,failed,failed,failed}}'::text[])
        WITH ORDINALITY AS one (state, place)
        """  # noqa: S608 - the test's own
    )

    after = {(one["what"], one["told"]) for one in looked(shell)}

    assert {told for what, told in after - before if what == "account default"} == {
        "1 finding of unusual access: see /audit",
        "2 endpoints failing or given up: see 'pms-sync endpoints list --account default'",
        "3 bookings of the day that failed: see /deliveries",
        "1 write without an end for over an hour: see 'pms-sync writes list --account default'",
    }


def test_a_healthy_installation_is_looked_through_quickly(shell: Shell, connected: str) -> None:
    shell.answer("sync", connected, "--here")
    began = time.perf_counter()

    found = looked(shell)

    assert not [one for one in found if one["verdict"] == "bad"]
    # No check waits until something gives up; a busy machine is slow at all of them.
    assert time.perf_counter() - began < 25
    assert len({one.name for one in CHECKS}) >= 15
