"""The demo as a person starts it: all processes, one practice for each vendor, judged."""

import json
import os
import socket
import subprocess
import sys
from datetime import date
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Timer
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from adapters.texts.choosing import is_set_up
from console import demo, processes
from console.simulators import known
from console.truth import Difference, Simulator, differences
from console.wiring import wired
from domain.connections import Connection
from domain.errors import BadInput
from infra import settings
from infra.embedded.locks import held
from tests.e2e.stack import free_port

ROOT = Path(__file__).parents[2]
REAL = {
    "AUDIT_ANCHOR": "s3://bucket/heads",
    "SECRETS_BACKEND": "aws",
    "AWS_REGION": "us-east-1",
    "TWILIO_ACCOUNT_SID": "AC-of-a-practice",
    "TWILIO_AUTH_TOKEN": "not-a-token-of-anybody",
    "TWILIO_MESSAGING_SERVICE_SID": "MG-of-a-practice",
}
"""What a folder's .env may say of the service that real practices are connected to."""

VOICE = {
    "VAPI_AUTH": '{"plan": "bearer", "token": "of-the-real-assistant"}',
    "VAPI_WEBHOOK_SECRET_OLD": "the-one-before",
    "VAPI_OLD_UNTIL": "2026-01-31T12:00:00Z",
    "VAPI_CALLS_A_MINUTE": "1",
    "WEBHOOK_ALLOWED_IPS": "192.0.2.0/24",
    "ALLOWED_IPS": "192.0.2.0/24",
    "SIKKA_CALLBACK_KEY": "of-the-real-office",
    "SIKKA_APP_ID": "of-the-real-application",
    "GENTU_CLIENT_ID": "of-the-real-application",
    "GENTU_BASE_URL": "https://gentu.example",
    "GENTU_LIMITS": "1/3600",
    "APP_BASE_URL": "https://sheet.example",
    "AUDIT_KEY": "0123456789abcdef" * 4,
    "ENCRYPTION_KEY": "fedcba9876543210" * 4,
}
"""What it may say of callers and vendors, which would fail what is played."""

NOWHERE = Simulator("http://127.0.0.1:9")
PRODUCTION = {
    "PMS_SYNC_PROFILE": "production",
    "DATABASE_URL": "postgresql://nobody@localhost/nothing",
    "REDIS_URL": "redis://localhost:9/0",
    "ENCRYPTION_KEY": "0123456789abcdef" * 4,
    "JWT_SECRET": "not-a-secret-but-long-enough-to-sign-with",
    "APP_BASE_URL": "https://sheet.example",
}
TRUTH = {
    "timezone": "Australia/Melbourne",
    "appointments": [
        {
            "id": "a1",
            "start_utc": "2026-03-30T22:00:00Z",
            "end_utc": None,
            "meaning": "unknown",
            "practitioner_id": "p1",
            "type_name": None,
            "is_telehealth": False,
            "notes": "Bring X-rays",
            "title": "Review",
            "patients": [],
        }
    ],
}
ROW = {
    "pms_appointment_id": "a1",
    "start": "2026-03-30T22:00:00Z",
    "end": "2026-03-30T22:30:00Z",
    "status": "booked",
    "practitioner": {"pms_id": "p1", "full_name": "Dr Ann Example"},
    "appointment_type": None,
    "is_telehealth": False,
    "notes": "Bring X-rays\nReview",
    "patient": None,
    "removed": False,
}


def practice_of_a_dead_simulator() -> demo.Practice:
    held = Connection(
        id=uuid4(), account_id="default", vendor="gentu", site="1", timezone="Australia/Perth"
    )
    return demo.Practice(connection=held, simulator=NOWHERE, tenant="1", day=date(2026, 11, 23))


def test_ctrl_c_that_reaches_a_simulator_first_is_no_crash() -> None:
    stopped = Event()
    Timer(0.05, stopped.set).start()

    demo.happen(practice_of_a_dead_simulator(), stopped, set())

    assert stopped.is_set()


class Page(BaseHTTPRequestHandler):
    asked = Event()

    def do_GET(self) -> None:
        self.asked.set()
        self.send_response(HTTPStatus.OK)
        self.end_headers()

    def log_message(self, *told: object) -> None:
        """Nobody reads it."""


def test_a_demo_calls_nobody_before_somebody_listens() -> None:
    port = free_port()

    def answer_one() -> None:
        with HTTPServer(("127.0.0.1", port), Page) as ingress:
            ingress.timeout = 10
            ingress.handle_request()

    late = Timer(0.3, answer_one)
    late.start()
    demo.until_it_listens(f"http://127.0.0.1:{port}")

    assert Page.asked.is_set()
    late.join()


def test_a_visitor_is_told_where_each_practice_is_played() -> None:
    told = demo.addresses([practice_of_a_dead_simulator()])

    assert told == "  gentu: http://127.0.0.1:9, practice 1"


