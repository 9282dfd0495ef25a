"""How something that was asked for at a practice stands, as a person reads it."""

from typing import Any

import pytest

from domain.patient_links import LONE
from domain.push_words import sentence_of

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
