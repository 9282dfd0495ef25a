"""Backup and restore, step by step as docs/runbook.md has it, into servers that know nothing."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import NullPool, create_engine, text

from adapters import pms
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.people.revoking import standing
from adapters.storage.upkeep.restores import HELD_BACK
from adapters.throttle.clock import RedisThrottle
from domain.limits import Budget
from infra import embedded
from infra.embedded.binaries import postgres_binaries
from tests.console.conftest import Shell, audit_rows, stored
from tests.console.test_audit import chain
from tests.console.test_production_role import as_prod, own

__all__ = ["own"]

pytestmark = pytest.mark.integration

ROLES = """
CREATE ROLE pms_sync_app NOLOGIN; CREATE ROLE pms_sync_dispatch NOLOGIN;
CREATE ROLE pms_sync_archive NOLOGIN;
"""
GRANTED = "GRANT pms_sync_app, pms_sync_dispatch, pms_sync_archive TO CURRENT_USER"
KEPT = (
    "SELECT id, account_id, action, user_id, created_at, request_summary FROM pms_audit_logs"
    " ORDER BY id"
)
OTHER_KEY = "1e2d3c4b5a69788796a5b4c3d2e1f00f" * 2


@dataclass(frozen=True)
class Fresh:
    """Servers as they are installed: a database without a table, and a Redis without a key."""

    database_url: str
    redis_url: str


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    with embedded.start(tmp_path / "fresh", durable=False) as servers:
        yield Fresh(servers.database_url, servers.redis_url)


def program(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(postgres_binaries() / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def address(url: str) -> str:
    """As the programs of PostgreSQL spell it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def run(url: str, statement: str) -> Sequence[Any]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as db:
        found = db.execute(text(statement))
        return found.all() if found.returns_rows else []


def backed_up(database_url: str, home: Path, to: Path) -> None:
    """Steps 1 to 3: the database, the keys, the secrets."""
    to.mkdir()
    dump = program(
        "pg_dump", "--format=custom", f"--file={to / 'sheet.dump'}", address(database_url)
    )
    assert dump.returncode == 0, dump.stderr
    shutil.copytree(home / "keys", to / "keys")
    shutil.copy2(home / "secrets.sealed", to)


def restored(backup: Path, fresh: Fresh, home: Path) -> None:
    """Steps 2 and 3 of the way back."""
    run(fresh.database_url, ROLES)
    back = program(
        "pg_restore",
        "--no-owner",
        "--exit-on-error",
        f"--dbname={address(fresh.database_url)}",
        str(backup / "sheet.dump"),
    )
    assert back.returncode == 0, back.stderr
    home.mkdir()
    shutil.copytree(backup / "keys", home / "keys")
    shutil.copy2(backup / "secrets.sealed", home)


def sheet(shell: Shell) -> Sequence[Any]:
    found: Sequence[Any] = shell.answer("run-sheet")["appointments"]
    return found


