"""Names shown, and names recognised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.names import Confidence, Suggestion, clinician, display, spoken, suggestion

NOBODY = Suggestion(None, Confidence.NONE)


def meant(name: str, *candidates: str) -> tuple[str | None, str]:
    """The candidate's name instead of its key, to read easily."""
    found = suggestion(name, {str(number): other for number, other in enumerate(candidates)})
    return (candidates[int(found.match)] if found.match else None, found.confidence.value)


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ({"prefix": "Dr", "given": "Ludwig", "family": "van der Berg"}, "Dr Ludwig van der Berg"),
        ({"given": " Ann ", "family": "O'Example"}, "Ann O'Example"),
        ({"given": "Anne-Marie", "family": "de  la Cruz"}, "Anne-Marie de la Cruz"),
        ({"family": "Smith"}, "Smith"),
        ({"prefix": None, "given": "", "family": None}, ""),
    ],
)
def test_a_name_is_shown_in_reading_order(parts: dict[str, str | None], shown: str) -> None:
    assert display(**parts) == shown


@pytest.mark.parametrize(
    "other",
    [
        "Dr. John Smith",
        "SMITH, John",
        "Smith, Dr John",
        "SMITH John",
        "JOHN SMITH",
        "john  smith",
        "Dr John Smith MBBS FRACGP",
        "John Smith, MD",
        "Smith, John, MD",
        "Assoc. Prof. John Smith (Cardiology)",
    ],
)
def test_the_same_name_written_otherwise_is_exact(other: str) -> None:
    assert meant("Dr John Smith", "Dr Jane Smith", other) == (other, "exact")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("José García", "Jose Garcia"),
        ("Sean O’Brien", "Sean O'Brien"),  # noqa: RUF001 - what vendors send
        ("Anne-Marie Li", "Anne Marie Li"),
        ("Sarah Smith-Jones", "Sarah Smith Jones"),
        ("Dr Ludwig van der Berg", "VAN DER BERG, Ludwig"),
        ("Ludwig van der Berg", "Van Der Berg, Dr Ludwig"),
        ("Van Nguyen", "NGUYEN, Van"),
        ("Dr Smith", "Smith"),
        ("Dr van der Berg", "VAN DER BERG"),
        ("J.A. Smith", "J A Smith"),
        ("Anh Do", "DO, Anh"),
        ("Maria de la Cruz", "DE LA CRUZ Maria"),
    ],
)
def test_accents_hyphens_and_particles_do_not_matter(name: str, other: str) -> None:
    assert meant(name, other) == (other, "exact")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Dr. John Smith", "Dr Smith"),
        ("Dr Smith", "John Smith"),
        ("John A Smith", "John Smith"),
        ("John A Smith", "John Andrew Smith"),
        ("J Smith", "John Smith"),
        ("Dr JA Smith", "John Andrew Smith"),
        ("Dr van der Berg", "Ludwig van der Berg"),
    ],
)
def test_a_name_that_says_less_is_likely(name: str, other: str) -> None:
    assert meant(name, "Ann Example", other) == (other, "likely")
    assert meant(other, "Ann Example", name) == (name, "likely")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("John Smith", "Jane Smith"),
        ("John Smith", "John Smythe"),
        ("John B Smith", "John C Smith"),
        ("John Smith", "Smith Jones"),
        ("", "John Smith"),
        ("Dr", "Dr"),
    ],
)
def test_a_different_name_is_none(name: str, other: str) -> None:
    assert meant(name, other) == (None, "none")


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("Dr Smith", ("John Smith", "Jane Smith")),
        ("J Smith", ("John Smith", "Jane Smith")),
        ("John Smith", ("John Smith", "Dr John Smith")),
        ("John Smith", ("John A Smith", "John B Smith")),
    ],
)
def test_two_equally_good_ones_are_none(name: str, candidates: tuple[str, ...]) -> None:
    assert meant(name, *candidates) == (None, "none")


def test_the_better_of_two_likely_ones_is_taken() -> None:
    assert meant("John Smith", "Dr Smith", "J Smith") == ("J Smith", "likely")
    assert meant("John Smith", "J Smith", "John A Smith") == ("John A Smith", "likely")


def test_nobody_to_choose_from_is_none() -> None:
    assert suggestion("John Smith", {}) == NOBODY


@given(name=st.text(), candidates=st.dictionaries(st.text(max_size=3), st.text()))
def test_any_text_gets_an_answer_from_among_the_candidates(
    name: str, candidates: dict[str, str]
) -> None:
    found = suggestion(name, candidates)

    assert (found.match is None) is (found.confidence is Confidence.NONE)
    assert found.match is None or found.match in candidates


@given(name=st.text(), candidates=st.lists(st.text(), max_size=4))
def test_the_order_of_candidates_does_not_matter(name: str, candidates: list[str]) -> None:
    keyed = {str(number): other for number, other in enumerate(candidates)}

    assert suggestion(name, keyed) == suggestion(name, dict(reversed(keyed.items())))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("0b9f6c1e-5d2a-4c3f-9a77-3f1e2d4c8a55", "Unnamed clinician (…8a55)"),
        ("0B9F6C1E5D2A4C3F9A773F1E2D4C8A55", "Unnamed clinician (…8A55)"),
        ("1027", "Unnamed clinician (…1027)"),
        ("", "Unnamed clinician"),
        ("Dr Ann Example", "Dr Ann Example"),
        ("Room 2", "Room 2"),
        ("王医生", "王医生"),
    ],
)
def test_an_id_is_never_shown_as_a_name(name: str, shown: str) -> None:
    assert clinician(name) == shown


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("ANN AMES", "Ann Ames"),
        ("SEAN O'NEIL", "Sean O'Neil"),
        ("JOHN MCALLISTER", "John McAllister"),
        ("ANNA VAN DYK-SMITH", "Anna van Dyk-Smith"),
        ("John McAllister", "John McAllister"),
        ("Dr. ANN Ames", "Dr. ANN Ames"),
        ("", ""),
    ],
)
def test_a_name_in_capitals_is_spoken_in_ordinary_case(kept: str, said: str) -> None:
    assert spoken(kept) == said
