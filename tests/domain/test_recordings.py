"""How a request is known again, and how two readings of the same answers differ."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain.recordings import Made, Question, aside_of, compare
from domain.sources import Reject


def made(*rows: Mapping[str, Any], aside: tuple[str, ...] = (), status: str = "success") -> Made:
    found = Made(status=status)
    found.read(rows)
    found.set_aside(aside)
    return found


def row(pms_id: str, **told: Any) -> Mapping[str, Any]:
    return {"pms_id": pms_id, "patient_pms_id": "p", "status": "booked", **told}


def test_a_request_is_the_same_in_whatever_order_its_parameters_come() -> None:
    one, other = (Question(method="GET", path=f"/x?{asked}") for asked in ("a=1&b=", "b=&a=1"))

    assert one.key == other.key


@pytest.mark.parametrize(
    "other",
    [
        Question(method="POST", path="/x?a=1"),
        Question(method="GET", path="/y?a=1"),
        Question(method="GET", path="/x?a=2"),
        Question(method="GET", path="/x?a=1&a=1"),
        Question(method="GET", path="/x?a=1", body="{}"),
    ],
)
def test_another_request_is_another(other: Question) -> None:
    assert Question(method="GET", path="/x?a=1").key != other.key


def test_the_same_is_the_same() -> None:
    assert compare(made(row("1"), aside=("a",)), made(row("1"), aside=("a",))).is_same


def test_of_a_row_the_last_word_counts() -> None:
    assert compare(made(row("1", status="x"), row("1")), made(row("1"))).is_same


def test_differences_are_told_field_by_field() -> None:
    found = compare(made(row("1"), row("2")), made(row("2", status="arrived"), row("3")))

    assert [one["pms_id"] for one in found.only_then] == ["1"]
    assert [one["pms_id"] for one in found.only_now] == ["3"]
    assert found.changed == {"2/p": {"status": ("booked", "arrived")}}
    assert not found.is_same


def test_what_is_set_aside_otherwise_and_another_end_are_differences() -> None:
    found = compare(made(aside=("a", "b")), made(aside=("b", "c"), status="failed"))

    assert (found.aside_then, found.aside_now) == (["a"], ["c"])
    assert found.ended == ("success", "failed")


def test_a_record_without_an_id_is_named_by_where_it_stood() -> None:
    reject = Reject(pms_id=None, path="appointments[3].start", reason="not a time")

    assert aside_of("all", reject) == "all: without an id: appointments[3].start: not a time"
