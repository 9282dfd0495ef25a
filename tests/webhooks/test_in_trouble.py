"""Webhooks late, twice, out of order or for nothing, a vendor that is down, and a poll beside."""

import random
import threading
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from domain.jobs import JobState
from tests.webhooks.practice import Practice
from tests.webhooks.truth import assert_equals_the_pms
from workers.here import run_here

pytestmark = pytest.mark.integration


@dataclass
class Bustle:
    """Changes, deliveries, copies of them, polls and refetches, each beside the others."""

    clinic: Practice
    dice: random.Random
    beside: list[threading.Thread] = field(default_factory=list)

    def step(self) -> None:
        clinic = self.clinic
        happenings = [clinic.heard, clinic.let_time_pass, self.live, self.poll, self.refetch]
        self.dice.choice([*happenings, self.send_again])()

    def live(self) -> None:
        self.clinic.control("live", changes=3, seed=self.dice.random())

    def send_again(self) -> None:
        count = self.dice.randint(1, 4)
        self.clinic.control("webhooks/replay", count=count, backwards=True)

    def poll(self) -> None:
        self._run(self.clinic.put_sync())

    def refetch(self) -> None:
        for job_id in self.clinic.jobs("ready"):
            self._run(job_id)

    def join(self) -> None:
        for thread in self.beside:
            thread.join(timeout=30)
            assert not thread.is_alive()

    def _run(self, job_id: int) -> None:
        thread = threading.Thread(target=run_here, args=(self.clinic.parts, job_id))
        self.beside.append(thread)
        thread.start()


def test_old_news_that_comes_late_brings_the_newest_state(clinic: Practice) -> None:
    pms_id, earlier = clinic.somebody(), clinic.clock - timedelta(hours=1)
    clinic.change(pms_id, action="reschedule", minutes=20)
    clinic.change(pms_id, action="cancel")
    clinic.heard()
    clinic.work()

    clinic.notify(pms_id, event="created", at=earlier)
    clinic.control("webhooks/replay", count=2, backwards=True)
    clinic.heard()
    clinic.work()

    assert_equals_the_pms(clinic)


def test_what_came_within_the_last_second_is_read_after_it(clinic: Practice) -> None:
    """Its stamp has whole seconds: a change yet to come in this one would be taken for a repeat."""
    pms_id = clinic.somebody()
    clinic.notify(pms_id)
    clinic.execute("UPDATE jobs SET due_at = now() WHERE state = 'ready'")
    asked = len(clinic.requests())

    assert run_here(clinic.parts, clinic.jobs("ready")[0]) is JobState.DONE

    assert clinic.deliveries()[0]["state"] == "stored"
    assert len(clinic.requests()) == asked
    assert len(clinic.jobs("ready")) == 1
    assert clinic.work() == [JobState.DONE]
    assert clinic.deliveries()[0]["state"] == "done"


def test_two_changes_of_one_second_both_arrive(clinic: Practice) -> None:
    """Nobody moves the clocks here: the job comes when it comes."""
    clinic.let_time_pass()
    pms_id = clinic.somebody()
    clinic.change(pms_id, action="reschedule", minutes=20)
    clinic.heard()
    clinic.change(pms_id, action="cancel")
    clinic.heard()

    assert run_here(clinic.parts, clinic.jobs("ready")[0]) is JobState.DONE

    assert [one["times"] for one in clinic.deliveries()] == [2]
    assert_equals_the_pms(clinic)


def test_a_patient_is_never_remembered_from_an_earlier_look(clinic: Practice) -> None:
    pms_id = clinic.somebody()
    for last in ("Quillfeather", "Brambleworth"):
        clinic.change(pms_id, action="rename", last=last)
        clinic.heard()
        clinic.work()

        assert_equals_the_pms(clinic)


@pytest.mark.parametrize("fault", ["500", "reset", "429"])
def test_a_vendor_in_trouble_is_asked_again_later(clinic: Practice, fault: str) -> None:
    clinic.change(clinic.somebody(), action="cancel")
    clinic.heard()
    clinic.control(
        "faults",
        scripts=[{"fault": fault, "times": 1, "path": "/main/Appointment/", "seconds": 1}],
    )

    assert clinic.work() == [JobState.DONE]
    assert_equals_the_pms(clinic)


