"""A preview and what came of it, compared line by line."""

from typing import Any
from uuid import UUID

import pytest

from domain.previews import difference, removed_ids

ADD = {"what": "add", "id": str(UUID(int=1)), "start": "2026-06-02 00:00:00+00:00"}
CHANGE = {"what": "change", "id": str(UUID(int=2)), "changed": {"status": ["booked", "arrived"]}}
REMOVE = {"what": "remove", "id": str(UUID(int=3))}
OTHER = {**CHANGE, "changed": {"status": ["booked", "cancelled"]}}


@pytest.mark.parametrize(
    ("told", "done", "sentence"),
    [
        ([], [], "as previewed"),
        ([ADD, CHANGE], [CHANGE, ADD], "as previewed"),
        ([CHANGE, CHANGE], [CHANGE], "as previewed"),
        ([ADD], [ADD, REMOVE], "1 more change than previewed"),
        ([], [ADD, CHANGE, REMOVE], "3 more changes than previewed"),
        ([ADD, REMOVE], [ADD], "1 previewed change no longer needed"),
        (
            [CHANGE],
            [OTHER],
            "1 more change than previewed; 1 previewed change no longer needed",
        ),
    ],
)
def test_the_difference_in_a_sentence(
    told: list[dict[str, Any]], done: list[dict[str, Any]], sentence: str
) -> None:
    assert difference(told, done).sentence == sentence


def test_only_previewed_removals_are_approved() -> None:
    assert removed_ids([ADD, CHANGE, REMOVE]) == {UUID(int=3)}