def test_a_vendor_that_is_away_is_named_once_with_what_brings_it_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "LAST_WORD_SECONDS", 0.0)
    away: set[str] = set()

    for _ in range(2):
        demo.happen(practice_of_a_dead_simulator(), Event(), away)

    said = capsys.readouterr().err
    assert away == {"gentu"}
    assert said.count("simulator of gentu does not answer any more") == 1
    assert f"-m simulators.gentu --port={urlsplit(NOWHERE.url).port} --appointments=60" in said


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        ([ROW], []),
        ([], [Difference("a1", "missing")]),
        ([{**ROW, "removed": True}], [Difference("a1", "missing")]),
        ([ROW, {**ROW, "pms_appointment_id": "a2"}], [Difference("a2", "not at the PMS")]),
        ([{**ROW, "status": "completed", "notes": None}], ["notes", "status"]),
    ],
    ids=["equal", "missing", "removed", "too much", "different"],
)
def test_the_judge_names_what_differs(
    sheet: list[dict[str, object]], found: list[Difference | str]
) -> None:
    day = date(2026, 3, 31)
    wanted = [Difference("a1", one) if isinstance(one, str) else one for one in found]

    assert differences(TRUTH, sheet, first=day, last=day) == wanted


def test_a_second_demo_leaves_the_first_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMS_SYNC_HOME", str(tmp_path))
    running = tmp_path / demo.FOLDER
    running.mkdir()
    (running / "kept").touch()

    with (
        held(running / "owner.lock", patience=1),
        pytest.raises(BadInput, match="A demo is running already"),
    ):
        demo.demo(once=True)

    assert (running / "kept").exists()


def test_a_demo_calls_nobody_who_has_its_port_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMS_SYNC_HOME", str(tmp_path))

    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(BadInput, match="choose another --port"),
    ):
        demo.demo(once=True, port=taken.getsockname()[1])

    assert not (tmp_path / demo.FOLDER).exists()


def test_what_a_demo_starts_reaches_nothing_of_the_real_thing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    with wired(home=tmp_path / demo.FOLDER) as wiring:
        told = wiring.environment()
    for name, value in told.items():
        monkeypatch.setenv(name, value)

    found = settings.load()

    assert found.audit_anchor == str(tmp_path / demo.FOLDER / "audit" / "heads.jsonl")
    assert found.secrets_backend == "file"
    assert not is_set_up(found)


def test_what_a_demo_starts_hears_nothing_that_was_said_of_the_real_thing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**REAL, **VOICE, "LOG_LEVEL": "WARNING"}.items():
        monkeypatch.setenv(name, value)
    with wired(home=tmp_path / demo.FOLDER) as wiring:
        played = {"VAPI_WEBHOOK_SECRET": "of-the-demo"}
        children = processes.children(wiring, port=1, base_url="http://127.0.0.1:1", played=played)
    for name, value in children[0].environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path / demo.FOLDER)

    found = settings.load(vendors=["gentu"])

    assert {one.folder for one in children} == {tmp_path / demo.FOLDER}
    told = found.model_dump(exclude_defaults=True, exclude={"stored", "warnings"})
    assert set(told) == {
        *("home", "database_url", "redis_url", "encryption_key", "jwt_secret"),
        *("app_base_url", "audit_anchor", "vapi_webhook_secret", "log_level"),
    }
    assert (found.vendor_urls, found.vendor_secrets) == ({}, {})


@pytest.mark.e2e
def test_what_a_folder_says_of_the_real_thing_does_not_fail_the_played_call(tmp_path: Path) -> None:
    said = "".join(f"{name}='{value}'\n" for name, value in {**REAL, **VOICE}.items())
    (tmp_path / ".env").write_text(said)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "console.main", "demo", "--once", "--json", "--vendor=sikka"]

    ended = subprocess.run(  # noqa: S603 - our own command
        [*command, "--port", str(free_port())],
        cwd=tmp_path,
        env={**kept, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert [one["on_sheet"] for one in json.loads(ended.stdout)["calls"]] == [True]


def test_whoever_tries_its_commands_is_led_out_of_a_folder_that_names_the_real_thing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo.way_to(Path("/home")) == "export PMS_SYNC_HOME=/home"

    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://localhost/real\n")

    assert demo.way_to(Path("/home")) == "cd /home\n  export PMS_SYNC_HOME=/home"
    assert Path(demo.as_called()).is_absolute() or demo.as_called() == "pms-sync"


def test_no_demo_is_played_in_production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**PRODUCTION, "PMS_SYNC_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(BadInput, match="set PMS_SYNC_PROFILE=development"):
        demo.demo(once=True)


@pytest.mark.e2e
def test_the_demo_ends_with_a_sheet_that_equals_the_truth(tmp_path: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    ended = subprocess.run(
        [sys.executable, "-m", "console.main", "demo", "--once", "--json", "--port", "18731"],
        cwd=ROOT,
        env={**kept, "PMS_SYNC_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    found = json.loads(ended.stdout)["connections"]
    assert [one["vendor"] for one in found] == known()
    assert all(set(one) == {"id", "vendor", "status", "appointments", "wrong"} for one in found)
    assert [(one["status"], one["wrong"]) for one in found] == [("success", 0)] * len(found)
    assert ended.returncode == 0
