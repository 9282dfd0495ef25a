"""What the sheet's page says of rows and practices."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.fields import ASSUMED
from domain.sheet import ConnectionView, Origin, OtherValue
from producers.pages.sheet import FLAGS, origin_of, practice_name
from tests.test_judging import on_the_sheet

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
    assert (
        FLAGS["missing_time"] == "The PMS gave no time; the row is shown at the start of its day."
    )


@pytest.mark.parametrize(
    ("source", "by", "said"),
    [
        ("pms", None, "The PMS says 30 min."),
        ("ocr", "Robin Desk", "The scan says 30 min."),
        ("ocr", ASSUMED, "The usual length is 30 min."),
        ("manual", "Robin Desk", "Robin Desk had set 30 min."),
    ],
)
def test_the_other_value_is_told_of_whoever_gave_it(source: str, by: str | None, said: str) -> None:
    other = OtherValue(value=30, source=source, at=HILL.since, by=by)
    origin = Origin(source="manual", at=HILL.since, by="Sam Owner", other=other)
    row = on_the_sheet(provenance={"duration_minutes": origin})

    assert origin_of(row, "duration_minutes", {}).endswith(said)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"source": "manual"}, "Entered by hand."),
        ({"source": "ocr"}, "Read from a scan."),
        ({"source": "pms", "pms_last_synced_at": HILL.since}, "From Gentu, synced "),
        ({"source": "pms", "pms_last_synced_at": None}, "From Gentu."),
    ],
)
def test_a_value_nobody_changed_is_told_by_whence_its_row_came(
    row: dict[str, Any], said: str
) -> None:
    entry = on_the_sheet(connection_id=HILL.id, **row)

    assert origin_of(entry, "patient_phone", {HILL.id: HILL}).startswith(said)
