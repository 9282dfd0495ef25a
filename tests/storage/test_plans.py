"""What every job asks of the ledger is found by an index, however many jobs have ended."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, TextClause, text

from adapters.storage.by_hand import conflict_list
from adapters.storage.deliveries import inbox
from adapters.storage.id_starts import bounds
from adapters.storage.jobs import announcing, ledger, spent, waiting_jobs, waiting_syncs
from adapters.storage.outgoing import endpoints
from adapters.storage.phone import open_writes, untold
from adapters.storage.practices import connection_details, connection_list, left_visits, rhythms
from adapters.storage.runs import runs
from adapters.storage.sheet import days_read, linking, overlaps, reading, sheet_status
from adapters.storage.two_way import push_asking, push_board, push_ranges, push_standing
from adapters.storage.upkeep import sampling
from infra.database import Direct, dispatch, transaction
from tests.storage.rig import ACCOUNT, Rig, soon

pytestmark = pytest.mark.integration

RUNS = text(
    """
    INSERT INTO pms_sync_log (id, account_id, pms_connection_id, job_id, sync_type, day_from,
                              day_to, status, started_at, trace_id)
    SELECT gen_random_uuid(), :account, :connection, n, 'full', '2026-01-01', '2026-01-02',
           'success', now() - make_interval(secs => n), 't'
    FROM generate_series(1, 20000) AS n
    """
)
ROWS = text(
    """
    INSERT INTO run_sheet_appointments (account_id, run_sheet_id, pms_connection_id,
      pms_appointment_id, source, appointment_time, pms_start, appointment_duration_minutes,
      appointment_status, timezone)
    SELECT :account, :sheet, :connection, 'a-' || n, 'pms', at, at, 15, 'booked', 'UTC'
    FROM generate_series(1, 20000) AS n,
         LATERAL (SELECT now() + make_interval(mins => n) AS at) AS its
    """
)
WRITES = text(
    """
    INSERT INTO pms_writes (account_id, connection_id, kind, state, idempotency_key, request,
      confirmation, pms_id, start_at, told, asked_by, trace_id, created_at, settled_at)
    SELECT :account, :connection, 'book', 'confirmed', 'k' || n, '', 'A' || n, 'p' || n, now(),
           'confirmed', 'call', 't', now() - make_interval(mins => n), now()
    FROM generate_series(1, 1000) AS n
    """
)
BY_HAND = text(
    """
    INSERT INTO run_sheet_appointments (account_id, run_sheet_id, source, appointment_time,
      appointment_duration_minutes, appointment_status, timezone)
    VALUES (:account, :sheet, 'manual', now(), 15, 'booked', 'UTC')
    """
)
CONFLICTS = text(
    """
    INSERT INTO run_sheet_conflicts (account_id, appointment_id, field, both_values, opened_at,
                                     settled_at, settled_as)
    SELECT account_id, id, 'patient_phone', '', created_at, appointment_time, 'mine'
    FROM run_sheet_appointments
    """
)
ENDED = text(
    """
    INSERT INTO jobs (account_id, connection_id, kind, queue, vendor, state, due_at, trace_id,
                      max_seconds, finished_at)
    SELECT :account, :connection, 'sync', 'sync', 'gentu', 'done', now(), 't', 600, now()
    FROM generate_series(1, 2000) AS n
    """
)
DELIVERIES = text(
    """
    INSERT INTO deliveries (account_id, connection_id, sender, event, dedupe_key, trace_id)
    SELECT :account, :connection, (ARRAY['sikka', 'vapi', 'halaxy'])[1 + n % 3], 'e', n, 't'
    FROM generate_series(1, 9000) AS n
    """
)
ENDPOINT = text(
    """
    INSERT INTO webhook_endpoints (account_id, url, secret_ref, told_in, created_by)
    VALUES (:account, 'https://hooks.example.com/a', 's', 1, 'person') RETURNING id
    """
)
MESSAGES = text(
    """
    INSERT INTO webhook_messages (account_id, endpoint_id, kind, state, delivered_at)
    SELECT :account, :endpoint, 'run_sheet.changed', 'delivered', now() - make_interval(secs => n)
    FROM generate_series(1, 5000) AS n
    """
)
SHEET = text(
    "INSERT INTO run_sheets (account_id, day) VALUES (:account, '2026-06-02') RETURNING id"
)
HELD = {"id": 1, "fence": 1}
ASKED: dict[str, tuple[TextClause, dict[str, Any]]] = {
    "wait": (ledger._WAIT, {**HELD, "until": soon(0), "reason": "r"}),  # noqa: SLF001
    "fail": (
        ledger._FAIL,  # noqa: SLF001
        {**HELD, "kind": "k", "error": "e", "fatal": False, "most": 3, "retry_at": soon(0)},
    ),
    "hand-back": (ledger._HAND_BACK, {"ids": [1], "fences": [1]}),  # noqa: SLF001
    "unsaved": (spent._UNSAVED, {"vendor": "gentu"}),  # noqa: SLF001
    "waiting-syncs": (waiting_syncs._WAITING, {"most": 100}),  # noqa: SLF001
    "waiting-jobs": (waiting_jobs._WAITING, {"most": 100}),  # noqa: SLF001
}


@pytest.mark.parametrize("name", sorted(ASKED))
def test_no_question_reads_all_jobs_there_are(rig: Rig, name: str) -> None:
    rig.run(
        "INSERT INTO jobs (kind, queue, vendor, args, state, due_at, trace_id, max_seconds,"
        " finished_at, dedupe_key)"
        " SELECT 'sync', 'sync', 'gentu', '{}', 'done', now(), 't', 600,"
        " now() - interval '3 days', 'k' || n FROM generate_series(1, 20000) AS n"
    )
    rig.put("sync", dedupe_key="k1")
    with rig.engine.begin() as db:
        db.execute(text("ANALYZE jobs"))
    statement, values = ASKED[name]

    with dispatch(rig.engine) as db:
        plan = explained(db, statement, values)

    assert [line for line in plan if "Seq Scan on jobs" in line] == []


def test_neither_the_sweep_nor_the_latest_runs_read_all_runs_there_are(rig: Rig) -> None:
    connection_id = rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(RUNS, {"account": ACCOUNT, "connection": connection_id})
    with rig.engine.begin() as db:
        db.execute(text("ANALYZE pms_sync_log"))
    latest = {"connection_id": None, "at": None, "before": None, "limit": 20}

    with dispatch(rig.engine) as db:
        plan = explained(db, announcing._STRANDED, {})  # noqa: SLF001
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        plan += explained(db, runs._LIST, latest)  # noqa: SLF001

    assert [line for line in plan if "Seq Scan on pms_sync_log" in line] == []


def test_a_page_finds_rows_that_were_left_behind_without_reading_all_rows(rig: Rig) -> None:
    left = rig.connect("left")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        day = db.execute(SHEET, {"account": ACCOUNT}).scalar_one()
        db.execute(ROWS, {"account": ACCOUNT, "sheet": day, "connection": left})
        connection_list.remove(db, left)
    with rig.engine.begin() as db:
        db.execute(text("ANALYZE run_sheet_appointments"))
    asked = {"account_id": ACCOUNT, "starts": [soon(60 * n) for n in range(100)], "is_left": True}

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        plan = explained(db, left_visits._AT, asked)  # noqa: SLF001

    assert [line for line in plan if "Seq Scan on run_sheet_appointments" in line] == []


def test_who_is_still_to_be_told_asks_nothing_more_of_writes_that_are_settled(rig: Rig) -> None:
    """It once read all later writes of a practice for each one there is."""
    connection_id = rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(WRITES, {"account": ACCOUNT, "connection": connection_id})
    asked = {**untold._when(soon(0)), "limit": 50}  # noqa: SLF001

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        plan = explained(db, untold._UNTOLD, asked, done=True)  # noqa: SLF001

    asides = [line for line in plan if " later" in line or " entry" in line]
    assert len(asides) > 1
    assert [line for line in asides if "never executed" not in line] == []


BY_THEIR_START = {
    "pms_sync_log": (runs._FIND, RUNS),  # noqa: SLF001
    "run_sheet_appointments": (push_standing._FIND, ROWS),  # noqa: SLF001
    "pms_writes": (open_writes._FIND, WRITES),  # noqa: SLF001
}


@pytest.mark.parametrize("table", sorted(BY_THEIR_START))
def test_what_is_named_by_how_its_id_starts_is_found_without_reading_all_of_its_kind(
    rig: Rig, table: str
) -> None:
    find, fill = BY_THEIR_START[table]
    connection_id = rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        day = db.execute(SHEET, {"account": ACCOUNT}).scalar_one()
        db.execute(fill, {"account": ACCOUNT, "connection": connection_id, "sheet": day})
    with rig.engine.begin() as db:
        db.execute(text(f"ANALYZE {table}"))

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        plan = explained(db, find, dict(bounds("0a1b") or {}))

    assert "Index Cond: ((id >= " in "\n".join(plan)


@pytest.fixture
def filled(rig: Rig) -> Rig:
    """A practice with 20,000 rows to come, as many conflicts that are settled, and as many runs."""
    connection_id = rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        day = db.execute(SHEET, {"account": ACCOUNT}).scalar_one()
        about = {"account": ACCOUNT, "connection": connection_id, "sheet": day}
        for statement in (RUNS, ROWS, CONFLICTS):
            db.execute(statement, about)
    with rig.engine.begin() as db:
        db.execute(text("ANALYZE run_sheet_appointments, run_sheet_conflicts, pms_sync_log"))
    return rig


def test_how_many_visits_practices_have_today_is_told_without_reading_all_they_ever_had(
    filled: Rig,
) -> None:
    asked = {"id": None, "now": soon(0)}

    with transaction(filled.engine, account_id=ACCOUNT) as db:
        plan = explained(db, connection_details._DETAILS, asked)  # noqa: SLF001

    assert [line for line in plan if "Index Cond" in line and "appointment_time > " in line] != []


def test_what_overlaps_visits_of_a_day_is_taken_for_a_small_part_of_all_rows(filled: Rig) -> None:
    """Taken for a ninth of them, as it was, it is looked for in all once there are many."""
    asked = {
        "account_id": ACCOUNT,
        "earliest": [soon(0)],
        "latest": [soon(86_400)],
        "clinicians": [uuid4()],
        "policies": ["warn"],
    }

    with transaction(filled.engine, account_id=ACCOUNT) as db:
        plan = explained(db, overlaps._TAKEN, asked)  # noqa: SLF001

    looked = next(line for line in plan if "ix_run_sheet_appointments_account_time" in line)
    assert int(looked.partition("rows=")[2].split()[0]) < 20_000 / 100


def test_when_days_were_last_read_is_found_by_the_days_and_not_in_all_runs(filled: Rig) -> None:
    asked = {"first": date(2026, 6, 2), "last": date(2026, 6, 2)}

    with transaction(filled.engine, account_id=ACCOUNT) as db:
        plan = explained(db, days_read._DAYS_READ, asked)  # noqa: SLF001

    assert [line for line in plan if "Index Cond" in line and "day_to >= " in line] != []


def test_a_page_of_settled_conflicts_reads_no_others_however_often_it_is_asked_for(
    filled: Rig,
) -> None:
    """A plan kept for any filter, and for none, read and sorted every one of them."""
    listing = conflict_list._listing(  # noqa: SLF001
        conflict_list.Wanted(state="settled"), is_further=False
    )

    with transaction(filled.engine, account_id=ACCOUNT) as db:
        db.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        db.execute(text(f"PREPARE listing AS {listing.text.replace(':limit', '$1')}"))
        plan = list(db.execute(text("EXPLAIN EXECUTE listing (51)")).scalars())

    assert [line for line in plan if "using ix_run_sheet_conflicts_settled" in line] != []
    assert [line for line in plan if "Sort" in line] == []


def test_of_whom_a_row_is_is_looked_up_for_each_however_few_rows_are_expected(filled: Rig) -> None:
    """Taken for few, each was compared with every practitioner there is."""
    asked = reading.of_days(
        date(2026, 6, 2), date(2026, 6, 8), account_id=ACCOUNT, connection_id=None
    )

    with transaction(filled.engine, account_id=ACCOUNT) as db:
        plan = explained(db, reading._DAYS, asked)  # noqa: SLF001

    joins = [line for line in plan if "Join Filter" in line]
    assert [line for line in joins if "practitioner" in line or "pms_connection_id" in line] == []


def test_what_connections_wait_for_is_read_once_for_all_of_them(rig: Rig) -> None:
    """It was looked for among all jobs of each of them, on every page."""
    for n in range(5):
        connection_id = rig.connect(f"site-{n}")
        with rig.engine.begin() as db:
            db.execute(ENDED, {"account": ACCOUNT, "connection": connection_id})
    with rig.engine.begin() as db:
        db.execute(text("ANALYZE jobs, pms_connections"))

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        plan = explained(db, sheet_status._CONNECTIONS, {}, done=True)  # noqa: SLF001
        plan += explained(db, sheet_status._UNFINISHED, {"kind": "sync"})  # noqa: SLF001

    read = [line for line in plan if " jobs" in line and "loops=" in line]
    assert read != []
    assert [line for line in read if "loops=1)" not in line] == []
    assert [
        line for line in plan if "ix_jobs_account_id" in line or "Seq Scan on jobs" in line
    ] == []


def test_how_a_job_stands_is_told_without_reading_the_sheet(filled: Rig) -> None:
    asked = {"id": 1, "account_id": ACCOUNT}

    with transaction(filled.engine, account_id=ACCOUNT) as db:
        plan = explained(db, push_asking._FOLLOWED, asked)  # noqa: SLF001

    assert [line for line in plan if "Seq Scan on run_sheet_appointments" in line] == []
    assert [line for line in plan if "using pk_run_sheet_appointments" in line] != []


def test_the_rows_of_practices_that_take_changes_are_read_once_for_all_of_them(filled: Rig) -> None:
    """Taken for one practice, however many were asked about, all rows were read for each."""
    ids = [filled.connect(f"office-{n}") for n in range(5)]
    asked = {"ids": ids, "vendors": ["gentu"], "since": soon(0), "disputed": "d"}

    with transaction(filled.engine, account_id=ACCOUNT) as db:
        plan = explained(db, push_board._APPOINTMENTS, asked, done=True)  # noqa: SLF001

    read = [line for line in plan if " on run_sheet_appointments" in line]
    assert read != []
    assert [line for line in read if "loops=1)" not in line] == []


def test_what_was_put_for_a_range_is_found_among_the_jobs_of_its_practice_since(rig: Rig) -> None:
    """All pushes of the account were read for it, and for each row that might be put again."""
    others, own = rig.connect("others"), rig.connect("own")
    with rig.engine.begin() as db:
        db.execute(ENDED, {"account": ACCOUNT, "connection": others})
        db.execute(text("UPDATE jobs SET kind = 'push_entry'"))
        db.execute(text("ANALYZE jobs"))
    named = {"is_named": False, "start": None, "end": None, "creates": False, "disputed": "d"}
    asked = {"connection_id": own, "range_job": 1, "vendors": ["advancedmd"], "most": 10, **named}

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        plans = [
            explained(db, statement, asked)
            for statement in (push_ranges._OWED, push_ranges._UNDER_WAY)  # noqa: SLF001
        ]

    for plan in plans:
        assert [line for line in plan if "Index Cond" in line and "(id > " in line] != []


def test_when_a_practice_sees_patients_is_told_without_reading_all_it_ever_saw(filled: Rig) -> None:
    with transaction(filled.engine, account_id=ACCOUNT) as db:
        own = db.execute(text("SELECT id FROM pms_connections")).scalar_one()
        booked = explained(db, rhythms._BOOKED, {"id": own, "at": soon(0)})  # noqa: SLF001
        asked = {"id": own, "day": date(2026, 6, 2), "days": 28}
        shown = explained(db, rhythms._SHOWN, asked)  # noqa: SLF001

    for plan in (booked, shown):
        assert [line for line in plan if "Index Cond" in line and "pms_start >= " in line] != []


def test_what_waits_for_a_page_is_found_by_either_time_and_not_in_all_that_was_typed(
    filled: Rig,
) -> None:
    with filled.engine.begin() as db:
        db.execute(text("UPDATE run_sheet_appointments SET source = 'manual'"))
        db.execute(text("ANALYZE run_sheet_appointments"))
    asked = {
        "account_id": ACCOUNT,
        "earliest": soon(0),
        "latest": soon(3600),
        "kept_apart": "kept_apart",
    }

    with transaction(filled.engine, account_id=ACCOUNT) as db:
        plan = explained(db, linking._WAITING, asked)  # noqa: SLF001

    assert [line for line in plan if "appointments_unlinked_start" in line] != []


def test_how_rows_stand_with_their_practices_is_looked_up_by_their_ids_alone(filled: Rig) -> None:
    """Of many accounts, each was taken for a small part of all rows, and its own read as well."""
    for name in (f"group-{n}" for n in range(20)):
        filled.run("INSERT INTO accounts (id, name) VALUES (:name, :name)", name=name)
        with transaction(filled.engine, account_id=name) as db:
            day = db.execute(SHEET, {"account": name}).scalar_one()
            db.execute(BY_HAND, {"account": name, "sheet": day})
    with filled.engine.begin() as db:
        db.execute(text("ANALYZE run_sheet_appointments"))

    with transaction(filled.engine, account_id=ACCOUNT) as db:
        ids = list(db.execute(text("SELECT id FROM run_sheet_appointments LIMIT 300")).scalars())
        asked = {"ids": ids, "vendors": ["advancedmd"], "by_hand": "b"}
        plan = explained(db, push_standing._STANDINGS, asked)  # noqa: SLF001

    assert [line for line in plan if "run_sheet_appointments_account_time" in line] == []


def test_who_is_still_to_be_told_is_found_among_those_who_may_be(rig: Rig) -> None:
    connection_id = rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(WRITES, {"account": ACCOUNT, "connection": connection_id})
    with rig.engine.begin() as db:
        db.execute(text("ANALYZE pms_writes"))
    asked = {**untold._when(soon(0)), "limit": 50}  # noqa: SLF001

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        plan = explained(db, untold._UNTOLD, asked)  # noqa: SLF001

    assert [line for line in plan if "ix_pms_writes_untold" in line] != []


def test_when_an_endpoint_last_took_a_message_is_the_newest_of_an_index(rig: Rig) -> None:
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        endpoint_id = db.execute(ENDPOINT, {"account": ACCOUNT}).scalar_one()
        db.execute(MESSAGES, {"account": ACCOUNT, "endpoint": endpoint_id})
    with rig.engine.begin() as db:
        db.execute(text("ANALYZE webhook_messages"))

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        plan = explained(db, endpoints._LIST, {})  # noqa: SLF001

    assert [line for line in plan if "using ix_webhook_messages_delivered" in line] != []


def test_who_has_sent_deliveries_is_told_without_reading_all_of_them(rig: Rig) -> None:
    connection_id = rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(DELIVERIES, {"account": ACCOUNT, "connection": connection_id})
    with rig.engine.begin() as db:
        db.execute(text("ANALYZE deliveries"))

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        found = list(db.execute(inbox._SENDERS).scalars())  # noqa: SLF001
        plan = explained(db, inbox._SENDERS, {}, done=True)  # noqa: SLF001

    read = [line for line in plan if " on deliveries" in line]
    assert found == ["halaxy", "sikka", "vapi"]
    assert [line for line in read if "rows=1.00 " not in line and "rows=0." not in line] == []


def test_the_doctor_tries_the_oldest_and_the_newest_row_without_sorting_them_all(
    filled: Rig,
) -> None:
    with filled.engine.begin() as db:
        db.execute(text("UPDATE run_sheet_appointments SET patient_name = 'sealed'"))
        db.execute(text("ANALYZE run_sheet_appointments"))

    with transaction(filled.engine, account_id=ACCOUNT) as db:
        plan = explained(db, sampling._SEALED, {})  # noqa: SLF001

    used = [line for line in plan if "using ix_run_sheet_appointments_changed" in line]
    assert len(used) == 2


def explained(
    db: Connection, statement: TextClause | Direct, values: dict[str, Any], *, done: bool = False
) -> list[str]:
    how = "EXPLAIN (ANALYZE)" if done else "EXPLAIN"
    return list(db.execute(text(f"{how} {statement.text}"), values).scalars())
