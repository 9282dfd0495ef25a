"""The judge of a town finds what is wrong, and nothing where all is well."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import uuid4

import pytest
import redis

from domain.tools import CALL_FOLLOWS, NOT_REACHED
from tests.voice.judge import Heard, Judge
from tests.voice.people import ANN, BOB, FAY, STRANGER, Person
from tests.voice.town import Message, Practice, Town, exchange

pytestmark = pytest.mark.integration


@dataclass
class Visit:
    """A practice with two patients, and what was heard of it."""

    town: Town
    people: dict[str, dict[str, Person]]
    heard: list[Heard] = field(default_factory=list)

    @property
    def practice(self) -> Practice:
        return self.town.practices[0]

    def ask(self, who: Person, tool: str, **told: str) -> None:
        message = Message(
            call_id=uuid4().hex,
            tool_call_id=uuid4().hex,
            tool=tool,
            arguments={**told, "duration": 15},
            caller=who.phone,
            practice=self.practice,
        )
        may = [one for one, known in self.people[self.practice.site].items() if known is who]
        text = self.town.ask(message)
        self.heard.append(Heard(message, text, frozenset(may), self.town.time()))

    def books(self, who: Person, when: str) -> str:
        """The appointment's id at the practice."""
        self.ask(who, "bookAppointment", startTime=f"{self.town.day}T{when}")
        return str(self.judge().writes[-1].pms_id)

    def settle(self) -> None:
        for practice in self.town.practices:
            self.town.syncs(practice)
        self.town.time.passes(10)
        self.town.works()
        self.town.works()

    def judge(self) -> Judge:
        return Judge(self.town, self.people, self.heard, set())

    def kinds(self) -> set[str]:
        self.settle()
        return {one.partition(":")[0] for one in self.judge().findings()}


@pytest.fixture
def visit(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Visit]:
    with exchange(database_url, redis_client, redis_url) as lines:
        town = Town(lines, number=0, together=False, few=True)
        people = {
            practice.site: {
                town.registers(practice, who.patient(f"4000000{one}")): who
                for one, who in enumerate((ANN, BOB))
            }
            for practice in town.practices
        }
        town.control("knobs", fastest_write=0.2, slowest_write=0.5)
        yield Visit(town, people)
        town.close()


def test_nothing_is_found_where_all_is_well(visit: Visit) -> None:
    visit.books(ANN, "09:00")
    visit.books(BOB, "10:00")

    assert visit.kinds() == set()


def test_what_was_told_as_booked_and_is_gone_is_found(visit: Visit) -> None:
    pms_id = visit.books(ANN, "09:00")
    visit.town.control(f"appointments/{pms_id}", action="cancel")

    assert "_stands" in visit.kinds()


def test_what_stands_elsewhere_than_was_told_is_found(visit: Visit) -> None:
    pms_id = visit.books(ANN, "09:00")
    visit.town.control(f"appointments/{pms_id}", action="reschedule", minutes=60)

    assert "_stands" in visit.kinds()


def test_two_of_ours_at_one_time_are_found(visit: Visit) -> None:
    visit.books(ANN, "09:00")
    pms_id = visit.books(BOB, "10:00")
    visit.town.control(f"appointments/{pms_id}", action="reschedule", minutes=-60)

    assert "_doubled" in visit.kinds()


def test_what_is_done_and_was_told_as_not_done_is_found(visit: Visit) -> None:
    visit.books(ANN, "09:00")
    visit.heard[-1] = replace(
        visit.heard[-1], text=NOT_REACHED.format(left="no appointment was made")
    )

    assert "_as_told" in visit.kinds()


def test_what_was_told_as_done_and_is_not_is_found(visit: Visit) -> None:
    visit.books(ANN, "09:00")
    visit.town.sent.of.clear()

    assert {"_as_told", "_final"} <= visit.kinds()


def test_what_left_twice_is_found(visit: Visit) -> None:
    visit.books(ANN, "09:00")
    (sent,) = visit.town.sent.of.values()
    sent.append(sent[0])

    assert "_sent_once" in visit.kinds()


