"""Open windows follow what happens, however many there are and whatever becomes of their line."""

import re

import pytest

from producers.api import events
from tests.browser.conftest import Browse

pytestmark = [pytest.mark.browser, pytest.mark.integration]

HEARTBEAT_SECONDS = 1.0


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
    assert found["same"] is True
    assert found["trouble"] == []
