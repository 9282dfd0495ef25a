"""Which rows are one visit: cases that people argue about, and laws over all of them."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.names import read
from domain.visits import DOUBTFUL, NEAR, UNRELATED, Found, Visit, evidence, find, repeats

AT = datetime(2026, 6, 2, 9, tzinfo=UTC)
NAIR, TOM = UUID(int=1), UUID(int=2)
HOME, OTHER = "+61390000001", "+61390000002"


def visit(name: str | None = None, minutes: int = 0, **told: Any) -> Visit:
    words = read(name) if name else None
    return Visit(starts=(AT + timedelta(minutes=minutes),), name=words, **told)


ADA = visit("Ada Example", phone=HOME, date_of_birth="1970-01-01", clinician=NAIR)


@pytest.mark.parametrize(
    "other",
    [
        visit("Ada Example"),
        visit("EXAMPLE, Ada"),
        visit("Mrs A Example"),
        visit("Ada Example", 10),
        visit("Ada Example", -5, clinician=NAIR),
        visit("Ada Exampel", phone=HOME),
        visit("Ada Examp1e", phone=HOME),
        visit("Example", clinician=NAIR),
        visit("Example", 5, phone=HOME),
        visit("Ada Example", phone=OTHER),
        visit("Ada Example", phone=HOME, date_of_birth="1979-01-01"),
        visit(phone=HOME),
        visit(date_of_birth="1970-01-01"),
    ],
    ids=repr,
)
def test_these_are_one_visit(other: Visit) -> None:
    assert evidence(ADA, other) > DOUBTFUL


@pytest.mark.parametrize(
    "other",
    [
        visit("Ben Example", phone=HOME),
        visit("Ada Example", date_of_birth="1979-01-01"),
        visit("Example", 5),
        visit("Ada Exampel"),
        visit(phone=HOME, date_of_birth="1979-01-01"),
    ],
    ids=repr,
)
def test_of_these_a_person_has_to_say(other: Visit) -> None:
    assert evidence(ADA, other) == DOUBTFUL


@pytest.mark.parametrize(
    "other",
    [
        visit("Ada Example", 11),
        visit("Ada Example", clinician=TOM),
        visit("Ben Nobody"),
        visit(),
        visit(phone=OTHER),
        visit("Tim Example", phone=OTHER),
    ],
    ids=repr,
)
def test_these_are_two(other: Visit) -> None:
    assert evidence(ADA, other) == UNRELATED


TURNED = [
    ("Mei Mallacoota", "MALLACOOTA MEI"),
    ("Amelie da Silvestre", "DA SILVESTRE AMELIE"),
    ("Amelie da Silvestre", "SILVESTRE AMELIE"),
    ("Thuy Eastmarch", "Eastmarch Thuy"),
    ("Anne-Marie Sampleton", "SAMPLETON ANNEMARIE"),
    ("Søren Müllerby", "MULLERBY SOREN"),
    ("Mei Mallacoota", "MALLACOTA MEI"),
    ("Mei Mallacoota", "MALLACOOTA M"),
    ("Jo Ann Longford Hill", "LONGFORD HILL JO ANN"),
    ("Jo Ann Longford-Hill", "Ann Jo Longford Hill"),
]


@pytest.mark.parametrize(("name", "scanned"), TURNED)
def test_a_name_the_other_way_round_is_one_visit_in_the_same_slot(name: str, scanned: str) -> None:
    one = visit(name, clinician=NAIR, phone=HOME)

    assert evidence(one, visit(scanned, clinician=NAIR)) > DOUBTFUL
    assert evidence(one, visit(scanned, 5, phone=HOME)) > DOUBTFUL


@pytest.mark.parametrize(("name", "scanned"), TURNED)
def test_a_name_the_other_way_round_alone_is_for_a_person_to_say(name: str, scanned: str) -> None:
    assert evidence(visit(name), visit(scanned, 5)) == DOUBTFUL


@pytest.mark.parametrize("other", ["Mei Nobody", "NOBODY MALLACOOTA", "Mallacoota Tom"])
def test_another_first_name_is_another_patient_either_way_round(other: str) -> None:
    assert evidence(visit("Mei Mallacoota", clinician=NAIR), visit(other, clinician=NAIR)) == (
        UNRELATED
    )


PARTS = ["mei", "thuy", "zoë", "søren", "josé", "anne-marie", "o'hara", "da", "van", "longford"]


def plainly(name: str) -> str:
    """As a screen without marks shows it."""
    kept = unicodedata.normalize("NFKD", name.replace("ø", "o"))
    return "".join(letter for letter in kept if not unicodedata.combining(letter))


DRESSES: list[Callable[[str], str]] = [str, str.upper, str.title, plainly]


@given(data=st.data(), words=st.lists(st.sampled_from(PARTS), min_size=2, max_size=4, unique=True))
def test_the_same_name_in_any_order_and_dress_is_never_missed(
    data: st.DataObject, words: list[str]
) -> None:
    order = data.draw(st.permutations(words))
    dress = data.draw(st.sampled_from(DRESSES))
    clinician = data.draw(st.sampled_from([None, NAIR]))
    one = visit(" ".join(words).title(), clinician=clinician)
    scanned = visit(dress(" ".join(order)), clinician=clinician)

    found = find(scanned, [("row", one)])

    assert found.key == "row" or found.is_doubtful
    assert found.key == "row" or clinician is None


def test_short_names_that_differ_by_a_letter_are_two_people() -> None:
    tim, tom = (visit(name, phone=HOME) for name in ("Tim Lee", "Tom Lee"))

    assert evidence(tim, tom) == DOUBTFUL


def test_a_visit_is_found_by_either_of_its_times() -> None:
    moved = replace(ADA, starts=(AT + timedelta(hours=2), AT))

    assert find(visit("Ada Example"), [("a", moved)]) == Found("a")


def test_the_better_of_two_is_meant_and_of_equals_none() -> None:
    son, mother = visit("Ben Example", 5, phone=HOME), visit("Ada Example", phone=HOME)
    scan = visit("Ada Example", 5, phone=HOME)

    assert find(scan, [("son", son), ("mother", mother)]) == Found("mother")
    assert find(scan, [("one", mother), ("two", mother)]) == Found(None, is_doubtful=True)
    assert find(scan, [("early", mother), ("now", scan)]) == Found("now")
    assert find(scan, [("son", son)]) == Found(None, is_doubtful=True)
    assert find(scan, [("both", son), ("both", mother), ("both", son)]) == Found("both")
    assert find(scan, []) == Found(None)


def test_a_reading_without_a_name_repeats_itself_and_is_nobodys_visit() -> None:
    lunch = visit()

    assert repeats(lunch, lunch)
    assert not repeats(lunch, visit(minutes=5))
    assert find(lunch, [("a", lunch)]) == Found(None)


def test_nothing_of_the_patient_is_in_a_repr() -> None:
    assert "ada" not in repr(ADA).lower()
    assert HOME not in repr(ADA)


NAMES = st.sampled_from(
    [None, "Ada Example", "A Example", "Example", "Ben Example", "Ada Exampel", "Tim Lee"]
)
VISITS = st.builds(
    visit,
    NAMES,
    st.integers(-15, 15),
    phone=st.sampled_from([None, HOME, OTHER]),
    date_of_birth=st.sampled_from([None, "1970-01-01", "1979-01-01"]),
    clinician=st.sampled_from([None, NAIR, TOM]),
)


@given(one=VISITS, other=VISITS)
def test_it_does_not_matter_which_came_first(one: Visit, other: Visit) -> None:
    assert evidence(one, other) == evidence(other, one)


@given(one=VISITS, other=VISITS)
def test_nothing_far_apart_or_of_another_clinician_is_one(one: Visit, other: Visit) -> None:
    apart = abs(one.starts[0] - other.starts[0]) > NEAR
    other_clinician = None not in (one.clinician, other.clinician) and (
        one.clinician != other.clinician
    )
    assume(apart or other_clinician)

    assert evidence(one, other) == UNRELATED


@given(one=VISITS)
def test_whoever_is_named_is_their_own_visit(one: Visit) -> None:
    named = one.name is not None or one.phone is not None or one.date_of_birth is not None
    weak = one.name == read("Example") and not (one.phone or one.date_of_birth or one.clinician)
    assume(named and not weak)

    assert evidence(one, one) > DOUBTFUL
    assert repeats(one, one)


@given(one=VISITS, others=st.lists(VISITS, max_size=5), dice=st.randoms())
def test_the_order_of_the_others_does_not_matter(
    one: Visit, others: list[Visit], dice: Any
) -> None:
    keyed = list(enumerate(others))
    shuffled = dice.sample(keyed, len(keyed))

    assert find(one, keyed) == find(one, shuffled)


@given(one=VISITS, others=st.lists(VISITS, max_size=5))
def test_what_is_found_is_alike_and_no_other_is_as_much(one: Visit, others: list[Visit]) -> None:
    found = find(one, enumerate(others))

    if found.key is not None:
        best = evidence(one, others[found.key])
        assert best > DOUBTFUL
        assert all(evidence(one, other) <= best for other in others)
        assert not found.is_doubtful


@given(one=VISITS, other=VISITS)
def test_more_said_alike_is_never_less(one: Visit, other: Visit) -> None:
    """A phone that agrees takes nothing away."""
    bare = [replace(each, phone=None) for each in (one, other)]
    both = [replace(each, phone=HOME) for each in (one, other)]

    assert evidence(*both) >= evidence(*bare)
