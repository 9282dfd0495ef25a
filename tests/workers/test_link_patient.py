"""Nobody is linked without asking where there may be more of their name than were looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from domain.appointments import Patient
from domain.desk import PatientCard, PatientQuery
from domain.jobs import Job
from domain.patient_links import Choice, Link, LinkState, Person
from tests.workers.test_check_connection import JOB, NOW
from workers.handlers.link_patient import MOST_LOOKED_AT, link_patient

BORN = "1970-01-02"
LINK = Link(
    id=UUID(int=1),
    connection_id=UUID(int=2),
    person=Person(name="Ann Example", date_of_birth=BORN),
    state=LinkState.PENDING,
    pms_patient_id=None,
    candidates=(),
    reason=None,
    linked_by=None,
    synced_at=None,
    updated_at=NOW,
)


@dataclass
class Practice:
    """Whose patients all have one name, and one of them that birth date."""

    patients: int
    link: Link = LINK
    is_paused: bool = False
    kept: list[Choice] = field(default_factory=list)

    def open(self, job: Job) -> "Practice":
        return self

    def search(self, query: PatientQuery) -> Sequence[PatientCard]:
        ann = Patient(pms_id="0", first_name="Ann", last_name="Example")
        others = [PatientCard(patient=replace(ann, pms_id=str(n))) for n in range(1, self.patients)]
        return [PatientCard(patient=replace(ann, date_of_birth=BORN)), *others][: query.limit]

    def keep(self, choice: Choice) -> None:
        self.kept.append(choice)

    def release(self) -> None:
        raise AssertionError("nobody is linked yet")


@pytest.mark.parametrize(
    ("patients", "state"),
    [
        (1, LinkState.LINKED),
        (MOST_LOOKED_AT - 1, LinkState.LINKED),
        (MOST_LOOKED_AT, LinkState.PROPOSED),
        (MOST_LOOKED_AT + 9, LinkState.PROPOSED),
    ],
)
def test_of_as_many_as_were_asked_for_nobody_is_the_only_one(
    patients: int, state: LinkState
) -> None:
    practice = Practice(patients)

    link_patient(JOB, links=practice)

    assert [choice.state for choice in practice.kept] == [state]
