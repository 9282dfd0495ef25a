"""Sikka's feed of changes: of several words on one appointment the last counts."""

from dataclasses import dataclass, replace
from typing import Any

from adapters.rest.envelope import Contents
from adapters.sikka.offices import ENVELOPE

Key = tuple[str, str]
"""The practice and its number: practices of one office may number alike."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The feed in no order that is documented.

    `words` holds when each appointment was told of last, for whoever reads several pages.
    """

    label: str = "items"
    words: dict[Key, str] | None = None

    def open(self, body: Any) -> Contents:
        contents = ENVELOPE.open(body)
        words = {} if self.words is None else self.words
        kept: dict[Any, Any] = {}
        older: list[Any] = []
        for index, one in enumerate(contents.items):
            key, at = _told(one)
            if key is None:
                kept[index] = one
            elif at >= words.get(key, ""):
                words[key], kept[key] = at, one
            else:
                older.append(one)
        return replace(contents, items=list(kept.values()), passed_over=older)


def _told(one: Any) -> tuple[Key | None, str]:
    told = one if isinstance(one, dict) else {}
    number = told.get("appointment_sr_no")
    at = told.get("loadeddate") or ""
    # What does not say when it was told is no newer and no older than the others.
    key = (str(told.get("practice_id") or ""), str(number)) if number else None
    return (key, at) if isinstance(at, str) else (None, "")
