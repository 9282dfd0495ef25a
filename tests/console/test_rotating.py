"""`pms-sync secrets rotate-key`, as an operator goes about it."""

from pathlib import Path

import pytest

from tests.console.conftest import Shell, audit_rows
from tests.console.test_audit import chain

pytestmark = pytest.mark.integration

NEW = "1e2d3c4b5a69788796a5b4c3d2e1f00f" * 2


@pytest.fixture
def old(shell: Shell, connected: str, tmp_path: Path) -> str:
    """The key that everything is sealed under so far."""
    shell.answer("sync", connected, "--here")
    return (tmp_path / "home" / "keys" / "encryption.key").read_text().strip()


def changed(monkeypatch: pytest.MonkeyPatch, old: str) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", NEW)
    monkeypatch.setenv("ENCRYPTION_KEYS_OLD", old)


def keys_told(shell: Shell) -> list[str]:
    return [one["told"] for one in shell.answer("doctor")["checks"] if one["what"] == "keys"]


def test_without_an_earlier_key_there_is_nothing_to_do(shell: Shell) -> None:
    assert "names no earlier key" in shell("secrets", "rotate-key").out
    assert shell.answer("secrets", "rotate-key") == {"old_keys_may_go": True}


def test_a_dry_run_counts_and_changes_nothing(
    shell: Shell, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(monkeypatch, old)

    first = shell.answer("secrets", "rotate-key", "--dry-run")

    assert first["left"]["run_sheet_appointments"] > 0
    assert (first["secrets_left"], first["old_keys_may_go"]) == (True, False)
    assert shell.answer("secrets", "rotate-key", "--dry-run") == first
    (told,) = [one for one in keys_told(shell) if "still needed" in one]
    assert "by secrets.sealed, run_sheet_appointments" in told
    assert told.endswith("run 'pms-sync secrets rotate-key'")


def test_the_doctor_says_what_helps_where_a_rotation_does_not(
    shell: Shell, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chain() == "done"
    changed(monkeypatch, old)
    shell.answer("secrets", "rotate-key")

    (told,) = [one for one in keys_told(shell) if "still needed" in one]
    monkeypatch.setenv("AUDIT_KEYS_OLD", old)

    assert "by links of the audit chain; name that key in AUDIT_KEYS_OLD" in told
    assert not any("still needed" in one for one in keys_told(shell))


def test_after_a_rotation_the_new_key_is_enough(
    shell: Shell, connected: str, old: str, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    changed(monkeypatch, old)

    done = shell.answer("secrets", "rotate-key")
    said = shell("secrets", "rotate-key").out
    between = shell.answer("sync", connected, "--here")
    monkeypatch.delenv("ENCRYPTION_KEYS_OLD")
    after = shell.answer("sync", connected, "--here")
    rows = shell.answer("run-sheet")["appointments"]

    assert done["old_keys_may_go"] is True
    assert done["resealed"]["run_sheet_appointments"] > 0
    assert "ENCRYPTION_KEYS_OLD may go" in said
    assert [(one["status"], one["updated"]) for one in (between, after)] == [("success", 0)] * 2
    assert all(one["patient"] is None or one["patient"]["full_name"] for one in rows)
    (audited,) = audit_rows(database_url, "key.rotated")
    assert audited.request_summary.startswith(f"{sum(done['resealed'].values())} rows under key ")
    assert NEW not in audited.request_summary


def test_a_rotation_that_is_watched_tells_how_far_it_is(
    shell: Shell, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(monkeypatch, old)

    said = shell("secrets", "rotate-key", "--batch", "10").out.splitlines()

    rows = [line for line in said if line.startswith("run_sheet_appointments:")]
    assert len(rows) > 1
    assert said[0] == "secrets.sealed: sealed anew"
    assert said[-1] == "Nothing is under an earlier key: ENCRYPTION_KEYS_OLD may go."
