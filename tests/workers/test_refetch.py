"""Reading again what webhooks named: what is kept when something comes in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.appointments import Appointment, Status
from domain.connections import Connection
from domain.deliveries import Look, Seen
from domain.errors import BadRecord, BrokenContract, Refused, SyncError, Throttled, Transient
from domain.jobs import Job, Queue
from domain.sources import Spend
from infra.stopping import HandBack, Stopping
from workers.handlers.refetch import refetch

NOW = datetime(2026, 6, 2, 3, 0, tzinfo=UTC)
CONNECTION = Connection(
    id=uuid4(), account_id="default", vendor="halaxy", site="CL-1", timezone="Australia/Melbourne"
)
JOB = Job(
    id=1,
    fence=1,
    kind="refetch",
    queue=Queue.SYNC,
    account_id="default",
    connection_id=CONNECTION.id,
    vendor="halaxy",
    args={},
    attempts=1,
    failures=0,
    checkpoint={},
    trace_id="trace",
    created_at=NOW,
)


def appointment(pms_id: str) -> Appointment:
    return Appointment(
        pms_id=pms_id,
        start=NOW,
        end=NOW + timedelta(minutes=30),
        status=Status.BOOKED,
        is_telehealth=True,
    )


@dataclass
class FakeInbox:
    """Deliveries in memory; what is settled is gone from the next look."""

    waiting: dict[UUID, Sequence[str]]
    connection: Connection = CONNECTION
    settled: list[Seen] = field(default_factory=list)
    spent: list[Spend] = field(default_factory=list)

    def begin(self, job: Job) -> "FakeInbox":
        return self

    def next(self) -> Look | None:
        return Look(key="look", wanted=dict(self.waiting)) if self.waiting else None

    def settle(self, look: Look, seen: Seen, *, spent: Sequence[Spend]) -> Mapping[str, int]:
        self.settled.append(seen)
        self.spent += spent
        for delivery_id, pms_ids in look.wanted.items():
            if seen.has(pms_ids):
                del self.waiting[delivery_id]
        return {"looked_up": len(seen)}

    def save_spent(self, spent: Sequence[Spend]) -> None:
        self.spent += spent


@dataclass
class FakePms:
    """Knows every appointment but those it stumbles over; each question is one request."""

    stumbles: Mapping[str, SyncError | None]
    asked: list[str] = field(default_factory=list)
    untold: list[Spend] = field(default_factory=list)

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        self.asked.append(pms_id)
        self.untold.append(Spend(bucket="halaxy", at=NOW))
        if pms_id in self.stumbles:
            error = self.stumbles[pms_id]
            if error is not None:
                raise error
            return None
        return [appointment(pms_id)]

    def drain_spent(self) -> Sequence[Spend]:
        told, self.untold = self.untold, []
        return told


def inbox(*pms_ids: str) -> FakeInbox:
    return FakeInbox({uuid4(): [pms_id] for pms_id in pms_ids})


def run(
    held: FakeInbox, pms: FakePms, *, job: Job = JOB, stopping: Stopping | None = None
) -> Mapping[str, Any]:
    return refetch(
        job,
        store=held,
        open_source=lambda connection, look: pms,  # type: ignore[arg-type, return-value]
        stopping=stopping or Stopping(),
    )


def test_everything_that_waits_is_looked_up_and_settled() -> None:
    held, pms = inbox("1", "2", "3"), FakePms({"2": None})

    assert run(held, pms) == {"looked_up": 3}

    assert held.waiting == {}
    assert {key: len(rows) for key, rows in held.settled[0].found.items()} == {
        "1": 1,
        "2": 0,
        "3": 1,
    }
    assert len(held.spent) == 3


def test_what_was_found_before_a_wait_is_kept_and_not_asked_for_again() -> None:
    wait = Throttled("the budget is spent", until=NOW)
    held, pms = inbox("1", "2", "3"), FakePms({"2": wait})

    with pytest.raises(Throttled):
        run(held, pms)
    assert [list(ids) for ids in held.waiting.values()] == [["2"], ["3"]]
    pms.stumbles = {}
    run(held, pms)

    assert pms.asked == ["1", "2", "2", "3"]
    assert held.waiting == {}
    assert len(held.spent) == 4


def test_a_request_that_brought_nothing_is_still_counted() -> None:
    held, pms = inbox("1"), FakePms({"1": Transient("the vendor is down")})

    with pytest.raises(Transient):
        run(held, pms)

    assert held.settled == []
    assert len(held.spent) == 1


@pytest.mark.parametrize("error", [BadRecord("start: not a time"), Refused("no such thing")])
def test_one_that_cannot_be_read_is_set_aside_with_its_reason(error: SyncError) -> None:
    held = inbox("1", "2")

    run(held, FakePms({"1": error}))

    assert held.settled[0].unreadable == {"1": str(error)}
    assert held.waiting == {}


def test_an_answer_that_makes_no_sense_is_tried_again_before_it_is_set_aside() -> None:
    held, pms = inbox("1"), FakePms({"1": BrokenContract("not what was promised")})

    with pytest.raises(BrokenContract):
        run(held, pms)
    assert len(held.waiting) == 1

    run(held, pms, job=replace(JOB, failures=2))
    assert held.settled[0].unreadable == {"1": "not what was promised"}


def test_one_that_never_answers_is_set_aside_at_the_last_try_and_the_others_are_read() -> None:
    held, pms = inbox("1", "2"), FakePms({"1": Transient("it answers 500")})

    with pytest.raises(Transient):
        run(held, pms)
    assert len(held.waiting) == 2

    run(held, pms, job=replace(JOB, failures=2))
    assert held.settled[0].unreadable == {"1": "it answers 500"}
    assert list(held.settled[0].found) == ["2"]


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_pms_that_is_down_at_the_last_try_is_not_asked_for_each(count: int) -> None:
    names = [str(one) for one in range(count)]
    held, pms = inbox(*names), FakePms(dict.fromkeys(names, Transient("it is down")))

    with pytest.raises(Transient):
        run(held, pms, job=replace(JOB, failures=2))

    assert len(pms.asked) == min(count, 3)
    assert held.settled == []


def test_a_worker_that_stops_leaves_the_rest_waiting() -> None:
    stopping = Stopping()
    stopping.ask()
    held, pms = inbox("1"), FakePms({})

    with pytest.raises(HandBack):
        run(held, pms, stopping=stopping)

    assert pms.asked == []
    assert len(held.waiting) == 1


def test_a_patient_without_a_row_is_settled_without_a_request() -> None:
    held, pms = FakeInbox({uuid4(): []}), FakePms({})

    run(held, pms)

    assert pms.asked == []
    assert held.waiting == {}
