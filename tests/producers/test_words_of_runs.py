"""What a run did, in a line: counts, or why there are none."""

from dataclasses import fields, replace
from typing import Any

import pytest

from adapters.storage.runs.runs import LoggedRun
from producers.pages.sync import DONE, counted

UNKNOWN: dict[str, Any] = dict.fromkeys(one.name for one in fields(LoggedRun))
NOTHING: dict[str, Any] = dict.fromkeys(["fetched", "conflicts", *DONE], 0)
RUN = LoggedRun(**UNKNOWN | NOTHING | {"status": "success"})


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"status": "running"}, "nothing read yet"),
        ({}, "no appointments"),
        ({"status": "failed", "error_message": "it cannot be reached"}, "it cannot be reached"),
        ({"fetched": 3}, "3 read: nothing to change"),
        ({"fetched": 3, "conflicts": 1}, "3 read: 1 conflict"),
        (
            {"fetched": 3, "error_message": "9 would leave, so none did."},
            "3 read: 9 would leave, so none did",
        ),
    ],
)
def test_a_line_tells_what_came_or_why_nothing_did(told: dict[str, Any], words: str) -> None:
    assert counted(replace(RUN, **told)) == words
