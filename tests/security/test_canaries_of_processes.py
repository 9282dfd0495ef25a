"""Nothing of two hundred people is left open by processes, whatever they do with them."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from adapters.queue import RedisAnnouncer
from infra.database import dispatch
from simulators.setup import Setup
from tests.e2e.stack import DAY, Stack
from tests.security.at_the_desks import (
    NEWCOMERS,
    answers_by_text,
    books,
    pushes,
    talks,
    texts,
)
from tests.security.front_desks import Desks, desks
from tests.security.left_behind import Everything, database_as_text, redis_as_text
from tests.security.planting import canaries, plant
from tests.security.test_canaries import DIAL, script
from tests.webhooks.serving import bearer

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

IS_LONG = "SOAK" in os.environ
PATIENTS, CALLERS = (200, 200) if IS_LONG else (12, 4)
PROMISED = range(CALLERS, CALLERS + (24 if IS_LONG else 2))
"""Callers whose booking is still open when they hang up, so that a text must follow."""

AT_ONCE = 6
JUNK = b'{"message":{"toolCallList":[{"id":"%s","name":"%s","arguments":"%s"}],"call":"%s"}}'


@pytest.fixture(scope="module")
def house() -> Iterator[Desks]:
    """All of it once, for either test."""
    setup = Setup(
        seed=7, practitioners=3, appointments=max(24, PATIENTS * 2), days=(DAY,), limits=()
    )
    with desks(people=PROMISED.stop, setup=setup) as made:
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


def left_by(house: Desks, *answers: str) -> Everything:
    told = house.ingress.get("/metrics").text + house.ingress.get("/readyz").text
    logs = [path.read_text() for path in house.stack.home.glob("*.log")]
    return Everything(
        logs="\n".join([*logs, told, *answers]),
        redis=redis_as_text(house.stack.client),
        database=database_as_text(house.stack.clinic.engine),
    )


def open_in(left: Everything, everybody: Iterable[int]) -> dict[int, object]:
    """Whose canaries lie where."""
    found = {number: left.holding_any(canaries(number)) for number in everybody}
    return {number: places for number, places in found.items() if places}


def test_no_sync_or_refusal_leaves_a_canary_anywhere(house: Desks) -> None:
    running = house.stack
    planted = plant(running.clinic.simulator.clinics.values(), count=PATIENTS)
    jobs = through_trouble(running)
    refused = [answer for answer in refusals(house.ingress) if answer.status_code >= 400]
    day = {"from": DAY.isoformat(), "to": DAY.isoformat()}
    shown = house.ingress.get("/api/run-sheet", headers=bearer("default"), params=day).text

    left = left_by(house, *(f"{one.headers}\n{one.text}" for one in refused))

    assert planted == PATIENTS
    assert open_in(left, range(PATIENTS)) == {}
    assert left.holding_any(house.secrets) == {}
    # The search itself is worth something: everybody was on the sheet.
    wanted = {canaries(number)["last"] for number in range(PATIENTS)}
    assert {row["patient_last_name"] for row in running.clinic.rows()} >= wanted
    assert len([last for last in wanted if last in shown]) > PATIENTS / 3
    assert len(refused) > 20
    # Whatever died was called off since if a later one did its work.
    assert {running.state(job).replace("cancelled", "dead") for job in jobs} == {"done", "dead"}
    assert "job.failed" in left.logs
    assert "pms_sync_" in left.logs


def test_no_call_text_or_push_leaves_a_canary_anywhere(house: Desks) -> None:
    with ThreadPoolExecutor(AT_ONCE) as lines:
        heard = list(lines.map(lambda number: talks(house, number), range(CALLERS)))
        house.control(house.sikka, "knobs", fastest_write=300, slowest_write=300)
        waiting = lines.map(lambda number: books(house, number), PROMISED)
        rows = pushes(house, newly=12 if IS_LONG else 3)
        told = list(waiting)
    answers_by_text(house, 0)
    sent = texts(house)

    left = left_by(house)

    newcomers = (NEWCOMERS + number for number in range(CALLERS))
    assert open_in(left, [*range(PROMISED.stop), *newcomers]) == {}
    assert left.holding_any(house.secrets) == {}
    # The search itself is worth something: all of it was done.
    assert sum("is confirmed for" in said[3] for said in heard) > CALLERS / 2
    assert sum("is registered" in said[12] for said in heard) > CALLERS / 2
    assert sum("You will get a text message" in said for said in told) == len(sent) > 0
    assert len(house.rows("SELECT 1 FROM pms_writes WHERE state = 'confirmed'")) > 3 * CALLERS
    assert house.sent_to_the_office() > len(rows) / 2
    assert house.rows("SELECT 1 FROM patient_links")
