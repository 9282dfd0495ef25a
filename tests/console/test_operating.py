"""Commands that look after the machinery, and how every command fails."""

import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
import typer
from sqlalchemy import create_engine, text

import migrations
from adapters.storage.jobs import pausing
from adapters.storage.people.sessions import spend_login_link
from console import address, running
from console.wiring import wired
from domain.jobs import Queue
from infra.database import dispatch, engine, transaction
from tests.console.conftest import Shell, audit_rows, stored

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
GROUPS = {
    "accounts": ["list", "add", "set", "features"],
    "audit": ["verify", "archive", "verify-archive", "patient"],
    "baa": ["list", "record"],
    "connections": [
        "list",
        "add",
        "pair",
        "reconnect",
        "test",
        "pause",
        "resume",
        "remove",
        "map",
        "types",
        "set",
        "webhooks",
    ],
    "conflicts": ["list", "settle", "undo", "resolve"],
    "runs": ["list", "show"],
    "jobs": ["list", "show", "replay", "discard", "replay-all", "discard-all"],
    "secrets": ["rotate-key"],
    "deliveries": ["list", "replay"],
    "simulate": ["gentu", "practices", "vapi-call"],
}
SINGLE = [
    *("demo", "up", "ingress", "worker", "scheduler", "migrate", "sync", "run-sheet"),
    *("queues", "doctor", "login-link", "sign-out", "token", "vendors"),
]
EVERY = [[name] for name in SINGLE] + [
    [group, name] for group, names in GROUPS.items() for name in names
]


LEAVES_A_NOTE = """
import os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from console import address
with address.noted(Path(sys.argv[1]), "http://127.0.0.1:8123"):
    os._exit(1)
"""


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
    assert "--json" in outcome.out


def test_a_dead_job_is_replayed_or_discarded(shell: Shell, database_url: str) -> None:
    job = dead_job(database_url)

    assert shell.answer("jobs", "replay", job) == {"id": int(job), "state": "ready"}
    assert shell.answer("jobs", "discard", job, "--reason", "not wanted")["state"] == "cancelled"
    assert shell.answer("jobs", "show", job)["result"] == {"discarded": "not wanted"}
    assert "is cancelled" in shell.complaint("jobs", "discard", job, "--reason", "again")


