"""A practice behind Sikka: written to through the ledger, read back, and seen on the sheet."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import redis
from sqlalchemy import Engine, text

from adapters.opening import Opener
from adapters.storage.jobs.ledger import put
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.phone import holds
from adapters.storage.phone.writes import WriteLedger
from adapters.storage.practices import connections, schedule
from adapters.storage.sheet.entries import EntrySeal
from adapters.throttle.clock import RedisThrottle
from console.simulators import Running
from domain.connections import State
from domain.desk import Opening, PracticeDesk, Verdict
from domain.jobs import JobState
from domain.runs import SyncType
from domain.slots import BookingRules, Wanted, free
from domain.window import Window, local_day, whole_day
from domain.wishes import Booking, Cancellation, Move, Wish, Write
from domain.work import EMPTY, sync_job
from domain.writes import Hold, KeptWrite, NewWrite, WriteState
from infra.clock import system_clock
from infra.database import engine, transaction
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from scheduler.due import sync_of
from tests.fakes import FakeSecrets, FakeTokens
from tests.plain import NO_TLS
from tests.sync.practice import ACCOUNT, KEY
from workers.here import run_here
from workers.works import Parts
from workers.writing import Writing

pytestmark = pytest.mark.integration

QUICK = {"fastest_write": 0.1, "slowest_write": 0.2, "refresh_seconds": 0.1}


def pause(seconds: float) -> None:
    """The vendor takes its time; nobody can tell us when it is done."""
    Event().wait(seconds)


@dataclass
class Office:
    """One connection, its simulated practice, and the desk opened for a caller."""

    parts: Parts
    simulator: httpx.Client
    tenant: Mapping[str, Any]
    connection_id: UUID
    day: date

    @property
    def engine(self) -> Engine:
        return self.parts.engine

    @property
    def desk(self) -> PracticeDesk:
        with transaction(self.engine, account_id=ACCOUNT) as db:
            connection = connections.load(db, self.connection_id)
        desk = self.parts.opener.desk(connection, voice=True)
        assert desk is not None
        return desk

    def control(self, name: str, **body: Any) -> None:
        self.simulator.post(f"/_sim/{name}", json=body).raise_for_status()

    def truth(self) -> Mapping[str, Mapping[str, Any]]:
        told = self.simulator.get("/_sim/truth", params={"tenant": self.tenant["tenantId"]})
        return {one["id"]: one for one in told.json()["appointments"]}

    def scheduled(self) -> dict[str, Any]:
        """The sync the timetable would put now, carried to its end; its row of the log."""
        now = system_clock()
        with transaction(self.engine) as db:
            db.execute(
                text("UPDATE pms_connections SET next_sync_at = :now, sync_days_ahead = 7"),
                {"now": now},
            )
            [due] = schedule.due_connections(db, now=now)
            job_id = put(db, sync_of(due, now=now))
        assert run_here(self.parts, job_id) is JobState.DONE
        with transaction(self.engine) as db:
            query = text("SELECT * FROM pms_sync_log WHERE job_id = :id")
            return dict(db.execute(query, {"id": job_id}).mappings().one())

    def shown(self) -> dict[str, datetime]:
        """When each appointment on the sheet starts."""
        with transaction(self.engine) as db:
            rows = db.execute(
                text(
                    "SELECT pms_appointment_id AS id, pms_start FROM run_sheet_appointments"
                    " WHERE removed_at IS NULL"
                )
            ).all()
        return {row.id: row.pms_start for row in rows}

    def flags(self) -> list[set[str]]:
        """What each row on the sheet lacks or was guessed."""
        with transaction(self.engine) as db:
            return [
                set(row.flags)
                for row in db.execute(text("SELECT flags FROM run_sheet_appointments"))
            ]

    def of_the_day(self) -> list[str]:
        """Two that are booked."""
        truth = self.truth()
        found = [one for one in self.shown() if truth[one]["meaning"] == "booked"]
        return sorted(found)[:2]

    def made(self, start: datetime) -> str:
        answer = self.simulator.post("/_sim/appointments", json={"start_utc": start.isoformat()})
        return str(answer.json()["id"])

    def requests(self) -> list[str]:
        """The paths asked for so far."""
        told = self.simulator.get("/_sim/requests").json()["requests"]
        return [one["path"] for one in told]

    def patient_id(self) -> str:
        patients = (one["patients"] for one in self.truth().values())
        return str(next(each[0]["id"] for each in patients if each))

    def free(self) -> list[Opening]:
        desk, window = self.desk, whole_day(self.day, self.tenant["timezone"])
        return free(
            desk.shifts(window),
            desk.busy(window),
            wanted=Wanted(window=window, minutes=30),
            rules=BookingRules(),
            bookable=window,
            timezone=self.tenant["timezone"],
        )

    def booking(self, opening: Opening) -> Booking:
        person, chair = opening.resources
        return Booking(
            patient_id=self.patient_id(),
            start=opening.window.start,
            minutes=30,
            practitioner_id=person.pms_id,
            operatory_id=chair.pms_id,
            reason="Check-up",
        )

    def writing(self) -> Writing:
        sealer = self.parts.sealer
        ledger = WriteLedger(self.engine, sealer, account_id=ACCOUNT, clock=system_clock)
        return Writing(ledger, self.desk, clock=system_clock, pause=pause)

    def hold(self, opening: Opening) -> Hold:
        return Hold(practice=self.desk.held_as, window=opening.window, resources=opening.resources)

    def do(self, wish: Wish, *, hold: Opening | None = None, seconds: float = 20) -> KeptWrite:
        new = NewWrite(
            connection_id=self.connection_id,
            write=Write(wish=wish),
            key=uuid4().hex,
            asked_by="call",
            trace_id="t",
            hold=self.hold(hold) if hold else None,
        )
        return self.writing().do(new, until=datetime.now(UTC) + timedelta(seconds=seconds))

    def sync(self, **options: Any) -> int:
        """One sync here; its job."""
        job = sync_job(
            account_id=ACCOUNT,
            connection_id=self.connection_id,
            vendor="sikka",
            first_day=self.day,
            last_day=self.day,
            sync_type=SyncType.MANUAL,
            **options,
        )
        with transaction(self.engine, account_id=ACCOUNT) as db:
            job_id = put(db, job)
        assert run_here(self.parts, job_id) is JobState.DONE
        return job_id


@pytest.fixture
def office(database_url: str, redis_client: redis.Redis) -> Iterator[Office]:
    with office_of(12, database_url, redis_client) as made:
        yield made


@contextmanager
def office_of(appointments: int, database_url: str, redis_client: redis.Redis) -> Iterator[Office]:
    day = local_day(datetime.now(UTC), "America/New_York") + timedelta(days=3)
    day += timedelta(days=day.weekday() == 6)
    options = ["--limit", "off", "--practitioners", "3", "--appointments", str(appointments)]
    with (
        Running("sikka", [*options, "--days", day.isoformat()]) as described,
        httpx.Client(base_url=described["url"], verify=NO_TLS) as simulator,
    ):
        simulator.post("/_sim/knobs", json=QUICK).raise_for_status()
        db = engine(database_url, application_name="tests", pool_size=10)
        connected = opened(db, redis_client, described, simulator, day)
        yield connected
        connected.parts.opener.close()
        db.dispose()


def opened(
    db: Engine,
    redis_client: redis.Redis,
    described: Mapping[str, Any],
    simulator: httpx.Client,
    day: date,
) -> Office:
    tenant = described["tenants"][0]
    told = simulator.get("/_sim/credentials", params={"tenant": tenant["tenantId"]}).json()
    names = ("app_id", "app_key", "office_id", "secret_key")
    secrets = FakeSecrets()
    new = connections.NewConnection(
        account_id=ACCOUNT,
        vendor="sikka",
        site=tenant["tenantId"],
        timezone=tenant["timezone"],
        pms_type=tenant["pms"],
        base_url=described["base_url"],
        secret_ref=secrets.put("sikka", {name: told[name] for name in names}),
        settings={"map_all": True},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    with transaction(db, account_id=ACCOUNT) as session:
        connection_id = connections.add(session, new)
    opener = Opener(
        secrets=secrets,
        tokens=FakeTokens(),
        throttle=RedisThrottle(redis_client, StoredSpent(db)),
        clock=system_clock,
    )
    parts = Parts(
        engine=db,
        sealer=Sealer(Keyring.from_hex(KEY)),
        opener=opener,
        clock=system_clock,
        stopping=Stopping(),
    )
    return Office(parts, simulator, tenant, connection_id, day)


def test_between_whole_passes_its_feed_brings_what_was_made_moved_and_deleted(
    office: Office,
) -> None:
    assert office.scheduled()["sync_type"] == "full"
    before = office.shown()
    moved, gone = office.of_the_day()
    start = before[moved] + timedelta(days=1)
    office.control(f"appointments/{moved}", action="reschedule", start_utc=start.isoformat())
    office.control(f"appointments/{gone}", action="delete")
    made = office.made(office.free()[-1].window.start)
    office.control("refresh")
    asked = office.requests()

    run = office.scheduled()

    after = office.shown()
    paths = office.requests()[len(asked) :]
    assert run["sync_type"] == "incremental"
    assert (run["status"], run["fetched"], run["removed"]) == ("success", 3, 1)
    assert (after[moved], gone in after, made in after) == (start, False, True)
    assert after.keys() ^ before.keys() == {gone, made}
    assert "/v4/practice_events" in paths
    assert "/v4/appointments" not in paths


@pytest.mark.parametrize("ignores_find", [False, True])
def test_of_a_large_practice_every_patient_is_known(
    ignores_find: bool, database_url: str, redis_client: redis.Redis
) -> None:
    """Where the filter for many patients is ignored, one page of them is not everybody."""
    with office_of(300, database_url, redis_client) as large:
        large.control("knobs", ignores_find=ignores_find)
        large.sync()
        flags = large.flags()

    assert len(flags) > 250
    assert "patient_not_included" not in set().union(*flags)


def test_a_copy_that_nobody_brings_up_to_date_is_not_told_as_fresh(office: Office) -> None:
    tenant = office.tenant["tenantId"]
    assert office.scheduled()["status"] == "success"
    office.control(f"tenants/{tenant}", is_online=False)
    later = system_clock() + timedelta(hours=25)
    office.control("clock", now=later.isoformat())

    run = office.scheduled()

    assert run["status"] == "partial"
    assert run["error_message"].startswith("Sikka has not reached the practice's system for more")
    with transaction(office.engine) as db:
        said = db.execute(text("SELECT last_sync_error FROM pms_connections")).scalar_one()
    assert said == run["error_message"]


def test_a_booking_is_confirmed_only_when_it_is_in_the_pms(office: Office) -> None:
    opening = office.free()[0]

    kept = office.do(office.booking(opening), hold=opening)

    assert kept.state is WriteState.CONFIRMED
    made = office.truth()[str(kept.pms_id)]
    assert datetime.fromisoformat(made["start_utc"]) == opening.window.start
    assert kept.confirmation in made["description"]


def test_what_was_booked_is_in_the_way_and_on_the_sheet(office: Office) -> None:
    opening = office.free()[0]
    kept = office.do(office.booking(opening), hold=opening)

    later = until(lambda: opening not in office.free())
    office.sync()

    assert later
    with transaction(office.engine, account_id=ACCOUNT) as db:
        rows = db.exec_driver_sql(
            "SELECT pms_appointment_id FROM run_sheet_appointments WHERE removed_at IS NULL"
        ).scalars()
        assert kept.pms_id in set(rows)


def test_an_appointment_is_moved_and_then_cancelled(office: Office) -> None:
    first, *_, last = office.free()
    booked = office.do(office.booking(first), hold=first)
    person, chair = last.resources
    move = Move(
        appointment_id=str(booked.pms_id),
        start=last.window.start,
        minutes=30,
        practitioner_id=person.pms_id,
        operatory_id=chair.pms_id,
    )

    moved = office.do(move)
    cancelled = office.do(Cancellation(appointment_id=str(booked.pms_id)))

    assert (moved.state, cancelled.state) == (WriteState.CONFIRMED, WriteState.CONFIRMED)
    now = office.truth()[str(booked.pms_id)]
    assert datetime.fromisoformat(now["start_utc"]) == last.window.start
    assert now["meaning"] == "cancelled"


def test_a_booking_is_moved_by_a_quarter_of_an_hour_before_anything_shows_it(
    office: Office,
) -> None:
    office.control("knobs", refresh_seconds=3600)
    free_times = office.free()
    opening, later = next(
        (one, next_one)
        for one in free_times
        if (next_one := replace(one, window=shifted(one.window, minutes=15))) in free_times
    )
    booked = office.do(office.booking(opening), hold=opening)
    person, chair = opening.resources
    move = Move(
        appointment_id=str(booked.pms_id),
        start=later.window.start,
        minutes=30,
        practitioner_id=person.pms_id,
        operatory_id=chair.pms_id,
        patient_id=office.patient_id(),
    )

    moved = office.do(move, hold=later)

    assert moved.state is WriteState.CONFIRMED
    now = office.truth()[str(booked.pms_id)]
    assert datetime.fromisoformat(now["start_utc"]) == later.window.start
    with transaction(office.engine, account_id=ACCOUNT) as db:
        held = holds.held(db, office.connection_id, opening.window, now=datetime.now(UTC))
    assert {one.window.start for one in held} == {later.window.start}


def shifted(window: Window, *, minutes: int) -> Window:
    by = timedelta(minutes=minutes)
    return Window(window.start + by, window.end + by)


def test_a_pms_that_does_not_take_it_is_no_confirmation(office: Office) -> None:
    office.control("knobs", failing=1.0)
    opening = office.free()[0]
    before = set(office.truth())

    kept = office.do(office.booking(opening), hold=opening)

    assert kept.state is WriteState.FAILED
    assert set(office.truth()) == before


@pytest.mark.parametrize("fault", ["cut", "reset", "500"])
def test_an_answer_that_was_lost_is_found_again_and_nothing_is_sent_twice(
    office: Office, fault: str
) -> None:
    opening = office.free()[0]
    before = set(office.truth())
    office.control("faults", scripts=[{"fault": fault, "path": "/v4/appointment$"}])

    kept = office.do(office.booking(opening), hold=opening)
    found = until(lambda: office.desk.find(kept.write).verdict is not Verdict.PENDING)
    outcome = office.desk.find(kept.write)

    assert found and kept.state is WriteState.UNKNOWN
    made = set(office.truth()) - before
    assert (outcome.verdict, {outcome.pms_id} - {None}) == (
        Verdict.DONE if made else Verdict.FAILED,
        made,
    )


def notes_stored(office: Office) -> int:
    with transaction(office.engine, account_id=ACCOUNT) as db:
        count = text("SELECT count(*) FROM run_sheet_appointments WHERE notes IS NOT NULL")
        return int(db.execute(count).scalar_one())


def emptied(office: Office) -> None:
    """Carry the job that a sync has asked for."""
    waiting = text("SELECT id FROM jobs WHERE kind = :kind AND state = 'ready'")
    with transaction(office.engine) as db:
        job_id = db.execute(waiting, {"kind": EMPTY}).scalar_one()
    assert run_here(office.parts, job_id) is JobState.DONE


def test_one_a_year_ahead_is_found_by_its_id_in_one_request(office: Office) -> None:
    start = datetime.combine(office.day, time(15), UTC) + timedelta(days=360)
    made, desk = office.made(start), office.desk
    office.control("refresh")
    before = len(office.requests())

    found, none = desk.appointment(made), desk.appointment("999999999")

    asked = [path for path in office.requests()[before:] if path.endswith("/appointments")]
    assert found is not None
    assert (found.pms_id, found.start, none) == (made, start, None)
    assert len(asked) == 2


def test_notes_of_appointments_are_read_for_whoever_asks_and_never_stored(office: Office) -> None:
    office.sync()
    day = whole_day(office.day, office.tenant["timezone"])

    told = [one.notes for one in office.desk.appointments(day)]

    assert any(told)
    assert len(office.shown()) >= len(told) > 0
    assert notes_stored(office) == 0


def test_notes_that_were_stored_once_are_emptied_after_the_next_sync(office: Office) -> None:
    seal = EntrySeal(office.parts.sealer, account_id=ACCOUNT)
    office.sync()
    with transaction(office.engine, account_id=ACCOUNT) as db:
        waiting = text("SELECT count(*) FROM jobs WHERE kind = :kind")
        assert db.execute(waiting, {"kind": EMPTY}).scalar_one() == 0
        [row, *_] = db.execute(text("SELECT id FROM run_sheet_appointments ORDER BY id")).all()
        sealed = seal.columns(row.id, {"notes": "stored by an earlier version"})["notes"]
        update = text("UPDATE run_sheet_appointments SET notes = :notes WHERE id = :id")
        db.execute(update, {"notes": sealed, "id": row.id})
        db.execute(text("UPDATE pms_connections SET emptied = '{}'"))
    office.sync()
    assert notes_stored(office) == 1

    emptied(office)

    assert notes_stored(office) == 0


def until(holds: Any, *, tries: int = 50) -> bool:
    """Whether it comes true within a few seconds; the simulator's own time passes meanwhile."""
    quiet = Event()
    return any(holds() or quiet.wait(0.1) for _ in range(tries))
