"""The audit at the command line: judged, named where it is broken, and with an exit code."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from adapters.storage.jobs.ledger import put
from console.wiring import wired
from domain.work import CHAIN_AUDIT, chore_job
from infra.database import dispatch
from tests.console.conftest import Shell
from workers.here import run_here

pytestmark = pytest.mark.integration


def chain() -> str:
    """What a worker does every few seconds."""
    with wired() as wiring:
        with dispatch(wiring.engine) as db:
            job_id = put(db, chore_job(CHAIN_AUDIT))
        return run_here(wiring.parts(), job_id).value


def by_superuser(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            db.execute(text(statement))
    engine.dispose()


@pytest.fixture
def acted(shell: Shell) -> Shell:
    """Three things were done, and chained."""
    for number in range(3):
        shell.answer("token", "--role", "ops", "--name", f"script {number}")
    assert chain() == "done"
    return shell


def sentences(shell: Shell) -> Sequence[str]:
    outcome = shell("audit", "verify", "--json")
    assert outcome.code == 1
    return [one["sentence"] for one in outcome.json["findings"]]


def test_what_was_written_verifies(acted: Shell) -> None:
    told = acted.answer("audit", "verify")

    assert told["ok"] is True
    (one,) = told["accounts"]
    assert (one["account_id"], one["links"], one["anchored"], one["unchained"]) == (
        "default",
        3,
        3,
        0,
    )


def test_the_tail_that_is_not_chained_yet_is_named_and_is_no_fault(acted: Shell) -> None:
    acted.answer("token", "--role", "ops")

    (one,) = acted.answer("audit", "verify", "--account", "default")["accounts"]

    assert one["unchained"] == 1 and one["oldest_unchained"] is not None


def test_an_altered_row_is_named_and_the_command_fails(acted: Shell, database_url: str) -> None:
    by_superuser(
        database_url,
        "UPDATE pms_audit_logs SET user_id = 'somebody else' WHERE id ="
        " (SELECT audit_id FROM audit_chain WHERE seq = 2)",
    )

    (only,) = sentences(acted)

    assert only.endswith("is not the row that was chained (place 2)")
    spoken = acted("audit", "verify")
    assert spoken.code == 1
    assert f"default: {only}" in spoken.out


def test_a_missing_tail_is_named(acted: Shell, database_url: str) -> None:
    by_superuser(
        database_url,
        "DELETE FROM pms_audit_logs WHERE id IN (SELECT audit_id FROM audit_chain WHERE seq > 1)",
        "DELETE FROM audit_chain WHERE seq > 1",
        "DELETE FROM audit_heads",
    )

    (only,) = sentences(acted)

    assert only == (
        "the chain ends at place 1, but the anchor knows place 3: the last 2 rows are gone"
    )


def restored_to_its_first_row(database_url: str) -> None:
    by_superuser(
        database_url,
        "DELETE FROM pms_audit_logs WHERE id IN (SELECT audit_id FROM audit_chain WHERE seq > 1)",
        "DELETE FROM audit_chain WHERE seq > 1",
        "UPDATE audit_heads SET seq = 1, hash = (SELECT hash FROM audit_chain WHERE seq = 1)",
    )


def test_a_restored_backup_is_stated_and_verifies_as_what_it_is(
    acted: Shell, database_url: str
) -> None:
    restored_to_its_first_row(database_url)
    backup = datetime.now(UTC).isoformat()

    (stated,) = acted.answer("audit", "restored", "--backup-of", backup)["stated"]
    again = acted("audit", "restored", "--backup-of", backup)

    places = (stated["account"], stated["kept"], stated["known"], stated["place"])
    assert places == ("default", 1, 3, 4)
    assert "nothing to state" in again.out
    told = acted.answer("audit", "verify")
    assert told["ok"] is True
    assert told["accounts"][0]["stated"][0]["by"].startswith("cli:")
    spoken = acted("audit", "verify")
    assert "restored" in spoken.out and "up to place 3, is lost" in spoken.out


def test_an_account_that_was_made_after_the_backup_is_named_and_stated_once_it_is_there(
    acted: Shell, database_url: str
) -> None:
    acted.answer("accounts", "add", "Harbour", "--id", "harbour")
    acted.answer("token", "--role", "ops", "--account", "harbour")
    chain()
    by_superuser(
        database_url,
        "DELETE FROM audit_chain",
        "DELETE FROM audit_heads",
        "DELETE FROM pms_audit_logs",
        "DELETE FROM accounts WHERE id = 'harbour'",
    )
    now = ("--backup-of", datetime.now(UTC).isoformat())

    first = acted("audit", "restored", *now)
    acted.answer("accounts", "add", "Harbour", "--id", "harbour")
    second = acted("audit", "restored", *now)

    assert first.code == 1
    assert "harbour: this account was made after the backup" in first.out
    assert second.code == 0
    assert acted("audit", "verify").code == 0


@pytest.mark.parametrize("said", ["yesterday", "2026-11-20T03:00", "2126-11-20T03:00Z"])
def test_a_backup_is_named_by_a_moment_that_was(acted: Shell, said: str) -> None:
    assert acted.complaint("audit", "restored", "--backup-of", said)


def test_an_altered_anchor_is_named(acted: Shell, tmp_path: Path) -> None:
    anchor = tmp_path / "home" / "audit" / "heads.jsonl"
    anchor.write_text(anchor.read_text().replace('"seq": 3', '"seq": 2'))

    told = sentences(acted)

    assert told[0].startswith("the anchor was altered: line 1")


def test_a_lost_anchor_is_named(acted: Shell, tmp_path: Path) -> None:
    (tmp_path / "home" / "audit" / "heads.jsonl").unlink()

    assert sentences(acted) == ["the anchor was told place 3 and knows only place 0"]


def test_an_account_that_is_not_here_is_told_so(shell: Shell) -> None:
    assert "no account" in shell.complaint("audit", "verify", "--account", "elsewhere")


def test_who_saw_a_patient_is_told_and_the_asking_is_in_it(shell: Shell, database_url: str) -> None:
    by_superuser(
        database_url,
        "INSERT INTO pms_audit_logs (account_id, user_id, action, method, endpoint, patient_id,"
        " phi_accessed) VALUES ('default', 'Ada', 'run_sheet.read', 'GET', '/api/run-sheet',"
        " 'p-77', true), ('default', 'Bo', 'run_sheet.read', 'GET', '/', 'p-7', true)",
    )

    (first,) = shell.answer("audit", "patient", "p-77")["accesses"]
    again = shell.answer("audit", "patient", "p-77")["accesses"]

    assert (first["user_id"], first["endpoint"]) == ("Ada", "/api/run-sheet")
    assert [one["action"] for one in again] == ["audit.patient_read", "run_sheet.read"]
    assert "/api/run-sheet" in shell("audit", "patient", "p-77").out
    assert "Nobody did" in shell("audit", "patient", "p-0").out


def test_what_is_old_enough_is_archived_and_verifies(
    acted: Shell, database_url: str, tmp_path: Path
) -> None:
    assert acted.answer("audit", "archive", "--to", str(tmp_path / "out"))["archives"] == []
    by_superuser(
        database_url,
        "DELETE FROM audit_chain",
        "DELETE FROM audit_heads",
        "UPDATE pms_audit_logs SET created_at = '2015-05-05' WHERE id < 3",
    )
    (tmp_path / "home" / "audit" / "heads.jsonl").unlink()
    chain()

    (made,) = acted.answer("audit", "archive", "--to", str(tmp_path / "out"))["archives"]

    assert (made["account"], made["rows"], made["last"]) == ("default", 2, 2)
    told = acted.answer("audit", "verify-archive", str(tmp_path / "out" / made["file"]))
    assert (told["ok"], told["first"], told["last"]) == (True, 1, 2)
    assert acted.answer("audit", "verify")["accounts"][0]["archived"] == 2


def test_an_archive_that_is_not_there_is_not_called_damaged(shell: Shell, tmp_path: Path) -> None:
    told = shell.complaint("audit", "verify-archive", str(tmp_path / "none.jsonl.gz"))

    assert "does not exist" in told


def test_agreements_are_recorded_and_listed(shell: Shell) -> None:
    signed = ("--version", "2026-01", "--signed-by", "Ann Example", "--signed-on", "2026-01-05")
    assert "pms-sync baa record" in shell("baa", "list").out
    kept = shell.answer("baa", "record", "--with", "gentu", *signed)["agreement"]

    assert (kept["party"], kept["signed_on"]) == ("gentu", "2026-01-05")
    (told,) = shell.answer("baa", "list")["agreements"]
    assert told["signed_by"] == "Ann Example" and told["recorded_by"].startswith("cli:")
    assert "--with is 'customer'" in shell.complaint("baa", "record", "--with", "x", *signed)
