"""The week at the command line."""

import pytest
from sqlalchemy import create_engine, text

from tests.console.conftest import Shell

pytestmark = pytest.mark.integration

TOLD = """
{"timezone": "UTC", "this": {"syncs": 8, "complete": 6, "later_code_knows": 1},
 "before": {"syncs": 5, "complete": 5}}
"""


def test_the_newest_week_is_told_beside_the_one_before(
    shell: Shell, connected: str, database_url: str
) -> None:
    assert "first comes on Monday" in shell("summary").out
    engine = create_engine(database_url)
    with engine.begin() as db:
        db.execute(
            text(
                "INSERT INTO sync_summaries (account_id, week, told)"
                " VALUES ('default', '2026-11-09', CAST(:told AS jsonb))"
            ),
            {"told": TOLD},
        )
    engine.dispose()

    shown = shell("summary").out
    told = shell.answer("summary", "--week", "2026-11-15")["summary"]

    assert "9 to 15 Nov 2026, UTC time" in shown
    assert "75.0%" in shown
    figures = [line for line in shown.splitlines() if line.startswith((" Syncs ", " Ended "))]
    assert len({len(line.rstrip()) for line in figures}) == 1, "the numbers end below each other"
    assert (told["week"], told["this"]["syncs"], told["before"]["syncs"]) == ("2026-11-09", 8, 5)
    assert shell.answer("summary", "--week", "2026-11-16")["summary"] is None


def test_the_week_that_goes_on_is_counted_and_not_kept(shell: Shell, connected: str) -> None:
    told = shell.answer("summary", "--so-far")["summary"]

    assert told["this"]["syncs"] == 0
    assert told["this"]["late_minutes"] == 0, "the days to come broke no promise yet"
    assert told["timezone"] != "UTC"
    assert shell.answer("summary")["summary"] is None
