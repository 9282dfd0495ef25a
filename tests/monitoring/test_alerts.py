"""Each alert fires on the state it is for, made for real, and clears when that has passed."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from adapters import pms
from domain.limits import Budget
from infra.database import engine
from producers.arrivals import PROBES
from producers.following import Hub
from producers.metrics.registry import Metrics
from tests.monitoring.world import Watch, World, metrics_of, rules
from tests.storage.rig import ACCOUNT
from tests.storage.test_keeping import with_options

pytestmark = pytest.mark.integration

CALM = {"Watchdog"}
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
BUCKET = "gentu/default/somebody"
WEBHOOK = "/webhooks/{vendor}/{event}"

Act = Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Case:
    """What goes wrong, and how it is well again; `each` goes on as long as it is wrong."""

    bad: Act
    well: Act = lambda _: None
    each: Act = lambda _: None


def connection(bad: str, well: str) -> Case:
    return Case(lambda w: w.connection_is(bad), lambda w: w.connection_is(well))


def statements(bad: str, well: str) -> Case:
    return Case(lambda w: w.sql(bad), lambda w: w.sql(well))


def endpoint(bad: str, well: str) -> Case:
    def made(world: World) -> None:
        world.sql(
            """
            INSERT INTO webhook_endpoints (account_id, url, secret_ref, told_in, created_by)
            VALUES (:id, 'https://hooks.example.com/', 'tests/one', 0, 'Sam')
            """,
            id=ACCOUNT,
        )
        world.sql(f"UPDATE webhook_endpoints SET {bad}")  # noqa: S608 - the test's own

    return Case(made, lambda w: w.sql(f"UPDATE webhook_endpoints SET {well}"))  # noqa: S608


def jobs(assignments: str, *, kind: str = "chore", times: int = 1) -> Case:
    """Jobs that came to be as told; somebody cancels them."""

    def bad(world: World) -> None:
        for number in range(times):
            world.rig.put(kind, dedupe_key=f"{number}", vendor="advancedmd")
        world.sql(f"UPDATE jobs SET {assignments}")  # noqa: S608 - the test's own

    return Case(bad, lambda w: w.sql("UPDATE jobs SET state = 'cancelled'"))


def answered(world: World, status: int, times: int, route: str = "/sync") -> None:
    for _ in range(times):
        world.metrics.answered("POST", route, status=status, seconds=0.01)


def one_of_five_ends_in_an_error(world: World) -> None:
    """Among many more questions of probes, which do not thin it out."""
    answered(world, 500, 2)
    answered(world, 200, 8)
    for probe in PROBES:
        answered(world, 200, 30, probe)


def spend(world: World) -> None:
    budget = Budget(BUCKET, pms.vendor("gentu").limits["default"])
    world.sql("INSERT INTO vendor_requests (bucket, at) VALUES (:name, now())", name=BUCKET)
    for number in range(50):
        world.throttle.spend([budget], holder=str(number), voice=True)


def window_passed(world: World) -> None:
    world.sql("DELETE FROM vendor_requests")
    world.redis.flushdb()


def one_of_nine_fails(world: World) -> None:
    world.runs("success", 24)
    world.runs("failed", 3)


def two_are_not_answered(world: World) -> None:
    for _ in range(2):
        world.call("late", took=18)


def an_old_access(world: World) -> None:
    world.accesses(1)
    world.sql("UPDATE pms_audit_logs SET created_at = now() - interval '3 hours'")


def without(what: str) -> Act:
    def lose(world: World) -> None:
        if what == "database":
            away = engine(NOWHERE, application_name="tests", pool_seconds=0.1)
            world.metrics = Metrics(away, world.redis, Hub(away, NOWHERE), kept=0, lag=0)
        else:
            gone = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
            world.metrics = metrics_of(world.rig, gone, world.url)

    return lose


def found_again(world: World) -> None:
    world.metrics = metrics_of(world.rig, world.redis, world.url)


def read_only() -> Case:
    """As a managed server is for everybody, once its disk is full."""
    until_well = ExitStack()

    def refuse(world: World) -> None:
        url = with_options(world.url, "default_transaction_read_only=on")
        refusing = engine(url, application_name="tests")
        until_well.callback(refusing.dispose)
        world.metrics = Metrics(refusing, world.redis, Hub(refusing, url), kept=0, lag=0)

    def keep_again(world: World) -> None:
        found_again(world)
        until_well.close()

    return Case(refuse, keep_again)


LONG_AGO = "interval '30 days'"
CASES: Mapping[str, Case] = {
    "PmsConnectionFailing": connection("consecutive_failures = 3", "consecutive_failures = 0"),
    "PmsSignInNeeded": connection("state = 'NEEDS_SIGN_IN'", "state = 'ACTIVE'"),
    "ApiErrorRateHigh": Case(one_of_five_ends_in_an_error, each=one_of_five_ends_in_an_error),
    "SuspiciousPhiAccess": statements(
        f"""
        INSERT INTO audit_findings (account_id, rule, person, since, until, counted, threshold)
        VALUES ('{ACCOUNT}', 'many_patients', 'script', now(), now(), 99, 60)
        """,  # noqa: S608 - the test's own
        "UPDATE audit_findings SET state = 'acknowledged'",
    ),
    "PhiAccessBusy": Case(
        lambda w: w.accesses(601),
        lambda w: w.sql("UPDATE pms_audit_logs SET created_at = now() - interval '2 hours'"),
    ),
    "CredentialExpiring": connection(
        "token_expires_at = now() + interval '1 minute'",
        "token_expires_at = now() + interval '1 hour'",
    ),
    "VendorBudgetLow": Case(spend, window_passed),
    "SyncFailureRateHigh": Case(one_of_nine_fails, lambda w: w.runs("success", 3)),
    "VendorLimitHit": Case(lambda w: w.throttle.pause(BUCKET, seconds=1)),
    "QueueDeep": jobs("due_at = now()", times=101),
    "WeeklySummaryMissing": Case(
        lambda w: w.connection_is(f"created_at = now() - {LONG_AGO}"),
        lambda w: w.sql(
            "INSERT INTO sync_summaries (account_id, week, told) VALUES (:id,"
            " date_trunc('week', now() AT TIME ZONE 'Australia/Melbourne')::date - 7, '{}')",
            id=ACCOUNT,
        ),
    ),
    "ConnectionLate": connection(
        "last_sync_at = now() - interval '2 hours'", "last_sync_at = now()"
    ),
    "QueueOld": jobs("due_at = now() - interval '1 hour'"),
    "QueuePaused": statements(
        f"""
        INSERT INTO paused_queues (account_id, queue, reason, paused_by, paused_at)
        VALUES ('{ACCOUNT}', 'sync', 'Mending.', 'Sam', now() - interval '2 hours')
        """,  # noqa: S608 - the test's own
        "DELETE FROM paused_queues",
    ),
    "NoWorkers": statements(
        "UPDATE workers SET queues = '{sync,default}'",
        "UPDATE workers SET queues = '{sync,default,voice}'",
    ),
    "ClockOff": statements(
        "UPDATE workers SET clock_behind = -95", "UPDATE workers SET clock_behind = -1.4"
    ),
    "SchedulerStopped": statements(
        "UPDATE schedules SET last_at = now() - interval '75 seconds' WHERE name = 'tick'",
        "UPDATE schedules SET last_at = now() WHERE name = 'tick'",
    ),
    "JobsDied": jobs("state = 'dead', finished_at = now()"),
    "ChangesLate": Case(
        lambda w: w.changed("pending"),
        lambda w: w.sql("UPDATE run_sheet_appointments SET push_state = 'synced'"),
    ),
    "ChangesStuck": Case(
        lambda w: w.changed("needs_patient"),
        lambda w: w.sql("UPDATE run_sheet_appointments SET push_state = 'synced'"),
    ),
    "VoiceAnswersLate": Case(
        two_are_not_answered,
        lambda w: w.sql("UPDATE tool_calls SET created_at = now() - interval '2 hours'"),
    ),
    "VoiceAnswersSlow": Case(
        lambda w: w.call("answered", took=15),
        lambda w: w.sql("UPDATE tool_calls SET created_at = now() - interval '2 hours'"),
    ),
    "BookingsFail": Case(
        lambda w: w.write("failed", times=3),
        lambda w: w.sql("UPDATE pms_writes SET created_at = now() - interval '2 days'"),
    ),
    "WritesUnsettled": Case(
        lambda w: w.write("unknown", submitted=timedelta(hours=2)),
        lambda w: w.sql("UPDATE pms_writes SET state = 'confirmed'"),
    ),
    "WebhooksRejected": Case(lambda w: answered(w, 401, 21, WEBHOOK)),
    "ExcessCalls": statements(
        """
        INSERT INTO vendor_requests (bucket, at)
        SELECT 'advancedmd/tier2/somebody', now() FROM generate_series(1, 121)
        """,
        "DELETE FROM vendor_requests",
    ),
    "EndpointDisabled": endpoint("state = 'disabled'", "state = 'paused'"),
    "EndpointsBehind": endpoint(
        "waiting_since = now() - interval '2 hours'", "waiting_since = NULL"
    ),
    "AuditChainLate": Case(
        an_old_access,
        lambda w: w.sql(
            "INSERT INTO audit_heads (account_id, seq, hash, newest_at, anchored_seq)"
            " VALUES (:id, 1, '', now(), 1)",
            id=ACCOUNT,
        ),
    ),
    "DatabaseAway": Case(without("database"), found_again),
    "DatabaseKeepsNothing": read_only(),
    "MetricsPartFailed": Case(without("redis"), found_again),
}
"""Those without a state of the service to make are below."""


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_and_clears(world: World, name: str) -> None:
    case, watch = CASES[name], Watch(world)
    rule = next(one for one in watch.known if one.name == name)
    # Counters are told from the first request on: Prometheus must have seen them before they rise.
    answered(world, 200, 1)
    answered(world, 401, 1, WEBHOOK)
    assert watch.see(2) == CALM

    case.bad(world)
    fired = watch.see(int(rule.lasts / 60) + 2, each=lambda: case.each(world))
    case.well(world)
    cleared = watch.see(16, each=lambda: answered(world, 200, 10))

    assert fired == {name, *CALM}
    assert name not in cleared


def test_silence_is_an_alert_and_so_is_being_heard_at_all(world: World) -> None:
    watch = Watch(world)

    assert watch.see(1) == CALM
    # Prometheus forgets what it was told five minutes ago.
    assert watch.see(3, reachable=False) == {"MetricsAbsent", "Watchdog"}
    assert watch.see(1) == CALM


@pytest.mark.parametrize("kept", ["QueueOld", "QueueDeep"])
def test_what_waits_in_a_queue_that_was_just_paused_pages_nobody(world: World, kept: str) -> None:
    watch = Watch(world)
    pause = "INSERT INTO paused_queues (account_id, queue, reason, paused_by)"
    world.sql(f"{pause} VALUES (:id, 'default', 'Mending.', 'Sam')", id=ACCOUNT)
    CASES[kept].bad(world)
    world.sql("UPDATE jobs SET account_id = :id", id=ACCOUNT)

    assert watch.see(10) == CALM

    world.sql("DELETE FROM paused_queues")
    assert watch.see(10) == {kept, *CALM}


def test_times_that_the_practice_s_book_took_first_wake_nobody(world: World) -> None:
    watch = Watch(world)
    world.write("confirmed")

    world.write("failed", times=2)

    assert watch.see(15) == CALM


def test_one_question_that_was_not_answered_in_a_quiet_hour_wakes_nobody(world: World) -> None:
    watch = Watch(world)

    world.call("late", took=18)

    assert watch.see(10) == CALM


def test_two_failed_syncs_of_a_small_site_wake_nobody(world: World) -> None:
    watch = Watch(world)

    world.runs("failed", 2)

    assert watch.see(10) == CALM


def test_an_earlier_version_s_scheduler_that_leaves_chores_undone_is_one_that_stopped(
    world: World,
) -> None:
    watch = Watch(world)

    world.sql("UPDATE schedules SET next_at = now() - interval '10 minutes' WHERE enabled")

    assert watch.see(5) == {"SchedulerStopped", *CALM}


def test_every_alert_is_tried() -> None:
    assert {one.name for one in rules()} == {*CASES, "MetricsAbsent", "Watchdog"}
