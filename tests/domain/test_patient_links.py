"""Who of a practice's patients somebody of ours may be, and how that is said."""

from dataclasses import replace
from datetime import date

import pytest

from domain.appointments import Patient
from domain.desk import Cut, PatientCard
from domain.patient_links import LONE, REASONS, TOO_MANY, LinkState, Person, choose, said_of

ADA = Person(name="Ada Example", date_of_birth="1980-02-03")


def card(name: str, born: str | None, *, pms_id: str = "1") -> PatientCard:
    return PatientCard(patient=Patient(pms_id=pms_id, full_name=name, date_of_birth=born))


@pytest.mark.parametrize("born", [None, "1990-01-01"])
def test_one_patient_whose_birth_date_does_not_agree_is_not_several(born: str | None) -> None:
    choice = choose(ADA, [card("Ada Example", born)])

    assert choice.state is LinkState.MANY
    assert choice.reason == LONE
    assert "Several" not in LONE


def test_somebody_without_a_birth_date_is_chosen_by_a_person() -> None:
    unborn = Person(name="Ada Example")

    choice = choose(unborn, [card("Ada Example", "1980-02-03")])

    assert unborn.born is None and ADA.born == date(1980, 2, 3)
    assert (choice.pms_patient_id, choice.reason) == (None, LONE)


def test_two_who_may_be_meant_are_several() -> None:
    two = [card("Ada Example", None), card("Ada Example", None, pms_id="2")]

    choice = choose(ADA, two)

    assert choice.reason == REASONS[LinkState.MANY]


def test_name_and_birth_date_of_one_alone_link_without_asking() -> None:
    choice = choose(ADA, [card("EXAMPLE,ADA", "1980-02-03"), card("Ada Example", None, pms_id="2")])

    assert (choice.state, choice.pms_patient_id) == (LinkState.LINKED, "1")
    assert said_of(choice.state, candidates=2) == "Linked."


def test_a_record_that_the_practice_has_put_away_is_nobody() -> None:
    retired = replace(card("Ada Example", "1980-02-03"), is_active=False)
    current = card("Ada Example", "1980-02-03", pms_id="2")

    assert choose(ADA, [retired]).state is LinkState.NOT_FOUND
    choice = choose(ADA, [retired, current])

    assert (choice.state, choice.pms_patient_id) == (LinkState.LINKED, "2")
    assert [one.pms_id for one in choice.candidates] == ["2"]


def test_of_twins_nobody_is_linked_without_asking() -> None:
    twins = [card("Ada Example", "1980-02-03"), card("Eve Example", "1980-02-03", pms_id="2")]

    choice = choose(ADA, twins)

    assert (choice.state, choice.pms_patient_id) == (LinkState.MANY, None)


def test_another_name_with_that_birth_date_is_proposed_and_not_linked() -> None:
    choice = choose(ADA, [card("Adelaide Example", "1980-02-03")])

    assert (choice.state, choice.pms_patient_id) == (LinkState.PROPOSED, "1")


def test_nobody_is_linked_without_asking_where_not_all_were_looked_through() -> None:
    choice = choose(ADA, Cut([card("Ada Example", "1980-02-03")]))

    assert choice.state is LinkState.PROPOSED
    assert choice.reason == TOO_MANY
