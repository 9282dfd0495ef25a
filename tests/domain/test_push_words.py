"""How something that was asked for at a practice stands, as a person reads it."""

from typing import Any

import pytest

from domain.patient_links import LONE
from domain.push_words import AS_IT_IS, sentence_of

DONE: dict[str, Any] = {
    "state": "done",
    "kind": "push_entry",
    "waiting_for": None,
    "result": {"sent": 0},
    "error_text": None,
    "push_state": "synced",
    "push_reason": None,
}
NEEDED = "Link the patient first. Several patients there may be meant; choose one."


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({}, "Done."),
        ({"push_state": "needs_patient", "push_reason": NEEDED}, NEEDED),
        ({"push_state": "error", "push_reason": "That time is full."}, "That time is full."),
        ({"push_state": "error", "result": {"refused": 1}}, "The practice did not take it."),
        ({"push_state": None}, "Done."),
        ({"state": "dead", "error_text": "It is gone."}, "It is gone."),
        ({"kind": "link_patient", "result": {"state": "many", "candidates": 1}}, LONE),
        ({"kind": "link_patient", "result": {"state": "linked", "candidates": 1}}, "Linked."),
    ],
)
def test_what_a_row_still_needs_is_said_instead_of_done(row: dict[str, Any], said: str) -> None:
    assert sentence_of({**DONE, **row}) == said


RANGE = {**DONE, "kind": "push_range"}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"sent": 2, "failed": 0, "waiting": 0}, "2 sent."),
        ({"sent": 0, "failed": 0}, "Nothing to send: what is here of these days is there."),
        (
            {
                "sent": 1,
                "failed": 1,
                "waiting": 0,
                "reasons": {"failed": {"AdvancedMD: that time is full": 1}, "waiting": {}},
            },
            f"1 sent, 1 failed. Failed (1): AdvancedMD: that time is full. {AS_IT_IS}",
        ),
        (
            {
                "sent": 0,
                "failed": 0,
                "waiting": 3,
                "reasons": {"waiting": {NEEDED: 2, "On its way.": 1}},
            },
            f"Nothing sent, 3 not yet. Not yet (2): {NEEDED} Not yet (1): On its way.",
        ),
    ],
)
def test_a_range_says_why_rows_were_not_sent(result: dict[str, Any], said: str) -> None:
    assert sentence_of({**RANGE, "result": result}) == said


@pytest.mark.parametrize(
    ("created", "updated", "removed", "said"),
    [
        (0, 3, 0, "3 appointments updated."),
        (0, 1, 0, "1 appointment updated."),
        (58, 0, 0, "58 new."),
        (2, 2, 1, "2 new, 2 changed, 1 removed."),
        (0, 0, 1, "1 removed."),
        (0, 0, 0, "Nothing changed."),
        (None, None, None, "Nothing changed."),
    ],
)
def test_a_pull_calls_updated_only_what_was(
    created: int | None, updated: int | None, removed: int | None, said: str
) -> None:
    counts = {"created": created, "updated": updated, "removed": removed}

    assert sentence_of({**DONE, "kind": "sync", **counts}) == said
