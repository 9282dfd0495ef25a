"""Names as callers spell them."""

import pytest

from domain.spelling import family_unspelt, given_unspelt, number_unspelt, whole_unspelt


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("B-E-L-L-B-I-R-D", "Bellbird"),
        ("B E L L B I R D", "Bellbird"),
        ("b, e, l, l, b, i, r, d", "Bellbird"),
        ("B. E. L. L. B. I. R. D.", "Bellbird"),
        ("B as in Bravo, E, double L, B, I, R, D", "Bellbird"),
        ("Belbird, B-E-L-L-B-I-R-D", "Bellbird"),
        ("Bellbird B E double L B I R D", "Bellbird"),
        ("van der M-E-U-L-E-N", "van der Meulen"),
        ("Smith J-O-N-E-S", "Smith Jones"),
        ("N-G", "Ng"),
        ("M-Ü-L-L-E-R", "Müller"),
        ("Bellbird", "Bellbird"),
        ("Smith-Jones", "Smith-Jones"),
        ("O", "O"),
        ("de la O", "de la O"),
        ("O'Neil", "O'Neil"),
    ],
)
def test_a_spelt_family_name_is_the_name(told: str, name: str) -> None:
    assert family_unspelt(told) == name


@pytest.mark.parametrize(
    ("told", "name"),
    [("A-N-N", "Ann"), ("A N N A", "Anna"), ("J R", "J R"), ("J. R. R.", "J. R. R."), ("Jo", "Jo")],
)
def test_a_spelt_given_name_is_the_name_and_initials_stay(told: str, name: str) -> None:
    assert given_unspelt(told) == name


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Clementine B-E-L-L-B-I-R-D", "Clementine Bellbird"),
        ("Clementine Bellbird, B E L L B I R D", "Clementine Bellbird"),
        ("Bob B-A-K-E-R", "Bob Baker"),
        ("Bob Baker B-A-K-E-R", "Bob Baker"),
        ("J. R. R. Tolkien", "J. R. R. Tolkien"),
        ("Tolkien, J. R. R.", "Tolkien, J. R. R."),
        ("Nguyen, V A N", "Nguyen, Van"),
        ("Ann Ames", "Ann Ames"),
        ("Ames, Ann", "Ames, Ann"),
    ],
)
def test_the_family_name_of_a_whole_one_may_be_spelt(told: str, name: str) -> None:
    assert whole_unspelt(told) == name


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("two zero two five five five zero one four three", "2025550143"),
        ("Two oh two, triple five, 0 1 4 3", "2025550143"),
        ("plus one 202 double five 5 0143", "+12025550143"),
        ("(202) 555-0143", "(202) 555-0143"),
        ("202 555 0143 extension two", "202 555 0143 extension two"),
        ("the same one", "the same one"),
    ],
)
def test_a_telephone_number_may_be_told_figure_by_figure(told: str, number: str) -> None:
    assert number_unspelt(told) == number
