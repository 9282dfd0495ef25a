"""Overlapping visits in words, and side by side for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.overlaps import span
from domain.sheet import EntryView, OtherVisit, Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """Two visits that overlap, as far as they stand on the sheet that is shown."""

    start: datetime
    end: datetime
    entries: Sequence[EntryView]

    @property
    def when(self) -> str:
        return span(self.start, self.end, self.entries[0].timezone)


def side_by_side(sheet: Sheet) -> Sequence[SideBySide]:
    """Every overlap of the sheet, the earliest first."""
    known = {one.id: one for one in sheet.entries}
    return [
        SideBySide(
            start=one.start,
            end=one.end,
            entries=[known[key] for key in one.appointments if key in known],
        )
        for one in sorted(sheet.overlaps, key=lambda one: one.start)
    ]


def warning(entry: EntryView, others: Sequence[OtherVisit]) -> str | None:
    """What a visit overlaps, if anything: one sentence that names nobody but the clinician."""
    if not others:
        return None
    own = span(entry.start, entry.end, entry.timezone)
    return f"{own} overlaps {_so_many(others)} of {entry.clinician}, {_times(entry, others)}."


def in_short(entry: EntryView) -> str:
    """Beside a visit: when the other ones are."""
    return f"Overlaps {_so_many(entry.overlaps)}: {_times(entry, entry.overlaps)}"


def _so_many(others: Sequence[OtherVisit]) -> str:
    return "another appointment" if len(others) == 1 else f"{len(others)} other appointments"


def _times(entry: EntryView, others: Sequence[OtherVisit]) -> str:
    return " and ".join(span(one.start, one.end, entry.timezone) for one in others)
