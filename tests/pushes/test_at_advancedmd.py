"""Both ways at a simulated AdvancedMD over HTTP, through the real adapter and the shared clock."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import Engine

from adapters.advancedmd.bodies import MOVED_AWAY
from adapters.opening import Opener
from adapters.storage.jobs.spent import StoredSpent
from adapters.throttle.clock import RedisThrottle
from domain.limits import Throttle
from domain.pushes import LOCKED_OUT, MOVED_ON
from infra.clock import system_clock
from infra.stopping import Stopping
from simulators.advancedmd import AdvancedmdSimulator, Knobs
from simulators.serving import running
from simulators.setup import Setup
from tests.fakes import FakeSecrets, FakeTokens
from tests.pushes.book import DAY
from tests.pushes.office import SEALER, ZONE, Office
from tests.sync.living import NoLimit
from workers.execution import Work
from workers.works import Parts, works

pytestmark = pytest.mark.integration

SYNCED = ("synced", None)
ONE_ROW = r"appointments/\d+"


@dataclass
class Practice(Office):
    """An office at a simulated AdvancedMD."""

    url: str = ""
    client: redis.Redis | None = None
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    opener: Opener | None = None
    throttle: Throttle | None = None

    def control(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        payload = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sim/{path}", data=payload)  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)

    def _practice(self) -> dict[str, Any]:
        told = self.control("credentials")
        return {
            "site": told["office_key"],
            "base_url": self.url,
            "secret_ref": self.secrets.put("advancedmd", told),
            "settings": {"map_all": True},
        }

    def _handlers(self) -> Mapping[str, Work]:
        assert self.client is not None
        self.opener = Opener(
            secrets=self.secrets,
            tokens=FakeTokens(),
            throttle=self.throttle or RedisThrottle(self.client, StoredSpent(self.engine)),
            clock=system_clock,
        )
        return works(
            Parts(
                engine=self.engine,
                sealer=SEALER,
                opener=self.opener,
                clock=self.time,
                stopping=Stopping(),
            )
        )

    def truth(self, pms_id: str) -> dict[str, Any]:
        rows = self.control("truth")["appointments"]
        found: dict[str, Any] = next(one for one in rows if one["id"] == pms_id)
        return found

    def there(self, pms_id: str, action: str, **about: Any) -> None:
        """What the practice's own staff do."""
        self.control(f"appointments/{pms_id}", {"action": action, **about})

    def sent(self) -> list[str]:
        """The writes that reached AdvancedMD."""
        asked = self.control("requests")["requests"]
        return [one["method"] for one in asked if one["method"] in {"PUT", "POST"}
                and "/scheduler/" in one["path"]]  # fmt: skip

    def booked(self) -> str:
        """A visit that nothing has happened to, of somebody."""
        rows = [one for one in self.shown() if one["status"] == "booked" and one["pms_patient_id"]]
        return str(rows[0]["pms_appointment_id"])


@pytest.fixture
def practice(db: Engine, redis_client: redis.Redis) -> Iterator[Practice]:
    with connected(db, redis_client) as made:
        yield made


@contextmanager
def connected(
    db: Engine, client: redis.Redis, *, throttle: Throttle | None = None
) -> Iterator[Practice]:
    """A practice that was read once."""
    simulator = AdvancedmdSimulator(
        Setup(seed=5, practitioners=2, appointments=8, timezone=ZONE, days=(DAY,), limits=()),
        Knobs(login_seconds=0),
    )
    with running(simulator) as url:
        made = Practice(db, url=url, client=client, throttle=throttle)
        made.sync()
        yield made
        assert made.opener is not None
        made.opener.close()


@pytest.mark.parametrize(
    ("status", "code"),
    [("arrived", 1), ("in_progress", 2), ("completed", 3), ("no_show", 12), ("cancelled", 10)],
)
def test_a_status_set_on_the_sheet_is_that_code_there(
    practice: Practice, status: str, code: int
) -> None:
    visit = practice.booked()

    practice.types(visit, status=status)
    practice.push()

    assert practice.truth(visit)["statuscode"] == code
    assert practice.stands(visit) == SYNCED
    assert practice.sent() == ["PUT"]


def test_another_time_reaches_the_book_there(practice: Practice) -> None:
    visit = practice.booked()

    practice.types(visit, start="20:15", duration_minutes=20)
    practice.push()

    start = practice.row(visit)["start"]
    assert datetime.fromisoformat(practice.truth(visit)["start_utc"]) == start
    assert (practice.row(visit)["duration_minutes"], practice.stands(visit)) == (20, SYNCED)


