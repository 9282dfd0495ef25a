"""Commands that look after the machinery, and how every command fails."""

from pathlib import Path

import pytest
import typer
from sqlalchemy import create_engine, text

import migrations
from console import main
from tests.console.conftest import Shell

pytestmark = pytest.mark.integration

GROUPS = {
    "accounts": ["list", "add"],
    "connections": [
        "list",
        "add",
        "pair",
        "test",
        "pause",
        "resume",
        "remove",
        "map",
        "types",
        "set",
    ],
    "conflicts": ["list", "resolve"],
    "runs": ["list", "show"],
    "jobs": ["list", "show", "replay", "discard"],
}
SINGLE = [
    *("demo", "up", "ingress", "worker", "scheduler", "migrate", "sync", "run-sheet"),
    *("queues", "doctor", "login-link", "simulate"),
]
EVERY = [[name] for name in SINGLE] + [
    [group, name] for group, names in GROUPS.items() for name in names
]


def dead_job(url: str) -> str:
    engine = create_engine(url)
    with engine.begin() as db:
        made = db.execute(
            text(
                "INSERT INTO jobs (kind, queue, state, trace_id, finished_at)"
                " VALUES ('prune', 'default', 'dead', 't', now()) RETURNING id"
            )
        ).scalar_one()
    engine.dispose()
    return str(made)


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_every_command_explains_itself(shell: Shell, command: list[str]) -> None:
    outcome = shell(*command, "--help")

    assert outcome.code == 0
    assert "Usage: pms-sync" in outcome.out


def test_a_dead_job_is_replayed_or_discarded(shell: Shell, database_url: str) -> None:
    job = dead_job(database_url)

    assert shell.answer("jobs", "replay", job) == {"id": int(job), "state": "ready"}
    assert shell.answer("jobs", "discard", job, "--reason", "not wanted")["state"] == "cancelled"
    assert shell.answer("jobs", "show", job)["result"] == {"discarded": "not wanted"}
    assert "is cancelled" in shell.complaint("jobs", "discard", job, "--reason", "again")


def test_queues_show_who_serves_them(shell: Shell) -> None:
    queues = shell.answer("queues")["queues"]

    assert [one["queue"] for one in queues] == ["voice", "sync", "default"]
    assert {one["workers"] for one in queues} == {0}


def test_the_doctor_finds_nothing_bad_in_a_fresh_installation(shell: Shell) -> None:
    found = shell.answer("doctor")

    assert found["ok"] is True
    verdicts = {one["what"]: one["verdict"] for one in found["checks"]}
    assert {verdicts[name] for name in ("database", "isolation", "redis", "keys")} == {"ok"}
    assert verdicts["queue sync"] == "warning"


def test_an_older_database_waits_to_be_migrated(
    shell: Shell, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    assert "run 'pms-sync migrate'" in shell.complaint("accounts", "list")
    assert shell("doctor").code == 1
    assert shell.answer("migrate") == {"before": None, "now": migrations.newest()}
    assert shell.answer("accounts", "list")["accounts"]


def test_a_login_link_names_the_pages(shell: Shell) -> None:
    link = shell.answer("login-link")

    assert link["url"].startswith("http://127.0.0.1:8000/login?token=")


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("login-link --role king", "There is no role 'king'"),
        ("login-link --account nobody", "There is no account 'nobody'"),
        ("worker --pool swimming", "There is no pool 'swimming'"),
        ("simulate nosuch", "There is no simulator of 'nosuch'"),
        ("demo --vendor nosuch", "'nosuch' cannot be shown"),
        ("jobs show 999999", "There is no job 999999"),
        ("jobs list --state asleep", "There is no state 'asleep'"),
        ("jobs show soon", "see 'pms-sync jobs show --help'"),
        ("runs show 0000", "There is no run 0000"),
        ("conflicts resolve 0000 --keep mine", "There is no conflict 0000"),
        ("conflicts resolve 0000 --keep both", "--keep is mine or theirs"),
        ("accounts list --loudly", "No such option: --loudly"),
        ("fly", "No such command 'fly'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    shell: Shell, command: str, complaint: str
) -> None:
    assert complaint in shell.complaint(*command.split())


def test_a_bad_setting_stops_every_command_with_its_name(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", "too short")

    outcome = shell("accounts", "list")

    assert outcome.code == 1
    assert "ENCRYPTION_KEY" in outcome.err
    assert "too short" not in outcome.err


def test_a_database_that_is_away_is_told_without_a_traceback(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    complaint = shell.complaint("accounts", "list")

    assert "cannot be reached" in complaint


def test_what_nobody_foresaw_gets_a_trace_in_the_log(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode() -> None:
        raise RuntimeError("Ann Example")

    app = typer.Typer()
    app.command()(explode)
    monkeypatch.setattr(main, "app", app)

    complaint = shell.complaint()

    log = (tmp_path / "home" / "logs" / "pms-sync.log").read_text()
    trace = complaint.partition("look for ")[2].split()[0]
    assert trace in log
    assert "Ann Example" not in log + complaint
