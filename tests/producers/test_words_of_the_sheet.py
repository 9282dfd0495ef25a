"""What the sheet's page says of rows and practices."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.sheet import ConnectionView
from producers.pages.sheet import FLAGS, practice_name

HILL = ConnectionView(
    id=UUID(int=1),
    name="Hill Clinic",
    vendor="gentu",
    timezone="UTC",
    status="on_time",
    since=datetime(2026, 1, 1, tzinfo=UTC),
    sentence="",
    last_sync_at=None,
    sync_enabled=True,
    site="t-1",
)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"name": "Dale Clinic"}, "Hill Clinic"),
        ({"vendor": "halaxy"}, "Hill Clinic (Gentu)"),
        ({"site": "t-2"}, "Hill Clinic (t-1)"),
    ],
)
def test_practices_of_one_name_are_told_apart(other: dict[str, str], said: str) -> None:
    twin = replace(HILL, id=UUID(int=2), **other)  # type: ignore[arg-type]

    assert practice_name(HILL, {one.id: one for one in (HILL, twin)}) == said


def test_where_the_pms_stands_beside_the_name_it_is_not_repeated() -> None:
    twin = replace(HILL, id=UUID(int=2), vendor="halaxy")

    assert practice_name(HILL, {1: HILL, 2: twin}, with_vendor=False) == "Hill Clinic"  # type: ignore[dict-item]


def test_a_row_without_a_time_says_where_it_stands() -> None:
    assert FLAGS["missing_time"] == "The PMS gave no time; the row stands at the start of its day."
