"""CSV cells: whatever somebody typed is text, and text it stays."""

import csv
import io

import pytest

from producers.as_csv import cell, csv_answer

SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
FORMULAS = [
    f"{blank}{sign}{body}"
    for sign in SIGNS
    for blank in ("", " ", "\u00a0", "\ufeff")
    for body in ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://x")', "SUM(A1:A9)", "", "x", "9")
]


def test_no_formula_survives() -> None:
    assert len(FORMULAS) > 150
    assert [one for one in FORMULAS if not cell(one).startswith("'")] == []


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (7, "7"), ("Ann's", "Ann's"), ("a=b", "a=b")]
)
def test_what_is_no_formula_stays_as_it_is(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_file_is_read_back_as_it_was_written() -> None:
    body = bytes(csv_answer("x.csv", ["a", "b"], [['say "hi", then\nleave', "=1"]]).body).decode()

    rows = list(csv.reader(io.StringIO(body.removeprefix("\ufeff"), newline="")))

    assert rows == [["a", "b"], ['say "hi", then\nleave', "'=1"]]