def test_a_change_there_reaches_the_sheet_and_ours_still_goes_out(practice: Practice) -> None:
    visit = practice.booked()
    practice.there(visit, "reschedule", minutes=300)
    practice.types(visit, status="arrived")

    practice.push()

    told = practice.truth(visit)
    assert told["statuscode"] == 1
    assert practice.row(visit)["start"] == datetime.fromisoformat(told["start_utc"])


@pytest.mark.parametrize(
    ("typed", "said"), [({"status": "cancelled"}, MOVED_AWAY), ({"start": "20:15"}, MOVED_ON)]
)
def test_a_visit_that_was_moved_there_is_not_thought_called_off(
    practice: Practice, typed: dict[str, Any], said: str
) -> None:
    visit = practice.booked()
    practice.types(visit, **typed)
    practice.control(f"statuscodes/{visit}", {"statuscode": 5})

    practice.push()

    assert practice.stands(visit) == ("error", said)
    assert practice.sent() == []


@pytest.mark.parametrize(("choice", "code", "sent"), [("mine", 1, ["PUT"]), ("theirs", 12, [])])
def test_what_both_changed_is_a_persons_to_choose_and_nothing_is_overwritten(
    practice: Practice, choice: Any, code: int, sent: list[str]
) -> None:
    visit = practice.booked()
    practice.types(visit, status="arrived")
    practice.there(visit, "status", meaning="no_show")

    practice.push()

    assert practice.truth(visit)["statuscode"] == 12
    assert [one["field"] for one in practice.conflicts()] == ["status"]
    assert practice.sent() == []

    practice.settles(choice)
    practice.push()
    assert (practice.truth(visit)["statuscode"], practice.sent()) == (code, sent)
    assert practice.stands(visit) == SYNCED


def test_a_lost_answer_is_read_back_and_changes_the_book_once(practice: Practice) -> None:
    visit = practice.booked()
    fault = {"fault": "lost-drop", "path": ONE_ROW, "times": 1}
    practice.types(visit, status="arrived")
    before = practice.control("truth")["version"]
    practice.control("faults", {"scripts": [fault]})

    practice.push()

    assert practice.truth(visit)["statuscode"] == 1
    assert practice.control("truth")["version"] == before + 1
    assert practice.stands(visit) == SYNCED


def test_a_throttled_push_waits_for_the_clock(practice: Practice) -> None:
    visit = practice.booked()
    practice.control("faults", {"scripts": [{"fault": "429", "path": ONE_ROW, "times": 1}]})
    practice.types(visit, status="arrived")

    assert practice.push_once() == "ready"

    assert practice.stands(visit) == ("pending", "Waits for AdvancedMD's request limit.")
    assert practice.sent() == []


def test_a_locked_account_stops_everything_and_says_who_must_act(
    db: Engine, redis_client: redis.Redis
) -> None:
    """Without a clock, or the next login would have to wait a minute."""
    with connected(db, redis_client, throttle=NoLimit()) as practice:
        visit = practice.booked()
        practice.control("tenants", {"is_locked": True})
        practice.control("expire-tokens", {})
        practice.types(visit, status="arrived")

        practice.push()
        asked = len(practice.control("requests")["requests"])
        practice.types(visit, status="no_show")
        practice.push()

        assert practice.connection().state == "NEEDS_SIGN_IN"
        assert practice.stands(visit) == ("pending", LOCKED_OUT)
        assert practice.sent() == []
        assert len(practice.control("requests")["requests"]) == asked


def test_a_row_of_ours_becomes_a_visit_there_once_its_patient_is_linked(
    practice: Practice,
) -> None:
    column = practice.shown()[0]["run_sheet_clinician_id"]
    people = [one["patients"] for one in practice.control("truth")["appointments"]]
    patient = next(one for told in people for one in told if one["date_of_birth"])
    entry_id = practice.adds(
        start=f"{DAY}T20:30",
        duration_minutes=30,
        clinician_id=column,
        patient_name=patient["full"],
        patient_date_of_birth=patient["date_of_birth"],
    )

    practice.ask_push(entry_id, create=True)
    practice.push()

    start = practice.entry(entry_id)["start"]
    told = practice.control("truth")["appointments"]
    (new,) = [one for one in told if datetime.fromisoformat(one["start_utc"]) == start]
    assert practice.stands(new["id"]) == SYNCED
    assert practice.entry(entry_id)["linked_to"] == practice.id_of(new["id"])
    practice.sync()
    assert [one["pms_appointment_id"] for one in practice.shown()].count(new["id"]) == 1


def test_one_push_takes_under_two_seconds(practice: Practice) -> None:
    visit = practice.booked()
    practice.types(visit, status="arrived")
    began = system_clock()

    practice.push()

    assert system_clock() - began < timedelta(seconds=2)
    assert practice.stands(visit) == SYNCED
