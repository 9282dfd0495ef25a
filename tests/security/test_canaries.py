"""Nothing of a patient and no secret is in Redis, in a log line or in an unsealed column."""

import base64
import io
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import redis

from adapters.queue import RedisAnnouncer
from adapters.secrets.file import FileSecretStore
from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry
from adapters.storage.sheet.entries import EntrySeal
from adapters.tokens import RedisTokens
from infra import logging
from infra.clock import system_clock
from infra.database import transaction
from simulators.setup import Setup
from tests.security.left_behind import Everything, database_as_text, redis_as_text
from tests.sync.practice import ACCOUNT, DAY, KEY, Practice, practice

pytestmark = pytest.mark.integration

FIRST, LAST = "Quillonia", "Zephyrtree"
PHONE, TYPED_PHONE = "0391117233", "0391117244"
EMAIL = "quillonia@zephyrtree.example"
BORN = date(1911, 11, 13)
NOTE, TYPED_NOTE, TITLE = "sclerotherapy-canary", "wheelchair-canary", "title-canary"
TOKEN_PREFIX = "tok-"  # noqa: S105 - how every token of the simulator begins
DIAL = {
    "500": 0.06,
    "503": 0.04,
    "reset": 0.06,
    "truncated": 0.06,
    "cut": 0.04,
    "html": 0.04,
    "401": 0.04,
    "missing-list": 0.04,
    "wrong-type": 0.3,
}


def plant(clinic: Practice) -> None:
    """Every patient and every appointment of the practice is a canary."""
    for own in clinic.simulator.clinics.values():
        with own.lock:
            for number, (key, patient) in enumerate(own.patients.items()):
                own.patients[key] = replace(
                    patient,
                    first=f"{FIRST}{number}",
                    last=LAST,
                    phones=(PHONE if number % 2 else f"{PHONE} ext {FIRST}",),
                    email=EMAIL,
                    born_on=BORN,
                )
            own.fill([replace(one, notes=NOTE, title=TITLE) for one in own.appointments.values()])


def canaries(clinic: Practice) -> dict[str, str]:
    secret = clinic.simulator.credentials
    return {
        "first name": FIRST,
        "last name": LAST,
        "phone": PHONE,
        "phone as shown": "(03) 9111 7233",
        "phone by the rules": "+61391117233",
        "typed phone": "9111 7244",
        "typed phone, bare": TYPED_PHONE,
        "e-mail": EMAIL,
        "date of birth": BORN.isoformat(),
        "note": NOTE,
        "typed note": TYPED_NOTE,
        "title": TITLE,
        "client secret": secret.client_secret,
        "basic header": base64.b64encode(
            f"{secret.client_id}:{secret.client_secret}".encode()
        ).decode(),
        "token": TOKEN_PREFIX,
        "key": KEY,
    }


def use_the_real_stores(clinic: Practice, client: redis.Redis, home: Path) -> None:
    sealer = clinic.parts.sealer
    secrets = FileSecretStore(home, sealer)
    for ref, values in clinic.secrets.kept.items():
        secrets.put(ref, values)
    tokens = RedisTokens(client, sealer, system_clock)
    opener = replace(clinic.parts.opener, secrets=secrets, tokens=tokens)
    clinic.parts = replace(clinic.parts, opener=opener)


def live_through_trouble(clinic: Practice) -> None:
    """Syncs, edits, a conflict, a dry run and a failure, with the vendor at its worst."""
    clinic.sync()
    clinic.control("faults", {"dial": DIAL, "seed": 5})
    for step in range(2):
        clinic.control("live", {"changes": 4, "seed": step})
        plant(clinic)
        clinic.sync(allow_removals=True)
    clinic.heal()
    clinic.control("expire-tokens", {})
    row = next(row for row in clinic.rows() if row["patient_phone"])
    edit(clinic, row, patient_phone=TYPED_PHONE, notes=TYPED_NOTE)
    rephone = {"action": "phone", "phone": f"{PHONE}9"}
    clinic.control(f"appointments/{row['pms_appointment_id']}", rephone)
    clinic.sync(allow_removals=True)  # in peace, or the row of the conflict may be unreadable
    script(clinic, "wrong-type", times=3)
    clinic.sync(allow_removals=True)
    clinic.sync(dry_run=True)
    script(clinic, "truncated", times=500)
    clinic.sync()


