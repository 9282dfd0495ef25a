"""Open windows follow what happens, however many there are and whatever becomes of their line."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.accesses import ReadingLimits
from producers.api import events
from tests.browser.conftest import Browse
from tests.browser.driving import drive
from tests.producers.conftest import Clock, Site
from tests.producers.seeding import CROWDED, DAY, DEMO, seed, was_read

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OUT_OF_REACH = "The server cannot be reached, so this page stays as it is; try again in a moment."
HEARTBEAT_SECONDS = 1.0
REST_SECONDS = 25


def test_eight_windows_of_one_browser_stay_usable_and_miss_nothing(browse: Browse) -> None:
    found = browse("windows")

    assert found["usable"] == [200] * 8
    assert float(found["streams"]) == 1
    told = found["heard"][0]
    assert [kind for kind, _ in told] == ["sheet_changed"] * 2
    assert len({seq for _, seq in told}) == 2
    assert found["heard"] == [told] * 7
    assert found["late"] == [1, 1]
    assert found["ended"] == 8
    assert found["trouble"] == []


def test_a_line_that_stalls_or_ends_is_told_tried_again_and_made_good(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", HEARTBEAT_SECONDS)

    found = browse("stalling")

    assert len(found["words"]) == 2
    for word in found["words"]:
        assert re.fullmatch(r"Not live since \d\d:\d\d, trying again\.", word)
    assert found["role"] == 1
    assert found["stays"] == OUT_OF_REACH
    assert found["same"] is True
    assert found["trouble"] == []


def test_without_a_line_the_sheet_stays_whatever_is_pressed(browse: Browse) -> None:
    found = browse("out_of_reach")

    assert found["said"] == [OUT_OF_REACH] * 3
    assert found["days"] == ["2026-11-23"] * 3
    assert found["cards"] == 28
    assert (found["dimmed"], found["picked"]) == (0, "2026-11-23")
    assert (found["after"], found["chosen"]) == ("2026-11-24", "2026-11-25")


def test_a_page_of_somebody_who_read_enough_says_until_when_and_is_renewed_then(
    make_site: Callable[..., Site],
    browser_parts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turn, over = tmp_path / "turn", tmp_path / "over"

    def now(clock: Clock) -> datetime:
        """Before midnight by UTC; from the turn on, shortly before one; then after that."""
        if not turn.exists():
            return clock.now - timedelta(minutes=35)
        return clock.now + timedelta(minutes=55, seconds=1 if over.exists() else -REST_SECONDS)

    monkeypatch.setattr(Clock, "__call__", now)
    site = make_site(reading=ReadingLimits(rows_an_hour=1))
    with site.everything() as db:
        for day in (DAY, DAY + timedelta(days=1)):
            seed(db, site.seal(), CROWDED if day > DAY else DEMO, day=day)
            was_read(db, day=day)

    base, token = site.ports.base_url, site.link()
    robin = site.bearer(claims={"sub": "robin"})["Authorization"]
    found = drive(
        "too_much",
        base=base,
        token=token,
        shots=tmp_path,
        robin=robin,
        turn=str(turn),
        over=str(over),
    )

    sentence = r"This page stays as it is until \d\d:\d\d: you have read as many patient rows .*"
    assert re.fullmatch(sentence, found["word"])
    assert found["role"] == 1
    assert "0491 570 006" in found["old"]
    assert found["asked"] == 1
    assert found["trouble"] == []
