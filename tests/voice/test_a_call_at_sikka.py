"""The same conversation with the desk of a real vendor: a simulated practice behind Sikka."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import redis
from sqlalchemy import Engine, text

from adapters.opening import Opener
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.practices import connections
from adapters.throttle.clock import RedisThrottle
from domain.connections import State
from domain.work import SETTLE, SYNC
from infra import database
from infra.clock import system_clock
from simulators.serving import running
from simulators.setup import Setup
from simulators.sikka import Knobs, SikkaSimulator
from tests.fakes import FakeSecrets, FakeTokens
from tests.plain import NO_TLS
from tests.voice.line import ACCOUNT, Line, line
from tests.workers.tools.desk import ZONE

SUNDAY = 6

pytestmark = pytest.mark.integration


@dataclass
class Practice:
    phone: Line
    desk: httpx.Client
    tenant: str

    @property
    def appointments(self) -> list[dict[str, Any]]:
        answer = self.desk.get("/_sim/truth", params={"tenant": self.tenant})
        return list(answer.json()["appointments"])

    def somebody(self) -> dict[str, Any]:
        """A patient with a full name, a birthday and a number."""
        for one in self.appointments:
            for patient in one["patients"]:
                if all(patient.get(key) for key in ("first", "last", "date_of_birth")):
                    return dict(patient)
        raise AssertionError("nobody has a name and a birthday")


@contextmanager
def practice(
    database_url: str,
    client: redis.Redis,
    redis_url: str,
    knobs: Knobs,
    *,
    answer_seconds: float = 25.0,
) -> Iterator[Practice]:
    setup = Setup(seed=7, tenants=1, practitioners=3, appointments=6, timezone=ZONE, limits=())
    simulator = SikkaSimulator(setup, knobs)
    with (
        line(database_url, client, redis_url, answer_seconds=answer_seconds) as phone,
        running(simulator) as url,
    ):
        told = simulator.described(url)
        tenant = told["tenants"][0]["tenantId"]
        with httpx.Client(base_url=url, verify=NO_TLS) as desk:
            held = desk.get("/_sim/credentials", params={"tenant": tenant}).json()
            secrets = FakeSecrets()
            ref = secrets.put("sikka", {key: str(one) for key, one in held.items()})
            _reconnected(phone.engine, phone.connection_id, tenant, ref, told["base_url"])
            opener = Opener(
                secrets=secrets,
                tokens=FakeTokens(),
                throttle=RedisThrottle(client, StoredSpent(phone.engine)),
                clock=system_clock,
            )
            phone.parts = replace(phone.parts, opener=opener)
            yield Practice(phone, desk, tenant)
            opener.close()


def _reconnected(engine: Engine, fake: UUID, tenant: str, ref: str, base_url: str) -> None:
    """The practice of the simulator serves the line in place of the scripted one."""
    new = connections.NewConnection(
        account_id=ACCOUNT,
        vendor="sikka",
        site=tenant,
        timezone=ZONE,
        name="Example Dental",
        base_url=base_url,
        token_url=None,
        secret_ref=ref,
        settings={"map_all": True},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    with database.transaction(engine, account_id=ACCOUNT) as db:
        db.execute(
            text("UPDATE pms_connections SET state = 'INACTIVE' WHERE id = :id"), {"id": fake}
        )
        connections.add(db, new)


@pytest.fixture
def prompt(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Practice]:
    """A practice whose write-backs come within moments."""
    knobs = Knobs(fastest_write=0.2, slowest_write=1.0, refresh_seconds=0.0)
    with practice(database_url, redis_client, redis_url, knobs) as made:
        yield made


def test_a_caller_books_into_the_practices_own_book(prompt: Practice) -> None:
    phone, patient = prompt.phone, prompt.somebody()
    who = {
        "firstName": patient["first"],
        "lastName": patient["last"],
        "dateOfBirth": patient["date_of_birth"],
    }
    before = {one["id"] for one in prompt.appointments}
    day = (phone.day + timedelta(days=2 if phone.day.weekday() == SUNDAY else 0)).isoformat()

    with phone.worker():
        found = phone.ask("searchPatients", caller="+12025559999", **who)
        times = phone.ask("checkAvailability", caller="+12025559999", date=day)
        start = times.partition(" at ")[2].partition(" with ")[0].partition(",")[0]
        booked = phone.ask("bookAppointment", caller="+12025559999", date=day, time=start)

    assert patient["first"].casefold() in found.casefold(), "a PMS may shout a name"
    assert "is confirmed for" in booked
    made = [one for one in prompt.appointments if one["id"] not in before]
    assert [one["patients"][0]["id"] for one in made] == [patient["id"]]
    phone.carry(SETTLE)
    phone.carry(SYNC)
    assert phone.rows(
        "SELECT pms_appointment_id FROM run_sheet_appointments WHERE pms_appointment_id = :id",
        id=made[0]["id"],
    )


@pytest.fixture
def lagging(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Practice]:
    """A practice whose copy at Sikka shows nothing that was written within the hour."""
    knobs = Knobs(fastest_write=0.2, slowest_write=0.5, refresh_seconds=3600.0)
    with practice(database_url, redis_client, redis_url, knobs) as made:
        yield made


def test_a_patient_registered_in_the_call_books_before_sikka_shows_them(lagging: Practice) -> None:
    phone, stranger = lagging.phone, "+12025559999"
    fay = {"firstName": "Fay", "lastName": "Fern", "dateOfBirth": "1999-09-09"}
    day = (phone.day + timedelta(days=2 if phone.day.weekday() == SUNDAY else 0)).isoformat()

    with phone.worker():
        nobody = phone.ask("searchPatients", caller=stranger, **fay)
        registered = phone.ask("createPatient", caller=stranger, **fay)
        times = phone.ask("checkAvailability", caller=stranger, date=day)
        start = times.partition(" at ")[2].partition(" with ")[0].partition(",")[0]
        booked = phone.ask(
            "bookAppointment", caller=stranger, date=day, time=start, type="exam", **fay
        )

    assert "could not find" in nobody
    assert "is registered" in registered
    assert "is confirmed for" in booked


def test_what_a_caller_has_cancelled_is_not_moved_whatever_the_copy_shows(
    lagging: Practice,
) -> None:
    phone, patient, stranger = lagging.phone, lagging.somebody(), "+12025559999"
    who = {
        "firstName": patient["first"],
        "lastName": patient["last"],
        "dateOfBirth": patient["date_of_birth"],
    }
    day = (phone.day + timedelta(days=2 if phone.day.weekday() == SUNDAY else 0)).isoformat()
    with phone.worker():
        phone.ask("searchPatients", caller=stranger, **who)
        times = phone.ask("checkAvailability", caller=stranger, date=day)
        start = times.partition(" at ")[2].partition(" with ")[0].partition(",")[0]
        phone.ask("bookAppointment", caller=stranger, date=day, time=start)
        phone.carry(SETTLE)
        lagging.desk.post("/_sim/refresh", json={})
        phone.carry(SYNC)
        phone.hang_up()
        phone.ask("searchPatients", caller=stranger, **who)

        cancelled = phone.ask("cancelAppointment", caller=stranger, date=day, time=start)
        told = phone.ask("getPatientInfo", caller=stranger)
        free = phone.ask("checkAvailability", caller=stranger, date=day)
        later = free.rpartition(" or ")[2].partition(" with ")[0].rpartition(" at ")[2]
        moved = phone.ask(
            "rescheduleAppointment",
            caller=stranger,
            currentDate=day,
            currentTime=start,
            newDate=day,
            newTime=later,
        )

    assert cancelled.startswith("This appointment is cancelled")
    assert f"at {start}" not in told
    assert moved.startswith("This appointment was cancelled already")
    assert phone.value("SELECT count(*) FROM pms_writes WHERE kind = 'reschedule'") == 0
