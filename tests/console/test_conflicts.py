"""`pms-sync conflicts` over a sheet on which a person and the PMS disagree."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry
from adapters.storage.sheet.entries import EntrySeal
from infra import database
from infra.sealing import Keyring, Sealer
from tests.console.conftest import Shell, audit_rows
from tests.producers.seeding import NOW, pms_says, seed

pytestmark = pytest.mark.integration

KEY = "0123456789abcdef" * 4
DISPUTED = ("Grace Invented", "Hugo Fictional")


@pytest.fixture
def disputed(
    database_url: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, UUID]:
    """Two rows whose phone both sides changed, and one whose time."""
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    seal = EntrySeal(Sealer(Keyring.from_hex(KEY)), account_id="default")
    engine = database.engine(database_url, application_name="tests")
    with database.transaction(engine) as db:
        ids = seed(db, seal)
    hand = Hand(account_id="default", by="ann", at=NOW, access=Access(user="ann"))
    with database.transaction(engine, account_id="default") as db:
        for patient in DISPUTED:
            changes = {"patient_phone": "03 7010 4321", "start": "17:00"}
            edit_entry(db, seal, ids[patient], changes, expected_version=1, hand=hand)
    theirs = datetime(2026, 11, 23, 5, tzinfo=UTC)
    with database.transaction(engine) as db:
        for patient in DISPUTED:
            pms_says(db, seal, ids[patient], patient_phone="0400 555 019")
        pms_says(db, seal, ids[DISPUTED[0]], start=theirs)
    engine.dispose()
    return ids


@pytest.fixture
def edit(database_url: str, disputed: Mapping[str, UUID]) -> Iterator[Callable[[UUID, str], None]]:
    """Somebody at another desk types a note into a row."""
    seal = EntrySeal(Sealer(Keyring.from_hex(KEY)), account_id="default")
    engine = database.engine(database_url, application_name="tests")
    hand = Hand(account_id="default", by="bob", at=NOW, access=Access(user="bob"))

    def typed(row: UUID, notes: str) -> None:
        with database.transaction(engine, account_id="default") as db:
            edit_entry(db, seal, row, {"notes": notes}, expected_version=None, hand=hand)

    yield typed
    engine.dispose()


def test_conflicts_are_listed_with_both_sides_and_counted(
    shell: Shell, disputed: Mapping[str, UUID]
) -> None:
    found = shell.answer("conflicts", "list")
    table = shell("conflicts", "list", "--rule", "start").out

    assert {one["rule"]: one["count"] for one in found["rules"]} == {
        "patient_phone": 2,
        "start": 1,
    }
    assert {one["patient"] for one in found["conflicts"]} == set(DISPUTED)
    assert "23 Nov 17:00" in table
    assert "23 Nov 16:00" in table


def test_one_is_settled_and_opened_again(shell: Shell, disputed: Mapping[str, UUID]) -> None:
    (conflict,) = shell.answer("conflicts", "list", "--rule", "start")["conflicts"]

    settled = shell.answer("conflicts", "settle", conflict["id"][:12], "--keep", "theirs")
    listed = shell.answer("conflicts", "list", "--settled")["conflicts"]
    shell.answer("conflicts", "undo", conflict["id"])

    assert settled == {"id": conflict["id"], "kept": "theirs"}
    assert [(one["id"], one["settled_as"]) for one in listed] == [(conflict["id"], "theirs")]
    (again,) = shell.answer("conflicts", "list", "--rule", "start")["conflicts"]
    assert again["id"] == conflict["id"]


def test_one_that_changed_since_it_was_listed_is_left_alone(
    shell: Shell, disputed: Mapping[str, UUID], edit: Callable[[UUID, str], None]
) -> None:
    (conflict,) = shell.answer("conflicts", "list", "--rule", "start")["conflicts"]
    listed = f"{conflict['id'][:8]}@{conflict['version']}"
    shown = shell("conflicts", "list", "--rule", "start").out
    edit(UUID(conflict["entry_id"]), "wheelchair")

    refused = shell.complaint("conflicts", "settle", listed, "--keep", "mine")
    (again,) = shell.answer("conflicts", "list", "--rule", "start")["conflicts"]
    now = f"{again['id'][:8]}@{again['version']}"
    settled = shell.answer("conflicts", "settle", now, "--choice", "mine")

    assert listed in shown
    assert "changed meanwhile; look at it again" in refused
    assert settled == {"id": conflict["id"], "kept": "mine"}


class Terminal(StringIO):
    """Somebody who takes their time: `meanwhile` happens before they answer."""

    def __init__(self, said: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        super().__init__(said)
        self._meanwhile = meanwhile

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        self._meanwhile()
        return super().readline(-1 if size is None else size)


def test_at_a_terminal_both_sides_are_shown_and_what_changes_while_one_thinks_is_left(
    shell: Shell,
    disputed: Mapping[str, UUID],
    edit: Callable[[UUID, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (conflict,) = shell.answer("conflicts", "list", "--rule", "start")["conflicts"]
    settle = ("conflicts", "settle", conflict["id"], "--keep", "theirs")
    row = UUID(conflict["entry_id"])

    monkeypatch.setattr("sys.stdin", Terminal("y\n", lambda: edit(row, "wheelchair")))
    late = shell(*settle)
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    declined = shell(*settle)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    done = shell(*settle)

    assert "ours 23 Nov 17:00, theirs 23 Nov 16:00. Take theirs?" in declined.out
    assert late.code != 0 and "changed meanwhile" in late.err
    assert declined.code != 0
    assert done.code == 0, done.err


def test_all_are_settled_only_after_a_yes(
    shell: Shell, disputed: Mapping[str, UUID], database_url: str
) -> None:
    every = ("conflicts", "settle", "--all", "--rule", "patient_phone", "--keep", "mine")

    asked = shell.complaint(*every)
    done = shell.answer(*every, "--yes")

    assert "Keep ours in 2 conflicts? Say --yes" in asked
    assert done == {"settled": 2, "left": 0}
    assert len(shell.answer("conflicts", "list")["conflicts"]) == 1
    (row,) = audit_rows(database_url, "run_sheet.settled")
    assert row.request_summary == "2 conflicts in 2 rows"


def test_a_run_is_undone_once_and_done_again(
    shell: Shell, disputed: Mapping[str, UUID], database_url: str, tmp_path: Path
) -> None:
    engine = create_engine(database_url)
    with engine.begin() as db:
        run = db.execute(
            text(
                "INSERT INTO pms_sync_log (account_id, pms_connection_id, job_id, sync_type,"
                " day_from, day_to, status, trace_id) SELECT 'default', id, 1, 'manual',"
                " '2026-11-23', '2026-11-23', 'success', 't' FROM pms_connections"
                " WHERE connector = 'gentu' RETURNING id"
            )
        ).scalar_one()
        own = text("UPDATE run_sheet_appointments SET created_run_id = :run WHERE id = :id")
        for patient in ("Ann Example", DISPUTED[0]):
            db.execute(own, {"run": run, "id": disputed[patient]})
    engine.dispose()

    done = shell.answer("conflicts", "undo", "--run", str(run), "--yes")
    again = shell.complaint("conflicts", "undo", "--run", str(run), "--yes")
    redone = shell.answer("conflicts", "redo", str(run), "--yes")

    assert (done["taken_off"], done["left_alone"]) == (1, 1)
    assert "was undone already" in again
    assert (redone["put_back"], redone["left_alone"]) == (1, 0)
    assert "is not undone" in shell.complaint("conflicts", "redo", str(run), "--yes")


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("conflicts settle --keep mine", "Name one conflict, or --all"),
        ("conflicts settle 00 --all --keep mine", "Name one conflict, or --all"),
        ("conflicts settle 00@last --keep mine", "'last' is no version"),
        ("conflicts undo", "Name one conflict, or --run"),
        ("conflicts undo 0000", "There is no conflict 0000"),
        ("conflicts list --rule shoe_size", "not a field of the sheet"),
        ("conflicts list --run 0000", "There is no run 0000"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    shell: Shell, command: str, complaint: str
) -> None:
    assert complaint in shell.complaint(*command.split())
