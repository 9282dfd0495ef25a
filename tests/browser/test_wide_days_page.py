"""A day of very many columns, as somebody of a large group uses it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from domain.wide import AT_ONCE
from tests.browser.driving import drive
from tests.producers.conftest import Site
from tests.producers.seeding import seed
from tests.producers.test_wide_days import COLUMNS, LAST, NORTH, SOUTH

ELSEWHERE = "Ann Example 11"
pytestmark = [pytest.mark.browser, pytest.mark.integration]


def test_of_very_many_columns_a_part_is_shown_renewed_searched_and_chosen(
    browser_parts: Path, make_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = make_site()
    with site.everything() as db:
        ids = seed(db, site.seal(), [SOUTH, NORTH])

    found = drive(
        "wide",
        base=str(site.client.base_url).rstrip("/"),
        token=site.link(),
        shots=tmp_path,
        elsewhere=ELSEWHERE,
        last=str(ids[LAST]),
        column="Dr Example 002",
    )

    others = COLUMNS - AT_ONCE
    assert found["first"] == [AT_ONCE, f"Columns 1 to {AT_ONCE} of {COLUMNS}"]
    assert found["second"] == [others, f"Columns {AT_ONCE + 1} to {COLUMNS} of {COLUMNS}"]
    assert found["live"] == found["second"]
    assert found["nobody"].endswith("in the columns shown.")
    assert found["elsewhere"] == f"{ELSEWHERE} 09:00 · Dr Example 011"
    assert found["opened"] == ELSEWHERE
    assert found["offered"] == 1
    assert found["chosen"] == [1, "Columns 1 to 1 of 1 chosen"]
    assert found["remembered"] == 1
    assert found["widths"] == [390, 390]
    assert found["trouble"] == []