def test_a_vendor_that_stays_down_leaves_it_to_the_next_sync(clinic: Practice) -> None:
    clinic.change(clinic.somebody(), action="cancel")
    clinic.heard()
    clinic.control("faults", scripts=[{"fault": "500", "times": 50, "path": "/main/Appointment/"}])

    assert clinic.work() == [JobState.DEAD]

    [delivery] = clinic.deliveries()
    assert (delivery["state"], bool(delivery["note"])) == ("dead", True)
    clinic.desk.delete("/_sim/faults")
    clinic.sync()
    assert_equals_the_pms(clinic)


def test_a_dead_delivery_can_be_replayed(clinic: Practice) -> None:
    clinic.change(clinic.somebody(), action="cancel")
    clinic.heard()
    clinic.execute(
        "UPDATE deliveries SET state = 'dead'; UPDATE jobs SET state = 'dead' WHERE state = 'ready'"
    )

    clinic.replay(clinic.deliveries()[0]["id"])
    clinic.work()

    assert clinic.deliveries()[0]["state"] == "done"
    assert_equals_the_pms(clinic)


def test_one_that_cannot_be_read_does_not_hold_up_the_others(clinic: Practice) -> None:
    good = clinic.somebody()
    bad = next(key[0] for key in clinic.rows() if key[0] != good)
    clinic.control(
        "faults",
        scripts=[{"fault": "html", "times": 9, "path": f"/main/Appointment/{bad}"}],
    )
    clinic.notify(bad)
    clinic.change(good, action="cancel")
    clinic.heard()

    assert clinic.work() == [JobState.DONE]

    assert [one["state"] for one in clinic.deliveries()] == ["dead", "done"]


def test_a_refused_key_asks_for_a_person(clinic: Practice) -> None:
    clinic.control(f"tenants/{clinic.tenant}", is_open=False)
    clinic.notify(clinic.somebody())

    assert clinic.work() == [JobState.DEAD]

    [connection] = clinic.select("SELECT state FROM pms_connections")
    assert connection["state"] == "NEEDS_SIGN_IN"
    assert clinic.deliveries()[0]["state"] == "dead"


def test_a_sync_that_waits_half_way_does_not_undo_what_a_webhook_brought(
    clinic: Practice,
) -> None:
    """It noted a row down to leave; meanwhile the row was found to belong."""
    [key] = [key for key in clinic.rows() if key[0] == clinic.somebody()]
    row = clinic.rows()[key]["id"]
    sync = clinic.put_sync()
    clinic.execute(
        "INSERT INTO pms_removal_candidates (account_id, run_id, appointment_id, is_listed)"  # noqa: S608
        f" SELECT account_id, id, '{row}', true FROM pms_sync_log LIMIT 1"
    )

    clinic.notify(key[0])
    clinic.work()

    assert clinic.select("SELECT 1 FROM pms_removal_candidates") == []
    assert run_here(clinic.parts, sync) is JobState.DONE
    assert_equals_the_pms(clinic)


def test_news_that_comes_between_a_polls_reading_and_its_writing_is_not_lost(
    clinic: Practice,
) -> None:
    """The poll has read its page and asks for patients one by one; what it holds is old by then."""
    pms_id = clinic.somebody()
    clinic.control("knobs", include_gaps=1.0)
    clinic.gate.closes_before = 6
    poll = threading.Thread(target=run_here, args=(clinic.parts, clinic.put_sync()))
    poll.start()
    assert clinic.gate.closed.wait(timeout=10)

    clinic.change(pms_id, action="cancel")
    clinic.heard()
    clinic.let_time_pass()
    [refetch] = clinic.jobs("ready")
    during_the_poll = clinic.attempt(refetch)
    clinic.gate.open.set()
    poll.join(timeout=30)

    assert during_the_poll is None
    assert clinic.attempt(refetch) is JobState.DONE
    assert_equals_the_pms(clinic)


@pytest.mark.parametrize("seed", range(8))
def test_polls_and_webhooks_in_any_order_end_at_the_truth(clinic: Practice, seed: int) -> None:
    bustle = Bustle(clinic, random.Random(seed))  # noqa: S311 - a test's dice
    clinic.control("knobs", webhook_copies=bustle.dice.choice([1, 2]))

    for _ in range(10):
        bustle.step()
    bustle.join()
    clinic.heard()
    clinic.work()

    assert clinic.jobs("ready", "running", "dead") == []
    assert_equals_the_pms(clinic)