def test_a_word_of_somebody_else_is_found(visit: Visit) -> None:
    visit.ask(ANN, "getPatientInfo")
    visit.heard[-1] = replace(visit.heard[-1], text="This is the record of Bartholomew.")

    assert "_whispers" in visit.kinds()


def test_a_time_of_somebody_else_is_found(visit: Visit) -> None:
    visit.books(BOB, "10:00")
    visit.ask(ANN, "getPatientInfo")
    visit.heard[-1] = replace(visit.heard[-1], text="The next appointment is at 10 am.")

    assert "_whispers" in visit.kinds()


def test_a_booking_for_somebody_unproved_is_found(visit: Visit) -> None:
    visit.books(ANN, "09:00")
    visit.heard[-1] = replace(visit.heard[-1], may=frozenset())

    assert "_for_whom" in visit.kinds()


def test_whoever_is_told_no_end_is_found(visit: Visit) -> None:
    visit.books(ANN, "09:00")
    visit.heard[-1] = replace(visit.heard[-1], text="It is not final yet.")

    assert "_ends" in visit.kinds()


def test_what_is_left_behind_is_found(visit: Visit) -> None:
    visit.books(ANN, "09:00")
    visit.town.rows("UPDATE slot_holds SET expires_at = NULL RETURNING id")
    visit.town.rows("UPDATE jobs SET state = 'dead' WHERE kind = 'answer_tool_call' RETURNING id")

    found = visit.judge().findings()

    assert any("still held" in one for one in found)
    assert any("is dead" in one for one in found)


def test_two_bookings_of_one_call_are_found(visit: Visit) -> None:
    visit.books(ANN, "09:00")
    visit.books(BOB, "10:00")
    # The database itself refuses a second one that was not called off.
    visit.town.rows("UPDATE pms_writes SET call_id = 'one', called_off_at = now() RETURNING id")

    assert "_of_a_call" in visit.kinds()


def test_an_alarm_without_cause_is_found(visit: Visit) -> None:
    """A text that the book has it otherwise, while it has it as it was asked for."""
    pms_id = visit.books(ANN, "09:00")
    visit.town.control(f"appointments/{pms_id}", action="reschedule", minutes=60)
    visit.settle()
    visit.town.time.passes(timedelta(hours=2).total_seconds())
    visit.town.works()
    visit.town.control(f"appointments/{pms_id}", action="reschedule", minutes=-60)

    assert "_alarms" in {one.partition(":")[0] for one in visit.judge().findings()}


def test_what_was_booked_onto_an_appointment_that_stood_there_is_found(visit: Visit) -> None:
    pms_id = visit.books(ANN, "09:00")
    site = visit.practice.site
    (ours,) = [one for one in visit.judge().book.values() if one["id"] == pms_id]
    made = visit.town.control(
        "appointments",
        tenant=site,
        practitioner_id=ours["practitioner_id"],
        start_utc=ours["start_utc"],
        minutes=15,
        patient_ids=[],
    )
    visit.settle()

    judge = replace(visit.judge(), was_there={(site, str(made["id"]))})

    assert "_doubled" in {one.partition(":")[0] for one in judge.findings()}


def test_a_call_that_was_promised_and_is_on_no_list_is_found(visit: Visit) -> None:
    visit.town.control("writebacks", next=[{"fate": "done", "seconds": 300}])
    visit.ask(ANN, "bookAppointment", startTime=f"{visit.town.day}T09:00")
    visit.ask(
        replace(ANN, phone=STRANGER),
        "bookAppointment",
        startTime=f"{visit.town.day}T09:00",
        **ANN.claims(),
    )
    assert CALL_FOLLOWS in visit.heard[-1].text
    visit.town.control("writebacks/finish")

    assert "_promises" not in visit.kinds()
    visit.town.rows("UPDATE tool_calls SET call_back = NULL RETURNING id")
    assert "_promises" in visit.kinds()


def test_who_is_registered_twice_is_found(visit: Visit) -> None:
    visit.ask(replace(FAY, phone=STRANGER), "createPatient", **FAY.claims())
    judge = visit.judge()
    judge.writes.append(judge.writes[-1])

    assert "_registered" in {one.partition(":")[0] for one in judge.findings()}
