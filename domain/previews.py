"""What a dry run told would happen, set against what then did."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

Line = Mapping[str, Any]

GOOD_FOR = timedelta(hours=24)
"""How long a preview may be approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How many changes were made that nobody previewed, and how many previewed ones were not."""

    more: int
    fewer: int

    @property
    def sentence(self) -> str:
        if not self.more and not self.fewer:
            return "as previewed"
        told = []
        if self.more:
            told.append(f"{_changes(self.more, 'more ')} than previewed")
        if self.fewer:
            told.append(f"{self.fewer} previewed {_noun(self.fewer)} no longer needed")
        return "; ".join(told)


def removed_ids(lines: Iterable[Line]) -> frozenset[UUID]:
    """The rows whose removal was previewed."""
    return frozenset(UUID(str(one["id"])) for one in lines if one["what"] == "remove")


def difference(previewed: Sequence[Line], done: Sequence[Line]) -> Difference:
    """A change to other values than those previewed is one more, and one that was not made."""
    told, made = set(map(_key, previewed)), set(map(_key, done))
    return Difference(more=len(made - told), fewer=len(told - made))


def _key(line: Line) -> str:
    return json.dumps(line, sort_keys=True, default=str)


def _changes(count: int, extra: str) -> str:
    return f"{count} {extra}{_noun(count)}"


def _noun(count: int) -> str:
    return "change" if count == 1 else "changes"
