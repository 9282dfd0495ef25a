"""What every job asks of the ledger is found by an index, however many jobs have ended."""

from typing import Any

import pytest
from sqlalchemy import Connection, TextClause, text

from adapters.storage import announcing, ledger, runs, spent, waiting_jobs, waiting_syncs
from infra.database import dispatch, transaction
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


def explained(db: Connection, statement: TextClause, values: dict[str, Any]) -> list[str]:
    return list(db.execute(text(f"EXPLAIN {statement.text}"), values).scalars())
