"""What a sync promises a practice manager, tried where it was once broken."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
import redis
from sqlalchemy import text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry
from adapters.storage.practices import connection_list
from domain.errors import Throttled
from domain.limits import Budget, Outlook
from infra.clock import system_clock
from infra.database import dispatch, transaction
from simulators.gentu import Knobs
from simulators.setup import Setup
from tests.sync.practice import ACCOUNT, DAY, Practice, practice
from tests.sync.test_trouble import script

pytestmark = pytest.mark.integration


def type_phone(clinic: Practice, row: dict[str, object], phone: str) -> None:
    hand = Hand(account_id=ACCOUNT, by="Ann", at=system_clock(), access=Access(user="Ann"))
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        edit_entry(
            db,
            clinic.seal(),
            row["id"],  # type: ignore[arg-type]
            {"patient_phone": phone},
            expected_version=None,
            hand=hand,
        )


@pytest.fixture
def gappy(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    """A practice whose answers can leave patients out."""
    setup = Setup(seed=7, practitioners=3, appointments=20, days=(DAY,), limits=())
    with practice(database_url, redis_client, setup=setup, knobs=Knobs()) as connected:
        yield connected


def test_a_phone_typed_by_hand_survives_a_patient_that_is_left_out(gappy: Practice) -> None:
    gappy.sync()
    key, row = next((k, r) for k, r in gappy.live_rows().items() if r["patient_phone"])
    type_phone(gappy, row, "03 7010 4321")

    for gaps in (1, 0, 1, 0):
        gappy.control("knobs", {"side_list_gaps": gaps})
        assert gappy.sync()["status"] == "success"

        held = gappy.live_rows()[key]
        assert held["patient_phone"].endswith("7010 4321")
        assert held["patient_name"] == row["patient_name"]
        assert held["provenance"]["patient_phone"]["source"] == "manual"


def test_a_choice_that_leaves_most_of_a_day_out_is_followed_and_taken_back(
    clinic: Practice,
) -> None:
    clinic.sync()
    before = set(clinic.live_rows())
    clinic.change("UPDATE pms_connections SET sync_telehealth_only = true WHERE id = :id")

    assert clinic.sync()["status"] == "success"
    assert all(row["is_telehealth"] for row in clinic.live_rows().values())
    assert len(clinic.live_rows()) < len(before)

    clinic.change("UPDATE pms_connections SET sync_telehealth_only = false WHERE id = :id")
    assert clinic.sync()["status"] == "success"
    assert set(clinic.live_rows()) == before


def test_a_record_that_becomes_unreadable_stays_on_the_sheet(clinic: Practice) -> None:
    clinic.sync()
    before = set(clinic.live_rows())
    script(clinic, "wrong-type", times=1)

    run = clinic.sync()

    assert (run["status"], run["removed"]) == ("success", 0)
    assert run["rejected"] == 1
    assert set(clinic.live_rows()) == before


def test_one_practitioner_whose_listing_always_fails_does_not_lose_the_day(
    clinic: Practice,
) -> None:
    some = next(iter(clinic.truth().values()))["practitioner_id"]
    script(clinic, "500", path=f"practitionerId={some}", times=50)

    run = clinic.sync()

    assert run["status"] == "partial"
    assert {row["pms_practitioner_id"] for row in clinic.rows()} - {some}


def test_a_vendor_that_is_down_is_not_asked_for_everybody(clinic: Practice) -> None:
    clinic.sync()
    script(clinic, "500", times=500)

    run = clinic.sync()

    assert run["status"] == "failed"
    assert run["requests"] < 20


def test_a_paused_connection_is_not_read(clinic: Practice) -> None:
    clinic.sync()
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        connection_list.pause(db, clinic.connection_id)
    asked = len(clinic.control("requests")["requests"])

    job_id = clinic.put_sync()
    clinic.run(job_id)

    assert len(clinic.control("requests")["requests"]) == asked
    with dispatch(clinic.engine) as db:
        told = db.execute(text("SELECT error_text FROM jobs WHERE id = :id"), {"id": job_id})
        assert "resume" in told.scalar_one()


def test_a_run_that_may_ask_only_now_and_then_ends(
    database_url: str, redis_client: redis.Redis
) -> None:
    setup = Setup(seed=7, practitioners=1, appointments=8, days=(DAY,), limits=())
    throttle = OneAtATime(seconds=2.2)
    with practice(database_url, redis_client, setup=setup, throttle=throttle) as starved:
        assert starved.sync()["status"] == "success"
        key, row = next((k, r) for k, r in starved.live_rows().items() if r["patient_name"])
        moved_to = (row["start"] + timedelta(days=5)).isoformat().replace("+00:00", "Z")
        reschedule = {"action": "reschedule", "start_utc": moved_to}
        starved.control(f"appointments/{key[0]}", reschedule)

        run = starved.sync()

        assert (run["status"], run["removed"]) == ("success", 0)
        assert starved.live_rows()[key]["patient_name"] == row["patient_name"]
        assert throttle.granted == starved.spent_rows()


class OneAtATime:
    """A vendor clock that grants one request, then none for longer than a thread waits."""

    def __init__(self, *, seconds: float) -> None:
        self._every = timedelta(seconds=seconds)
        self._free_at = system_clock()
        self.granted = 0

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        now = system_clock()
        if now < self._free_at:
            raise Throttled("spent", until=self._free_at)
        self._free_at = now + self._every
        self.granted += 1
        return now

    def pause(self, bucket: str, *, seconds: float) -> None:
        self._free_at = system_clock() + timedelta(seconds=seconds)

    def observe(
        self,
        bucket: str,
        *,
        limit: int | None = None,
        remaining: int | None = None,
        reset_seconds: float | None = None,
    ) -> None:
        """This vendor has no headers."""

    def outlook(
        self, budgets: Sequence[Budget], *, requests: int = 1, voice: bool = False
    ) -> Outlook:
        raise AssertionError("nobody asks this clock for its outlook")