def test_jobs_tell_their_queue_in_a_terminal_of_80_columns(
    shell: Shell, connected: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.answer("sync", connected, "--here")
    job = dead_job(database_url)
    monkeypatch.setenv("COLUMNS", "80")

    lines = shell("jobs", "list").out.splitlines()

    heading = next(line.split() for line in lines if "Kind" in line)
    assert heading[:4] == ["Job", "Kind", "Queue", "State"]
    assert heading[-1] == "Note"
    assert next(line for line in lines if line.split()[:1] == [job]).split()[1:4] == [
        "prune",
        "default",
        "dead",
    ]
    assert max(map(len, lines)) <= 80


def queued(url: str, *states: str) -> list[int]:
    """Jobs in these states, put in this order; what is ready is due in an hour."""
    engine = create_engine(url)
    with engine.begin() as db:
        made = [
            db.execute(
                text(
                    "INSERT INTO jobs (kind, queue, state, trace_id, due_at)"
                    " VALUES ('chore', 'default', :state, 't', now() + interval '1 hour')"
                    " RETURNING id"
                ),
                {"state": state},
            ).scalar_one()
            for state in states
        ]
    engine.dispose()
    return made


def test_jobs_that_need_somebody_come_first_and_finished_ones_are_counted(
    shell: Shell, database_url: str
) -> None:
    dead, ready, done, running, _called_off = queued(
        database_url, "dead", "ready", "done", "running", "cancelled"
    )

    told = shell.answer("jobs", "list")
    first = shell.answer("jobs", "list", "--limit", "1")
    every = shell.answer("jobs", "list", "--all")
    finished = shell.answer("jobs", "list", "--state", "done")

    assert [one["id"] for one in told["jobs"]] == [dead, running, ready]
    assert (told["more"], told["finished"]) == (0, 2)
    assert ([one["id"] for one in first["jobs"]], first["more"]) == ([dead], 2)
    assert (len(every["jobs"]), every["finished"]) == (5, 0)
    assert [one["id"] for one in finished["jobs"]] == [done]
    said = shell("jobs", "list").out
    assert "2 finished; see --all." in said
    assert "in 1 h" in said or "in 60 min" in said
    assert "2 more; see --limit." in shell("jobs", "list", "--limit", "1").out


def test_where_all_jobs_are_finished_that_is_what_is_said(shell: Shell, database_url: str) -> None:
    assert shell("jobs", "list").out == "Nothing died, runs or waits.\n"
    assert shell("jobs", "list", "--all").out == "No job matches.\n"

    queued(database_url, "done")

    assert shell("jobs", "list").out == "Nothing died, runs or waits.\n1 finished; see --all.\n"
    assert "either" in shell.complaint("jobs", "list", "--all", "--state", "done")


def test_what_is_done_to_a_job_is_audited(shell: Shell, connected: str, database_url: str) -> None:
    run = shell.answer("sync", connected, "--here")
    own = str(stored(database_url, "SELECT id FROM jobs WHERE kind = 'sync'"))
    stored(database_url, "UPDATE jobs SET state = 'dead' WHERE kind = 'sync' RETURNING id")
    nobodys = dead_job(database_url)

    shell.answer("jobs", "replay", own)
    shell.answer("jobs", "discard", nobodys, "--reason", "not wanted")
    shell.complaint("jobs", "discard", nobodys, "--reason", "again")

    rows = audit_rows(database_url, "job.%")
    assert run["status"] == "success"
    assert [(row.action, row.request_summary) for row in rows] == [
        ("job.retried", f"job {own} (sync)"),
        ("job.discarded", f"job {nobodys} (prune)"),
    ]
    assert {row.user_id.partition(":")[0] for row in rows} == {"cli"}
    assert str(rows[0].pms_integration_id) == connected


def test_runs_and_jobs_are_listed_with_the_name_of_their_practice(
    shell: Shell, connected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [practice] = shell.answer("connections", "list")["connections"]
    shell.answer("sync", connected, "--here", "--record")
    monkeypatch.setenv("COLUMNS", "160")

    for listed in (shell("runs", "list"), shell("jobs", "list", "--all"), shell("replay")):
        assert f"{connected[:8]} {practice['name']}" in listed.out


def test_queues_show_who_serves_them(shell: Shell) -> None:
    queues = shell.answer("queues")["queues"]

    assert [one["queue"] for one in queues] == ["voice", "sync", "default"]
    assert {one["workers"] for one in queues} == {0}


def test_queues_say_that_no_scheduler_hands_anything_out(shell: Shell) -> None:
    assert shell.answer("queues")["is_ticking"] is False
    assert "No scheduler is running" in shell("queues").out


def test_queues_show_what_is_paused_and_why(shell: Shell) -> None:
    with wired() as wiring, transaction(wiring.engine, account_id="default") as db:
        pausing.pause(
            db, account_id="default", queue=Queue.SYNC, reason="The PMS is mended.", by="Sam"
        )

    _, sync, default = shell.answer("queues")["queues"]

    assert [(one["account_id"], one["reason"]) for one in sync["paused"]] == [
        ("default", "The PMS is mended.")
    ]
    assert default["paused"] == []
    assert "default, by Sam: The PMS is mended." in " ".join(shell("queues").out.split())


def test_the_doctor_finds_nothing_bad_in_a_fresh_installation(shell: Shell) -> None:
    found = shell.answer("doctor")

    assert found["ok"] is True
    verdicts = {one["what"]: one["verdict"] for one in found["checks"]}
    assert {verdicts[name] for name in ("database", "isolation", "redis", "keys")} == {"ok"}
    assert verdicts["queue sync"] == "warning"


def test_the_doctor_names_the_parts_that_are_away(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@127.0.0.1:1/0")

    outcome = shell("doctor", "--json")

    told = {one["what"]: one for one in outcome.json["checks"]}
    assert outcome.code == 1
    assert outcome.json["ok"] is False
    assert told["settings"]["verdict"] == "ok"
    assert "mend DATABASE_URL" in told["database"]["told"]
    assert "mend REDIS_URL" in told["redis"]["told"]
    assert told["not checked"]["told"].startswith("without database and redis: saving,")
    assert "hunter2" not in outcome.out


def refusing(port: socket.socket, state: str, why: str) -> None:
    """A PostgreSQL that sends whoever begins a session away."""
    said = f"SFATAL\0VFATAL\0C{state}\0M{why}\0\0".encode()
    while True:
        try:
            line, _ = port.accept()
        except OSError:
            return
        with line:
            line.recv(1024)
            line.sendall(b"E" + (len(said) + 4).to_bytes(4) + said)


@pytest.mark.parametrize(
    ("state", "why", "cure"),
    [
        ("53100", "could not write init file: No space left on device", "make room on its disk"),
        ("53300", "sorry, too many clients already", "end what holds them (pg_stat_activity"),
        ("53300", "remaining connection slots are reserved for …", "end what holds them"),
        ("57P03", "the database system is starting up", "start PostgreSQL, or mend DATABASE_URL"),
    ],
)
def test_the_doctor_says_what_helps_where_the_database_lets_nobody_in(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, state: str, why: str, cure: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as port:
        answering = threading.Thread(target=refusing, args=(port, state, why))
        answering.start()
        address = f"127.0.0.1:{port.getsockname()[1]}"
        monkeypatch.setenv("DATABASE_URL", f"postgresql://x@{address}/x?sslmode=disable")
        told = {one["what"]: one["told"] for one in shell("doctor", "--json").json["checks"]}
        port.shutdown(socket.SHUT_RDWR)
        answering.join()

    assert f"{why}; {cure}" in told["database"]


def test_the_doctor_notices_a_key_that_was_lost_and_made_anew(
    shell: Shell, connected: str, tmp_path: Path
) -> None:
    shell.answer("sync", connected, "--here")
    well = [one for one in shell.answer("doctor")["checks"] if one["what"] == "keys"]
    (tmp_path / "home" / "keys" / "encryption.key").unlink()

    outcome = shell("doctor", "--json")

    keys = [one for one in outcome.json["checks"] if one["what"] == "keys"]
    assert [one["told"] for one in well] == ["the stored credentials open", "sealed rows open"]
    assert outcome.code == 1
    assert [one["verdict"] for one in keys] == ["bad", "bad"]
    assert all("sealed with another key than this" in one["told"] for one in keys)
    assert all("encryption.key" in one["told"] for one in keys)


@pytest.mark.parametrize("command", ["up", "ingress", "scheduler", "worker --pool sync"])
def test_no_process_starts_over_secrets_of_a_key_that_was_lost(
    shell: Shell, connected: str, tmp_path: Path, command: str
) -> None:
    (tmp_path / "home" / "keys" / "encryption.key").unlink()

    outcome = shell(*command.split())

    told = outcome.err.splitlines()[-1]
    assert outcome.code == 2
    assert "secrets.sealed was sealed with another key than this. Put the right" in told
    assert told.endswith("encryption.key in the folder keys beside it.")


@pytest.mark.parametrize("command", ["up", "ingress", "scheduler", "worker --pool sync"])
def test_no_process_starts_over_rows_of_a_key_that_was_lost_wherever_the_secrets_lie(
    shell: Shell, connected: str, tmp_path: Path, command: str
) -> None:
    """At AWS no file of secrets tells which key they are of; what came in would be under both."""
    shell.answer("sync", connected, "--here")
    (tmp_path / "home" / "keys" / "encryption.key").unlink()
    (tmp_path / "home" / "secrets.sealed").unlink()

    outcome = shell(*command.split())

    assert outcome.code == 2
    assert "rows of this database were sealed with another key" in outcome.err.splitlines()[-1]


def test_the_doctor_tells_altered_credentials_from_a_wrong_key(
    shell: Shell, connected: str, tmp_path: Path
) -> None:
    file = tmp_path / "home" / "secrets.sealed"
    sealed = file.read_bytes()
    file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))

    outcome = shell("doctor", "--json")

    told = next(one["told"] for one in outcome.json["checks"] if one["what"] == "keys")
    assert outcome.code == 1
    assert told == "the stored credentials were altered; restore them from your backup"


def test_an_older_database_waits_to_be_migrated(
    shell: Shell, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    assert "run 'pms-sync migrate'" in shell.complaint("accounts", "list")
    assert shell("doctor").code == 1
    assert shell.answer("migrate") == {
        "before": None,
        "now": migrations.newest(),
        "indexes": [],
    }
    assert shell.answer("accounts", "list")["accounts"]


def test_a_version_goes_on_where_a_later_one_has_migrated(
    shell: Shell, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    own = engine(database_url, application_name="tests")
    with own.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    own.dispose()

    assert shell.answer("accounts", "list")["accounts"]
    assert "a later version's" in shell("migrate").out
    checks = {one["what"]: one for one in shell.answer("doctor")["checks"]}
    assert checks["database"]["verdict"] == "warning"


def test_a_login_link_names_the_pages(shell: Shell) -> None:
    link = shell.answer("login-link")

    assert link["url"].startswith("http://127.0.0.1:8000/login?token=")


def test_everybody_is_signed_out_and_tokens_are_called_back(
    shell: Shell, database_url: str
) -> None:
    link = shell.answer("login-link", "--name", "Kim")["url"]
    own = engine(database_url, application_name="tests")
    with dispatch(own) as db:
        spend_login_link(db, link.partition("token=")[2], now=datetime.now(UTC))
    own.dispose()

    told = shell.answer("sign-out", "--tokens")

    assert told == {"sessions": 1, "tokens": True}
    assert shell.answer("sign-out", "--name", "Kim")["sessions"] == 0
    kept = stored(database_url, "SELECT tokens_from > now() - interval '9 s' FROM accounts")
    assert kept is True
    said = [row.request_summary for row in audit_rows(database_url, "session.%")]
    assert said == ["everybody, tokens", "Kim"]
    assert "no account" in shell.complaint("sign-out", "--account", "elsewhere")


def test_a_script_is_let_in_by_a_token_for_a_while(
    shell: Shell, tmp_path: Path, database_url: str
) -> None:
    told = shell.answer("token", "--role", "ops", "--minutes", "5", "--name", "reports")
    printed = shell("token", "--role", "ops")

    key = (tmp_path / "home" / "keys" / "jwt.secret").read_text().strip()
    claims = jwt.decode(told["token"], key, algorithms=["HS256"])
    left = datetime.fromtimestamp(claims.pop("exp"), UTC) - datetime.now(UTC)
    assert timedelta() <= datetime.now(UTC) - datetime.fromtimestamp(claims.pop("iat"), UTC)
    assert claims == {"sub": "reports", "account": "default", "role": "ops"}
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)
    assert jwt.decode(printed.out.strip(), key, algorithms=["HS256"])["sub"] == "script"
    assert [row.request_summary for row in audit_rows(database_url, "token.made")] == [
        "ops, 5 minutes",
        "ops, 60 minutes",
    ]


def test_a_login_link_leads_to_whoever_runs_here(shell: Shell, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()

    with address.noted(home, "http://127.0.0.1:8123"):
        running = shell.answer("login-link")["url"]
    after = shell.answer("login-link")["url"]

    assert running.startswith("http://127.0.0.1:8123/login?token=")
    assert after.startswith("http://127.0.0.1:8000/login?token=")


def test_an_address_that_was_set_wins(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_BASE_URL", "https://sheet.example.com")
    home = tmp_path / "home"
    home.mkdir()

    with address.noted(home, "http://127.0.0.1:8123"):
        link = shell.answer("login-link")["url"]

    assert link.startswith("https://sheet.example.com/login?token=")


def test_the_address_of_a_process_that_was_killed_is_not_believed(
    shell: Shell, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    killed = subprocess.run(  # noqa: S603 - the text is ours
        [sys.executable, "-c", LEAVES_A_NOTE, str(home)], cwd=ROOT, check=False
    )

    link = shell.answer("login-link")["url"]

    assert killed.returncode == 1
    assert (home / address.NOTE).exists()
    assert link.startswith("http://127.0.0.1:8000/login?token=")


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("token --role king", "There is no role 'king'"),
        ("token --role ops --account nobody", "There is no account 'nobody'"),
        ("login-link --role king", "There is no role 'king'"),
        ("login-link --account nobody", "There is no account 'nobody'"),
        ("writes list --account nobody", "There is no account 'nobody'"),
        ("deliveries list --account nobody", "There is no account 'nobody'"),
        ("baa list --account nobody", "There is no account 'nobody'"),
        ("audit patient somebody --account nobody", "There is no account 'nobody'"),
        ("conflicts list --account nobody", "There is no account 'nobody'"),
        ("worker --pool swimming", "There is no pool 'swimming'"),
        ("simulate nosuch", "There is no simulator of 'nosuch'"),
        ("demo --vendor nosuch", "'nosuch' cannot be shown"),
        ("jobs show 999999", "There is no job 999999"),
        ("jobs list --state asleep", "There is no state 'asleep'"),
        ("jobs show soon", "'JOB': give a whole number; see 'pms-sync jobs show --help'"),
        ("simulate gentu --fault 500=often", "write such as 500=0.05"),
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

    assert outcome.code == 2
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
    monkeypatch.setattr(running, "app", app)

    complaint = shell.complaint()

    log = (tmp_path / "home" / "logs" / "pms-sync.log").read_text()
    trace = complaint.partition("look for ")[2].split()[0]
    assert trace in log
    assert "Ann Example" not in log + complaint
