"""A name of which nothing is left to compare is nobody's, and the same as no other."""

from datetime import date
from unicodedata import normalize
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.appointments import Patient
from domain.desk import PatientCard
from domain.names import Likeness, called, is_unheard, likeness, read, suggestion, turned
from domain.patient_links import LinkState, Person, choose
from domain.sameness import again
from domain.verification import Claim, fitting, proved_by
from domain.wishes import NewPatient, Write
from domain.writes import KeptWrite, NewWrite, WriteState

BORN = date(1985, 3, 2)
EMPTY = st.one_of(
    st.text(
        st.sampled_from("😀❤\ufe0f\u200d\u200b.-'\u2019()!?*#_~\u0301\u0308\u05b8\u064e\u0940 "),
        min_size=1,
    ),
    # Some signs are letters in another shape: a trade mark is a T and an M.
    st.text(st.characters(categories=["P", "S", "M", "Z", "C"]), min_size=1).filter(
        lambda name: not any(one.isalnum() for one in normalize("NFKD", name))
    ),
    st.sampled_from(["\u3164", "\u02bb\u02bc \u115f", "\ua78c\u180b"]),
    st.sampled_from(["(Ann Ames)", "...", "\u2014", "- -", "\U0001f642, \U0001f642"]),
)
ANY = st.one_of(EMPTY, st.text(), st.sampled_from(["Ann Ames", "AMES, Ann", "Dr", "Mr Ames"]))


def card(name: str, *, pms_id: str = "PAT-1") -> PatientCard:
    return PatientCard(
        patient=Patient(pms_id=pms_id, full_name=name, date_of_birth=BORN.isoformat())
    )


@given(name=EMPTY, other=ANY)
def test_it_agrees_with_no_name_whichever_way_round_it_is_read(name: str, other: str) -> None:
    nothing, told = read(name), read(other)

    assert nothing.words == ()
    for one, two in ((nothing, told), (told, nothing)):
        assert likeness(one, two) is Likeness.UNLIKE
        assert turned(one, two) is Likeness.UNLIKE
    assert suggestion(name, {"a": other}).match is None
    assert called(name, {"a": other}) == []


@given(name=EMPTY.filter(is_unheard), other=ANY)
def test_whoever_says_it_is_no_patient_that_is_proven(name: str, other: str) -> None:
    claims = (
        Claim(full_name=name),
        Claim(first_name=name),
        Claim(last_name=name),
        Claim(first_name=name, last_name=name),
        Claim(first_name="Ann", last_name=name),
        Claim(first_name=name, last_name="Ames"),
        Claim(patient_id="PAT-1", full_name=name, date_of_birth=BORN),
    )

    for claim in claims:
        assert fitting(claim, [card(other), card(name)]) == []
        assert proved_by(claim, [card(other), card(name)]) is None


@pytest.mark.parametrize("title", ["Dr", "Mrs", "Dr.", "Mr Mr"])
def test_a_title_alone_is_no_name_that_was_said(title: str) -> None:
    claim = Claim(first_name=title, last_name="Ames")

    assert [one.patient.pms_id for one in fitting(claim, [card("Ann Ames")])] == ["PAT-1"]


def registered(first: str, last: str) -> NewPatient:
    return NewPatient(first_name=first, last_name=last, date_of_birth=BORN)


@given(name=EMPTY, other=st.one_of(ANY, st.just("Ames")))
def test_two_who_are_registered_by_it_are_two(name: str, other: str) -> None:
    connection = uuid4()
    asked = NewWrite(
        connection_id=connection,
        write=Write(wish=registered(name, "Ames")),
        key="new",
        asked_by="call",
        trace_id="t",
        once=True,
    )
    earlier = [
        KeptWrite(
            id=uuid4(),
            account_id="default",
            connection_id=connection,
            state=WriteState.CONFIRMED,
            write=Write(wish=wish),
            key="old",
            confirmation="K7M000",
        )
        for wish in (registered(name, "Ames"), registered("Ames", name), registered(other, "Ames"))
    ]

    assert again(asked, earlier) is None


@given(name=EMPTY, other=EMPTY)
def test_two_of_a_birthday_are_one_person_only_as_they_are_written(name: str, other: str) -> None:
    one, two = (Person(name=each, date_of_birth=BORN.isoformat()) for each in (name, other))

    assert (one.key == two.key) is (name == other)
    assert choose(one, [card(name)]).state is not LinkState.LINKED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("सीता शर्मा", "सता शर्मा"),
        ("ดี ใจ", "ดู ใจ"),
        ("ガン タロウ", "カン タロウ"),
        ("কবি রায়", "কবা রায়"),
    ],
)
def test_marks_that_are_letters_of_their_script_tell_two_names_apart(one: str, other: str) -> None:
    assert likeness(read(one), read(other)) is not Likeness.EXACT
    assert likeness(read(one), read(one)) is Likeness.EXACT


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoë Šimić", "Zoe Simic"),
        ("Nguyễn Thị Hường", "Nguyen Thi Huong"),
        ("שָׂרָה כֹּהֵן", "שרה כהן"),
        ("مُحَمَّد علي", "محمد علي"),
        ("Zoe\u0308 Ames", "Zo\u00eb Ames"),
        ("Ann\ufe0f Ames", "Ann Ames"),
        ("Leilani Ka\u02bbahumanu", "Leilani Ka'ahumanu"),
        ("Ana O\u02bcBrien", "Ana O\u2019Brien"),
        ("\u182a\u180b\u1820 \u1830\u180d", "\u182a\u1820 \u1830"),
    ],
)
def test_marks_that_may_be_left_out_tell_nobody_apart(one: str, other: str) -> None:
    assert likeness(read(one), read(other)) is Likeness.EXACT
