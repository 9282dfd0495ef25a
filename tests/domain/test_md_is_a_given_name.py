"""Md (Mohammad) is a given name; letters after a name are only what follows a whole one."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.appointments import Patient
from domain.desk import PatientCard
from domain.names import LETTERS, Likeness, likeness, read, spoken, suggestion
from domain.patient_links import LinkState, Person, choose
from domain.verification import Claim, proved_by
from workers.calls.identity import names_of

BORN = date(1985, 3, 2)
WORDS = st.sampled_from(["Ann", "Ames", "Rahman", "Md", "Md.", "MD", "M.D.", "PhD", "van", "AMES"])
LETTERED = st.lists(
    st.sampled_from([*sorted(LETTERS), *(one.upper() for one in sorted(LETTERS))]), max_size=3
)
MD_RAHMAN = PatientCard(
    patient=Patient(
        pms_id="PAT-1", first_name="Md", last_name="Rahman", date_of_birth=BORN.isoformat()
    )
)


@pytest.mark.parametrize(
    "claim",
    [
        Claim(full_name="Md Rahman", date_of_birth=BORN),
        Claim(full_name="Md. Rahman", date_of_birth=BORN),
        Claim(full_name="Rahman, Md", date_of_birth=BORN),
        Claim(full_name="Mr Md Rahman", date_of_birth=BORN),
        Claim(first_name="MD", last_name="Rahman", date_of_birth=BORN),
    ],
)
@pytest.mark.parametrize("family", ["Rahman", "RAHMAN"])
def test_whoever_is_called_md_proves_who_they_are(claim: Claim, family: str) -> None:
    patient = Patient(
        pms_id="PAT-1", first_name="Md.", last_name=family, date_of_birth=BORN.isoformat()
    )
    in_one = Patient(pms_id="PAT-2", full_name=f"{family}, Md", date_of_birth=BORN.isoformat())

    for one in (patient, in_one):
        found = proved_by(claim, [PatientCard(patient=one)])
        assert found is not None
        assert found.patient == one


def test_it_stays_a_given_name_before_a_family_name_of_two_words() -> None:
    told = Claim(first_name="Md", last_name="Ali Khan", date_of_birth=BORN)

    assert told.name.given == ("md",)
    assert told.name.family == ("ali", "khan")
    assert told.is_complete


def test_another_of_the_family_name_is_not_taken_for_them() -> None:
    for other in ("Ann Rahman", "Rahman"):
        claim = Claim(full_name=other, date_of_birth=BORN)
        assert proved_by(claim, [MD_RAHMAN]) is None
    assert likeness(read("Rahman, Md"), read("Rahman, Ann")) is Likeness.UNLIKE


def test_a_row_of_theirs_is_linked_to_them_and_to_nobody_else() -> None:
    born = BORN.isoformat()

    for name in ("Rahman, Md", "Md Rahman", "RAHMAN Md"):
        assert choose(Person(name=name, date_of_birth=born), [MD_RAHMAN]).state is LinkState.LINKED
    alone = Person(name="Rahman", date_of_birth=born)
    assert choose(alone, [MD_RAHMAN]).state is LinkState.PROPOSED


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("Md Rahman", ("Md", "Rahman")),
        ("Rahman, Md", ("Md", "Rahman")),
        ("John Smith, MD", ("John", "Smith")),
        ("John Smith MD", ("John", "Smith")),
        ("Dr. Jane Roe", ("Jane", "Roe")),
        ("ROE Jane Mary", ("Jane Mary", "ROE")),
        ("Mrs Maria de la Cruz, PhD", ("Maria", "de la Cruz")),
    ],
)
def test_they_are_registered_by_the_two_parts_of_their_name(
    said: str, parts: tuple[str, str]
) -> None:
    assert names_of(Claim(full_name=said)) == parts


@pytest.mark.parametrize(
    ("first", "last", "parts"),
    [
        ("Dr. Jane", "Roe", ("Jane", "Roe")),
        ("Jane", "Roe MD", ("Jane", "Roe")),
        ("Md", "Rahman", ("Md", "Rahman")),
        ("Ann Marie", "van der Berg", ("Ann Marie", "van der Berg")),
        ("Ann", "Ames, Jr", ("Ann", "Ames Jr")),
        ("Miss", "Roe", ("Miss", "Roe")),
    ],
)
def test_titles_and_letters_beside_the_two_parts_are_not_registered(
    first: str, last: str, parts: tuple[str, str]
) -> None:
    assert names_of(Claim(first_name=first, last_name=last)) == parts


@pytest.mark.parametrize("written", ["Md", "Md.", "MD", "Mohd", "Mohammed", "Muhammad"])
@pytest.mark.parametrize("said", ["Mohammad", "Muhammed", "Md"])
def test_it_is_the_name_it_is_short_for_whichever_letters_that_is_written_in(
    written: str, said: str
) -> None:
    patient = Patient(
        pms_id="PAT-1", first_name=written, last_name="Rahman", date_of_birth=BORN.isoformat()
    )
    told = Claim(first_name=said, last_name="Rahman", date_of_birth=BORN)

    assert proved_by(told, [PatientCard(patient=patient)]) is not None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Mohammad Rahman", "Mahmud Rahman"),
        ("Mohammad Rahman", "Md Rehman"),
        ("Mohammad Karim Rahman", "Md Abdul Rahman"),
        ("Ann Mohammad", "Ann Md Ames"),
    ],
)
def test_no_other_name_is_taken_for_it(said: str, written: str) -> None:
    assert likeness(read(said), read(written)) is Likeness.UNLIKE


def test_two_of_that_name_and_birthday_are_told_apart_by_nobody() -> None:
    both = [
        PatientCard(
            patient=Patient(
                pms_id=name, first_name=name, last_name="Rahman", date_of_birth=BORN.isoformat()
            )
        )
        for name in ("Md", "Mohammad")
    ]

    assert proved_by(Claim(full_name="Mohammed Rahman", date_of_birth=BORN), both) is None


def test_their_name_in_capitals_is_spoken_as_a_name() -> None:
    assert spoken("MD RAHMAN") == "Md Rahman"
    assert spoken("JOHN SMITH MD") == "John Smith MD"


@pytest.mark.parametrize("name", ["Dr Smith, MD", "Dr. Smith MBBS", "Prof Smith, MBBS, PhD"])
def test_a_doctor_by_family_name_and_letters_is_still_known(name: str) -> None:
    assert suggestion("Dr Smith", {"a": name, "b": "Dr Ames"}).match == "a"
    assert read(name) == read("Smith")


@given(words=st.lists(WORDS, min_size=2, max_size=5), comma=st.integers(0, 4))
def test_of_two_words_or_more_two_are_left_and_the_first_is_one_of_them(
    words: list[str], comma: int
) -> None:
    told = [f"{word}," if at == comma else word for at, word in enumerate(words)]
    name = read(" ".join(told))

    assert len(name.words) >= 2
    assert set(read(words[0]).words) <= set(name.words)


@given(letters=LETTERED, joined=st.sampled_from([" ", ", "]))
def test_letters_after_a_whole_name_are_none_of_it(letters: list[str], joined: str) -> None:
    told = joined.join(["Ann Ames", *letters])

    assert read(told) == read("Ann Ames")
    assert read(joined.join(["Ames, Ann", *letters])) == read("Ann Ames")