def test_everything_goes_on_from_a_backup_in_fresh_servers(
    shell: Shell,
    connected: str,
    database_url: str,
    fresh: Fresh,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shell.answer("sync", connected, "--here")
    waiting = stored(
        database_url,
        "INSERT INTO jobs (kind, queue, state, trace_id, due_at)"
        " VALUES ('prune', 'default', 'ready', 't', now() + interval '1 day') RETURNING id",
    )
    before, audited = sheet(shell), run(database_url, KEPT)
    requests = stored(database_url, "SELECT count(*) FROM vendor_requests")
    backed_up(database_url, tmp_path / "home", tmp_path / "backup")

    restored(tmp_path / "backup", fresh, tmp_path / "new home")
    monkeypatch.setenv("DATABASE_URL", fresh.database_url)
    monkeypatch.setenv("REDIS_URL", fresh.redis_url)
    monkeypatch.setenv("PMS_SYNC_HOME", str(tmp_path / "new home"))
    shell.answer("migrate")
    doctor = shell.answer("doctor")
    after = sheet(shell)
    # The same look was audited once more; everything before it is there, byte for byte.
    kept = run(fresh.database_url, KEPT)
    again = shell.answer("sync", connected, "--here")

    assert doctor["ok"] is True
    assert after == before
    assert after
    assert list(kept[: len(audited)]) == list(audited)
    assert shell.answer("jobs", "show", str(waiting))["state"] == "ready"
    assert (again["status"], again["created"], again["updated"]) == ("success", 0, 0)
    assert stored(fresh.database_url, "SELECT count(*) FROM vendor_requests") != requests
    with pytest.raises(Exception, match="append-only"):
        run(fresh.database_url, "DELETE FROM pms_audit_logs")


@pytest.fixture
def set_back(
    shell: Shell,
    connected: str,
    database_url: str,
    fresh: Fresh,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Kim was shut out, and the audit went on, after the backup that is restored; its moment.

    Keys, secrets and heads were not lost, and stay.
    """
    shell.answer("login-link", "--name", "Kim", "--role", "provider")
    stored(
        database_url,
        "INSERT INTO sessions (token_hash, user_id, csrf, expires_at)"
        " SELECT 'x', id, 'y', now() + interval '1 h' FROM users RETURNING 1",
    )
    assert chain() == "done"
    made_at = datetime.now(UTC).isoformat()
    backed_up(database_url, tmp_path / "home", tmp_path / "backup")
    shell.answer("people", "shut-out", "Kim")
    sheet(shell)
    assert chain() == "done"

    restored(tmp_path / "backup", fresh, tmp_path / "elsewhere")
    monkeypatch.setenv("DATABASE_URL", fresh.database_url)
    monkeypatch.setenv("REDIS_URL", fresh.redis_url)
    return made_at


def test_whoever_was_shut_out_after_the_backup_holds_no_session_and_is_shown(
    shell: Shell, set_back: str, connected: str
) -> None:
    (before,) = shell.answer("people", "list")["people"]

    told = shell.answer("restored", "--backup-of", set_back)

    (after,) = shell.answer("people", "list")["people"]
    assert (before["name"], before["shut_out_at"], before["sessions"]) == ("Kim", None, 1)
    assert after["sessions"] == 0
    (account,) = told["accounts"]
    assert account["sessions"] == 1
    stands = {(one["what"], one["name"] or one["id"]) for one in account["stands"]}
    assert ("person", "Kim") in stands
    assert any(what == "practice" for what, _ in stands)
    spoken = shell("restored", "--backup-of", set_back).out
    assert "Is somebody or something here that was taken away since the backup?" in spoken


def test_whoever_takes_calls_is_told_where_those_since_the_backup_are_found(
    shell: Shell, set_back: str, fresh: Fresh
) -> None:
    """What was promised to them is in no row: no list names whom to ring, and no text leaves."""
    command = ("restored", "--backup-of", set_back)
    before = shell(*command).out

    run(fresh.database_url, "UPDATE accounts SET phones = '{+61390000001}'")

    assert "at Vapi and ring" not in before
    assert "at Vapi and ring" in shell(*command).out


def states(shell: Shell) -> dict[str, tuple[str, str | None]]:
    found = shell.answer("connections", "list")["connections"]
    return {one["id"]: (one["state"], one["state_reason"]) for one in found}


def test_a_practice_waits_after_a_restore_for_somebody_who_knows_that_it_is_still_connected(
    shell: Shell, set_back: str, connected: str, fresh: Fresh
) -> None:
    """Removed after the backup, it would be read, written to and booked at again."""
    command = ("restored", "--backup-of", set_back)

    (told,) = shell.answer(*command)["accounts"]

    assert told["paused"] == [connected]
    assert {one["stands"] for one in told["stands"] if one["what"] == "practice"} == {"ACTIVE"}
    state, reason = states(shell)[connected]
    assert (state, reason) == ("INACTIVE", HELD_BACK)
    rows = audit_rows(fresh.database_url, "connection.paused")
    assert [str(row.pms_integration_id) for row in rows] == [connected]

    shell.answer("connections", "resume", connected)
    (again,) = shell.answer(*command)["accounts"]

    assert again["paused"] == []
    assert states(shell)[connected] == ("ACTIVE", None)


def test_practices_are_told_to_be_paused_or_go_on_by_a_word(
    shell: Shell, set_back: str, connected: str
) -> None:
    (told,) = shell.answer("restored", "--backup-of", set_back, "--go-on")["accounts"]

    assert (told["paused"], states(shell)[connected][0]) == ([], "ACTIVE")


def test_practices_that_wait_since_a_restore_go_on_by_one_word_and_no_other_does(
    shell: Shell, set_back: str, connected: str
) -> None:
    shell.answer("restored", "--backup-of", set_back)

    resumed = shell.answer("connections", "resume", "--restored")["resumed"]
    stands = states(shell)[connected]
    shell.answer("connections", "pause", connected, "--reason", "closed for the summer")
    again = shell.answer("connections", "resume", "--restored")["resumed"]

    assert (resumed, stands) == ([connected], ("ACTIVE", None))
    assert (again, states(shell)[connected][0]) == ([], "INACTIVE")


def test_a_person_reads_which_practices_wait(shell: Shell, set_back: str, connected: str) -> None:
    spoken = shell("restored", "--backup-of", set_back).out

    assert "1 practice is paused, lest one that has left since" in spoken
    assert "'connections resume --restored'" in spoken


def test_a_bearer_token_of_before_a_restore_is_refused(
    shell: Shell, set_back: str, fresh: Fresh
) -> None:
    made = int(datetime.now(UTC).timestamp())

    shell.answer("restored", "--backup-of", set_back)

    engine = create_engine(fresh.database_url, poolclass=NullPool)
    with engine.begin() as db:
        stands = standing(db, "default", "script")
    assert stands is not None and not stands.takes(made)


def test_the_audit_tells_what_a_restore_has_lost(shell: Shell, set_back: str) -> None:
    assert shell("audit", "verify").code == 1

    (stated,) = shell.answer("restored", "--backup-of", set_back)["stated"]

    spoken = shell("audit", "verify")
    assert spoken.code == 0 and "is lost" in spoken.out
    assert stated["known"] > stated["kept"] > 0


def test_the_role_of_the_service_restores_a_backup_by_itself(
    shell: Shell,
    connected: str,
    database_url: str,
    own: embedded.Servers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Made as docs/setup.md has it, on a server that is not the one of before."""
    shell.answer("sync", connected, "--here")
    before = sheet(shell)
    backed_up(database_url, tmp_path / "home", tmp_path / "backup")
    there = Fresh(as_prod(own), own.redis_url)

    restored(tmp_path / "backup", there, tmp_path / "new home")
    run(
        there.database_url,
        "GRANT pms_sync_app, pms_sync_dispatch, pms_sync_archive TO CURRENT_USER",
    )
    monkeypatch.setenv("DATABASE_URL", there.database_url)
    monkeypatch.setenv("REDIS_URL", there.redis_url)
    monkeypatch.setenv("PMS_SYNC_HOME", str(tmp_path / "new home"))

    shell.answer("migrate")
    assert shell.answer("doctor")["ok"] is True
    assert sheet(shell) == before != []


def test_the_clocks_of_vendors_are_rebuilt_from_the_restored_rows(
    shell: Shell, connected: str, database_url: str, fresh: Fresh, tmp_path: Path
) -> None:
    shell.answer("sync", connected, "--here")
    bucket = str(stored(database_url, "SELECT min(bucket) FROM vendor_requests"))
    spent = int(str(stored(database_url, "SELECT count(*) FROM vendor_requests")))
    backed_up(database_url, tmp_path / "home", tmp_path / "backup")

    restored(tmp_path / "backup", fresh, tmp_path / "new home")
    engine = create_engine(fresh.database_url)
    budget = Budget(bucket=bucket, limits=pms.vendor("gentu").limits["default"])
    with Redis.from_url(fresh.redis_url) as client:
        clock = RedisThrottle(client, StoredSpent(engine))
        clock.spend([budget], holder="tests")
        left = {one.limit.seconds: one.left for one in clock.outlook([budget]).allowances}
    engine.dispose()

    assert spent > 0
    assert left[3600] <= 1000 - spent - 1


def test_without_its_key_a_backup_tells_nothing(
    shell: Shell,
    connected: str,
    database_url: str,
    fresh: Fresh,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shell.answer("sync", connected, "--here")
    names = {one["patient"]["full_name"] for one in sheet(shell) if one["patient"]}
    backed_up(database_url, tmp_path / "home", tmp_path / "backup")

    restored(tmp_path / "backup", fresh, tmp_path / "new home")
    monkeypatch.setenv("DATABASE_URL", fresh.database_url)
    monkeypatch.setenv("PMS_SYNC_HOME", str(tmp_path / "new home"))
    monkeypatch.setenv("ENCRYPTION_KEY", OTHER_KEY)

    assert "sealed under a key that is not configured" in shell.complaint("run-sheet")
    plain = program("pg_restore", "--file=-", str(tmp_path / "backup" / "sheet.dump")).stdout
    assert names
    assert not [name for name in names if name in plain]


def test_whoever_row_level_security_holds_for_gets_no_dump_at_all(
    shell: Shell, connected: str, database_url: str, tmp_path: Path
) -> None:
    """Rather none than one in which accounts are missing."""
    refused = program(
        "pg_dump",
        "--role=pms_sync_app",
        f"--file={tmp_path / 'half.dump'}",
        address(database_url),
    )

    assert refused.returncode != 0


def test_the_embedded_servers_are_backed_up_by_a_copy_of_their_home(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy"
    with embedded.start(home) as servers:
        run(servers.database_url, "CREATE TABLE kept AS SELECT 'of old' AS said")
    subprocess.run(["cp", "-a", str(home), str(copy)], check=True)  # noqa: S603, S607
    shutil.rmtree(home)

    with embedded.start(copy) as servers:
        said = run(servers.database_url, "SELECT said FROM kept")

    assert [one.said for one in said] == ["of old"]


def test_dates_of_the_backup_say_which_days_to_read_again(
    shell: Shell, connected: str, database_url: str
) -> None:
    """What the PMS changed since the backup comes back with one sync of those days."""
    shell.answer("sync", connected, "--here")
    run(database_url, "DELETE FROM run_sheet_history; DELETE FROM run_sheet_appointments")
    today = datetime.now(UTC).date()

    since = ("--from", str(today - timedelta(days=1)), "--to", str(today + timedelta(days=1)))
    again = shell.answer("sync", connected, "--here", *since)

    assert again["status"] == "success"
    assert again["created"] > 0
