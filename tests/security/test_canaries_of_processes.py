"""Nothing of two hundred patients is left by processes of the product, in trouble and refusing."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest

from adapters.queue import RedisAnnouncer
from infra.database import dispatch
from simulators.setup import Setup
from tests.e2e.stack import DAY, Stack, stack
from tests.security.test_canaries import DIAL, Everything, database_as_text, redis_as_text, script
from tests.webhooks.serving import JWT_SIGNING, bearer

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

PATIENTS = 200 if "SOAK" in os.environ else 12
JUNK = b'{"message":{"toolCallList":[{"id":"%s","name":"%s","arguments":"%s"}],"call":"%s"}}'


def canaries(number: int) -> dict[str, str]:
    """What one patient is known by, and nobody else."""
    mark = f"{number:03}"
    return {
        "first": f"Quillonia{mark}x",
        "last": f"Zephyrtree{mark}x",
        "phone": f"0391{117_000 + number:06}",
        "email": f"quillonia{mark}@zephyrtree.example",
        "born": (date(1911, 1, 1) + timedelta(days=number)).isoformat(),
        "note": f"sclerotherapy-canary-{mark}x",
        "title": f"title-canary-{mark}x",
    }


def plant(running: Stack) -> int:
    """Every patient and every appointment a canary of its own; how many there are."""
    planted = 0
    for own in running.clinic.simulator.clinics.values():
        with own.lock:
            for planted, (key, patient) in enumerate(list(own.patients.items())[:PATIENTS], 1):
                mine = canaries(planted - 1)
                own.patients[key] = replace(
                    patient,
                    first=mine["first"],
                    last=mine["last"],
                    phones=(mine["phone"],),
                    email=mine["email"],
                    born_on=date.fromisoformat(mine["born"]),
                )
            own.fill(
                [
                    replace(
                        one,
                        notes=canaries(number % PATIENTS)["note"],
                        title=canaries(number % PATIENTS)["title"],
                    )
                    for number, one in enumerate(own.appointments.values())
                ]
            )
    return planted


@pytest.fixture
def running() -> Iterator[Stack]:
    setup = Setup(
        seed=7, practitioners=3, appointments=max(24, PATIENTS * 2), days=(DAY,), limits=()
    )
    with stack(setup=setup) as made:
        made.environment["JWT_SECRET"] = JWT_SIGNING
        made.environment["LOG_LEVEL"] = "DEBUG"
        yield made


def through_trouble(running: Stack) -> list[int]:
    """Syncs that end well, badly and not at all."""
    jobs = []
    for trouble in ("none", "dialled", "truncated", "wrong-type"):
        if trouble == "dialled":
            running.clinic.control("faults", {"dial": DIAL, "seed": 5})
        elif trouble != "none":
            running.clinic.heal()
            script(running.clinic, trouble, times=500)
        jobs.append(running.clinic.put_sync())
        running.wait_for(lambda: _carried(running, jobs[-1]), seconds=120)
    return jobs


def _carried(running: Stack, job_id: int) -> bool:
    with dispatch(running.clinic.engine) as db:
        waits = db.exec_driver_sql(
            "UPDATE jobs SET due_at = now() WHERE id = %s AND state = 'ready'", (job_id,)
        ).rowcount
    if waits:
        RedisAnnouncer(running.servers.redis_url).announce("sync", [job_id])
    return running.ended(job_id)


def refusals(ingress: httpx.Client) -> Iterator[httpx.Response]:
    """What is refused, with canaries in every part of the request."""
    mine = canaries(0)
    name, note = mine["last"], mine["note"]
    page, ours = {"Accept": "text/html"}, bearer("default")
    # Names of fields are told back, also of unknown ones; what stood in them never is.
    broken = f'{{"patient_name": ["{name}"], "start": "{note}", "else": "{mine["first"]}"'.encode()
    junk = JUNK % tuple(mine[one].encode() for one in ("first", "last", "note", "phone"))
    for path in (f"/{name}", f"/api/{name}", f"/static/{name}", "/api/run-sheet", "/login"):
        for headers in (page, ours, {**ours, **page}, {}):
            params = {"from": name, "token": note, "to": mine["email"]}
            yield ingress.get(path, headers=headers, params=params)
    for path in ("/api/run-sheet/appointments", "/api/pms/patients", "/api/pms/patients/search"):
        for body in (broken, broken + b"}", junk, name.encode() * 99):
            keyed = {**ours, "Idempotency-Key": "k", "Content-Type": "application/json"}
            yield ingress.post(path, headers=keyed, content=body)
    for path in ("/vapi/webhook", "/webhooks/halaxy/updated", "/twilio/inbound", "/login"):
        yield ingress.post(path, content=junk, headers={"X-Vapi-Signature": name, **page})
    yield ingress.get("/api/jobs", headers={"Authorization": f"Bearer {name}.{note}.x"})
    yield ingress.get("/run-sheet", headers={**page, "Cookie": f"pms_sync_session={name}"})


@pytest.fixture
def ingress(running: Stack) -> Iterator[httpx.Client]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running.start("ingress", "--port", str(port))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as made:
        running.wait_for(lambda: _answers(made), seconds=90)
        yield made


def _answers(ingress: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        return ingress.get("/healthz").is_success
    return False


def test_no_process_leaves_a_canary_anywhere(running: Stack, ingress: httpx.Client) -> None:
    planted = plant(running)
    running.worker()
    jobs = through_trouble(running)
    refused = [answer for answer in refusals(ingress) if answer.status_code >= 400]
    day = {"from": DAY.isoformat(), "to": DAY.isoformat()}
    shown = ingress.get("/api/run-sheet", headers=bearer("default"), params=day).text
    answers = "\n".join(f"{one.headers}\n{one.text}" for one in refused)
    told = ingress.get("/metrics").text + ingress.get("/readyz").text

    left = Everything(
        logs="\n".join(path.read_text() for path in running.home.glob("*.log"))
        + told
        + answers.replace(JWT_SIGNING, ""),
        redis=redis_as_text(running.client),
        database=database_as_text(running.clinic.engine),
    )

    assert planted >= PATIENTS
    found = {
        (name, number): places
        for number in range(PATIENTS)
        for name, canary in canaries(number).items()
        if (places := left.holding(canary))
    }
    assert found == {}
    # The search itself is worth something.
    assert sum(canaries(number)["last"] in shown for number in range(PATIENTS)) > PATIENTS / 3
    assert len(refused) > 20
    assert {running.state(job) for job in jobs} == {"done", "dead"}
    assert "job.failed" in left.logs
    assert "pms_sync_" in told
