"""What was done to a row of the sheet, as readers get it: who, when, from what to what."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as of_class
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One field of a step: what it showed before and after."""

    field: str
    was: Any = of_class(repr=False)
    became: Any = of_class(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One step; `can_undo` while nothing of it was changed since, `reason` what was said of it."""

    id: int
    what: str
    by: str
    at: datetime
    moves: Sequence[Moved]
    can_undo: bool
    reason: str | None = of_class(default=None, repr=False)