def script(clinic: Practice, fault: str, *, times: int) -> None:
    told = {"fault": fault, "path": r"/appointments\?", "times": times}
    clinic.control("faults", {"scripts": [told]})


def edit(clinic: Practice, row: Mapping[str, Any], **changes: Any) -> None:
    seal = EntrySeal(clinic.parts.sealer, account_id=ACCOUNT)
    access = Access(user="reception", endpoint="/run-sheet", user_agent="tests")
    hand = Hand(account_id=ACCOUNT, by="reception", at=system_clock(), access=access)
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        edit_entry(db, seal, row["id"], changes, expected_version=None, hand=hand)


@contextmanager
def every_log_line() -> Iterator[io.StringIO]:
    """All that a process would log at its most talkative."""
    written = io.StringIO()
    pytests_own = threading.excepthook
    with redirect_stderr(written):
        logging.configure(json=True, level="DEBUG")
        try:
            yield written
        finally:
            logging.configure(json=True, level="ERROR")
            threading.excepthook = pytests_own


def test_no_canary_is_found_anywhere(
    database_url: str, redis_client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    setup = Setup(seed=7, practitioners=3, appointments=24, days=(DAY,), limits=())
    with practice(database_url, redis_client, setup=setup) as clinic, every_log_line() as logs:
        use_the_real_stores(clinic, redis_client, tmp_path)
        plant(clinic)
        live_through_trouble(clinic)
        job_id = clinic.put_sync()
        RedisAnnouncer(redis_url).announce("sync", [job_id])
        left = Everything(
            logs=logs.getvalue(),
            redis=redis_as_text(redis_client),
            database=database_as_text(clinic.engine),
        )
        wanted = canaries(clinic)
        shown = json.dumps(clinic.rows(), default=str)

    assert left.holding_any(wanted) == {}
    # The search itself is worth something: there was trouble, and all of it was looked at.
    for name in ("first name", "phone", "typed phone", "e-mail", "note", "typed note"):
        assert wanted[name] in shown
    assert "job.failed" in left.logs
    assert "pms-sync:token:" in left.redis
    assert str(job_id) in left.redis
    for table in ("run_sheet_conflicts", "run_sheet_history", "pms_rejects", "jobs"):
        assert re.search(rf"^## {table}\n(?!##|$)", left.database, re.MULTILINE)
    assert left.holding("job.failed") == ["logs"]


def test_the_search_finds_a_canary_in_any_value_of_redis(redis_client: redis.Redis) -> None:
    """Also in one that the server would pack when asked for it as it lies there."""
    long = json.dumps([{"queue_name": "sync", "args": [number]} for number in range(99)] + [NOTE])
    redis_client.set("text", long)
    redis_client.hset("hash", "field", long)
    redis_client.rpush("list", long)
    redis_client.sadd("set", long)
    redis_client.zadd("sorted", {long: 1})

    lines = redis_as_text(redis_client).splitlines()

    assert len([line for line in lines if NOTE in line]) == 5


@pytest.mark.parametrize("canary", [LAST, NOTE])
def test_the_search_finds_a_canary_in_any_dress(canary: str) -> None:
    dresses = [
        canary,
        canary.upper(),
        rf"\x{canary.encode().hex()}",
        base64.b64encode(canary.encode()).decode(),
    ]

    for dress in dresses:
        assert Everything(logs="", redis=f"... {dress} ...", database="").holding(canary)
