"""Lays a day out: clinicians as columns on one time axis, overlapping rows side by side."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.names import clinician, is_identifier
from domain.sheet import Column, EntryView

STEP_MINUTES = 5
STEPS_PER_HOUR = 60 // STEP_MINUTES
STEPS_PER_DAY = 24 * STEPS_PER_HOUR
SHORTEST_STEPS = 3
OPENS, CLOSES = 8, 18
MOST_LANES = 12

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A row in its place: steps from the top, steps long, and its lane of so many."""

    entry: EntryView
    at: int
    steps: int
    lane: int
    is_last_lane: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardColumn:
    """One clinician's day; `timezone` is the clock its times are on.

    `connected` are the practices that say what is on the sheet, where that is known.
    """

    id: UUID | None
    name: str
    timezone: str
    cards: Sequence[Card]
    lanes: int
    is_named: bool
    connected: Collection[UUID] | None = None

    @property
    def expected(self) -> int:
        """Rows somebody still has to see."""
        return sum(is_on(card.entry) for card in self.cards)

    @property
    def undone(self) -> int:
        """Rows that the PMS lists and a person took back."""
        return sum(map(self._is_undone, self.cards))

    @property
    def taken_off(self) -> int:
        """Rows that no PMS lists, or none any more, and a person took off."""
        off = sum(card.entry.undone_at is not None for card in self.cards)
        return off - self.undone

    @property
    def overlapping(self) -> int:
        """Rows that stand at the same time as another visit of theirs."""
        return sum(bool(card.entry.overlaps) for card in self.cards)

    @property
    def telehealth(self) -> int:
        return sum(is_on(card.entry) and card.entry.is_telehealth for card in self.cards)

    def _is_undone(self, card: Card) -> bool:
        entry = card.entry
        is_left = self.connected is not None and entry.connection_id not in self.connected
        return entry.is_undone and not is_left


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A day as it is drawn: from `first_hour`, so many hours long."""

    day: date
    first_hour: int
    hours: int
    columns: Sequence[BoardColumn]
    idle: Sequence[str]


def is_on(entry: EntryView) -> bool:
    return not entry.removed and entry.status != "cancelled"


def lay_out(
    day: date,
    columns: Sequence[Column],
    entries: Iterable[EntryView],
    *,
    connected: Collection[UUID] | None = None,
) -> Board:
    """Every row in its clinician's column; those without a name, then rows without one, last."""
    held: dict[UUID | None, list[EntryView]] = {}
    for entry in entries:
        held.setdefault(entry.clinician_id, []).append(entry)
    everything = [entry for found in held.values() for entry in found]
    first, last = _hours(everything)
    known = sorted(columns, key=lambda one: is_identifier(one.name))
    named: list[tuple[UUID | None, str]] = [(one.id, one.name) for one in known]
    named.append((None, "Without a clinician"))
    return Board(
        day=day,
        first_hour=first,
        hours=last - first,
        columns=tuple(
            _column(one, name, held[one], first, connected=connected)
            for one, name in named
            if one in held
        ),
        idle=tuple(clinician(name) for one, name in named if one not in held and one is not None),
    )


def lanes(spans: Sequence[Span]) -> list[int]:
    """The first lane that is free for each span, in order; at most MOST_LANES are used."""
    ends: list[int] = []
    found = []
    for start, end in spans:
        lane = next((at for at, until in enumerate(ends) if until <= start), len(ends))
        lane = min(lane, MOST_LANES - 1)
        ends[lane : lane + 1] = [end]
        found.append(lane)
    return found


def span_of(entry: EntryView) -> Span:
    """Steps since midnight on its own clock; long enough to be read, and never past midnight."""
    local = entry.local_start
    start = (local.hour * 60 + local.minute) // STEP_MINUTES
    length = -(-entry.duration_minutes // STEP_MINUTES)
    start = min(start, STEPS_PER_DAY - SHORTEST_STEPS)
    return start, min(start + max(length, SHORTEST_STEPS), STEPS_PER_DAY)


def _hours(entries: Sequence[EntryView]) -> tuple[int, int]:
    spans = [span_of(entry) for entry in entries]
    first = min((start // STEPS_PER_HOUR for start, _ in spans), default=OPENS)
    last = max((-(-end // STEPS_PER_HOUR) for _, end in spans), default=CLOSES)
    return min(first, OPENS), max(last, CLOSES)


def _column(
    clinician_id: UUID | None,
    name: str,
    entries: Sequence[EntryView],
    first_hour: int,
    *,
    connected: Collection[UUID] | None,
) -> BoardColumn:
    # Rows that are off come after those that are on, so that they get the outer lanes.
    ordered = sorted(entries, key=lambda one: (span_of(one)[0], not is_on(one), str(one.id)))
    spans = [span_of(entry) for entry in ordered]
    found = lanes(spans)
    top = first_hour * STEPS_PER_HOUR
    cards = [
        Card(
            entry=entry,
            at=start - top,
            steps=end - start,
            lane=lane,
            is_last_lane=_is_last(spans, found, index),
        )
        for index, (entry, (start, end), lane) in enumerate(zip(ordered, spans, found, strict=True))
    ]
    return BoardColumn(
        id=clinician_id,
        name=clinician(name),
        is_named=not is_identifier(name),
        timezone=ordered[0].timezone,
        cards=tuple(cards),
        lanes=max(found) + 1,
        connected=connected,
    )


def _is_last(spans: Sequence[Span], found: Sequence[int], index: int) -> bool:
    """Nobody stands to its right, so it may take the room there."""
    start, end = spans[index]
    return not any(
        other_start < end and start < other_end and lane > found[index]
        for (other_start, other_end), lane in zip(spans, found, strict=True)
    )
