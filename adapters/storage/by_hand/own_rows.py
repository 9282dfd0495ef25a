"""Rows that were scanned or typed: each finds its visit, or becomes a row of its own."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.by_hand.hand_changes import Change
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.putting_back import way
from adapters.storage.practices import connections
from adapters.storage.sheet import linking, overlaps
from adapters.storage.sheet.entries import EntrySeal, RowLike
from adapters.storage.sheet.rewriting import write_changes
from domain import merge
from domain.appointments import Status
from domain.fields import ASSUMED, Cell, Cells, Given, Source
from domain.visits import KEPT_APART, MAY_BE_DOUBLE, Visit, find, repeats

USUAL_MINUTES = 30


class Outcome(StrEnum):
    CREATED = "created"
    LINKED = "linked"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One appointment as somebody typed it or a scan showed it: only the fields that were given."""

    source: Source
    timezone: str
    values: Mapping[str, Any] = field(repr=False)
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refused:
    """A line of a scan that cannot be an appointment, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The row that now stands for it."""

    id: UUID
    linked: bool
    outcome: Outcome


@dataclass(slots=True)
class _Held:
    """A row near the visit, as it is now and as it will be written."""

    row: RowLike
    before: Cells
    after: Cells
    visits: Sequence[Visit]
    columns: dict[str, Any] = field(default_factory=dict)
    linked: list[UUID] = field(default_factory=list)
    is_new: bool = False

    @property
    def id(self) -> UUID:
        found: UUID = self.row["id"]
        return found

    @property
    def linked_to(self) -> UUID | None:
        found: UUID | None = self.columns.get("linked_to", self.row["linked_to"])
        return found

    @property
    def flags(self) -> Collection[str]:
        found: Collection[str] = self.columns.get("flags", self.row["flags"])
        return found

    @property
    def is_removed(self) -> bool:
        return self.row["removed_at"] is not None

    @property
    def is_changed(self) -> bool:
        return bool(self.is_new or self.columns or self.linked) or self.before != self.after


def place(
    db: Db, seal: EntrySeal, given: Sequence[Entry | Refused], *, hand: Hand
) -> list[Placed | Refused]:
    """Each of them on the sheet once, however often it is told, in one transaction."""
    linking.alone(db, hand.account_id)
    blocking = overlaps.alone(db, hand.account_id)
    told = [one for one in given if isinstance(one, Entry)]
    placing = _Placing(db, seal, told, hand=hand)
    placed = [placing.place(one) if isinstance(one, Entry) else one for one in given]
    changes = placing.changes()
    overlaps.refuse(db, changes, account_id=hand.account_id, blocking=blocking)
    write_changes(db, seal, changes, hand=hand)
    record(
        db,
        hand.access,
        account_id=hand.account_id,
        action="run_sheet.added",
        phi_fields=sorted({name for one in told for name in one.values}),
        summary=_summary(placed),
    )
    return placed


class _Placing:
    """The rows near what was told, and what becomes of them one after the other."""

    def __init__(self, db: Db, seal: EntrySeal, told: Sequence[Entry], *, hand: Hand) -> None:
        self._db = db
        self._seal = seal
        self._hand = hand
        self._known = linking.known_clinicians(db)
        rows = linking.around(db, [one.values["start"] for one in told], account_id=hand.account_id)
        self._held = {row["id"]: self._opened(row) for row in rows}

    def changes(self) -> list[Change]:
        """What is to be written; the rows of the PMS first, because others point to them."""
        changed = [one for one in self._held.values() if one.is_changed]
        return [self._change(one) for one in sorted(changed, key=lambda one: one.is_new)]

    def place(self, told: Entry) -> Placed:
        visit = linking.visit_of(told.values, timezone=told.timezone, known=self._known)
        own = self._told_before(told, visit)
        if own is None:
            return self._new(told, visit)
        if own.is_removed:
            return Placed(id=own.id, linked=False, outcome=Outcome.UNCHANGED)
        target = self._held.get(own.linked_to) if own.linked_to else None
        if target is not None:
            return self._laid_over(target, told, otherwise=Outcome.LINKED)
        return self._again(own, told)

    def _told_before(self, told: Entry, visit: Visit) -> _Held | None:
        """A row of our own that a scan or a person made of the same visit."""
        near = [one for one in self._held.values() if self._may_repeat(one, told)]
        same = [one for one in near if any(repeats(held, visit) for held in one.visits)]
        if same:
            return min(same, key=lambda one: (one.is_removed, one.linked_to is None, one.id))
        found = find(visit, _visits(near))
        return self._held[found.key] if found.key else None

    def _may_repeat(self, one: _Held, told: Entry) -> bool:
        """A scan remembers what it showed; a person means what stands on the sheet now."""
        if linking.is_of_pms(one.row):
            return False
        if told.source is Source.OCR:
            return not one.is_removed or bool(one.row["undone"])
        return not one.is_removed and one.linked_to is None

    def _new(self, told: Entry, visit: Visit) -> Placed:
        found = find(visit, self._listed(told))
        own = [one for one in self._held.values() if self._may_repeat(one, told)]
        is_doubtful = found.is_doubtful or find(visit, _visits(own)).is_doubtful
        row = self._blank(told, doubtful=is_doubtful and found.key is None)
        made = _Held(row, {}, _cells(told, self._hand), [visit], is_new=True)
        self._held[made.id] = made
        if found.key is None:
            return Placed(id=made.id, linked=False, outcome=Outcome.CREATED)
        made.columns["linked_to"] = found.key
        target = self._held[found.key]
        target.linked.append(made.id)
        self._laid_over(target, told, otherwise=Outcome.LINKED)
        return Placed(id=target.id, linked=True, outcome=Outcome.LINKED)

    def _again(self, own: _Held, told: Entry) -> Placed:
        """More of the same: it may now be clear which row of the PMS is meant."""
        placed = self._laid_over(own, told, otherwise=Outcome.UPDATED)
        if told.source is Source.MANUAL and not own.row["is_manual_entry"]:
            own.columns |= {"source": Source.MANUAL.value, "is_manual_entry": True}
        if KEPT_APART in own.flags:
            return placed
        shown = merge.shown(own.after)
        visit = linking.visit_of(shown, timezone=own.row["timezone"], known=self._known)
        found = find(visit, self._listed(told))
        if found.key is None:
            return placed
        target = self._held[found.key]
        own.columns["linked_to"] = target.id
        target.linked.append(own.id)
        target.after = merge.join(target.after, own.after, **self._way(target)).cells
        return Placed(id=target.id, linked=True, outcome=Outcome.LINKED)

    def _way(self, target: _Held) -> dict[str, Any]:
        """As a page of its practice would settle it; one that was left has no say any more."""
        held = connections.load(self._db, target.row["pms_connection_id"], even_removed=True)
        return way(held) if not held.is_removed else {}

    def _laid_over(self, one: _Held, told: Entry, *, otherwise: Outcome) -> Placed:
        """A scan fills gaps; what a person gives is an edit."""
        after = _told_to(one.after, told, self._hand)
        is_same = after == one.after
        one.after = after
        outcome = Outcome.UNCHANGED if is_same else otherwise
        return Placed(id=one.id, linked=linking.is_of_pms(one.row), outcome=outcome)

    def _listed(self, told: Entry) -> list[tuple[UUID, Visit]]:
        """Rows of the PMS; a scan may be older than a removal, a person knows what they type."""
        return _visits(
            one
            for one in self._held.values()
            if linking.is_of_pms(one.row)
            and one.linked_to is None
            and (not one.is_removed or (told.source is Source.OCR and not one.row["undone"]))
        )

    def _opened(self, row: RowLike) -> _Held:
        cells = self._seal.cells(row)
        visits = linking.visits_of(row, cells, known=self._known)
        return _Held(row, cells, cells, visits)

    def _blank(self, told: Entry, *, doubtful: bool) -> dict[str, Any]:
        """The columns beside the cells."""
        flags = told.flags | ({MAY_BE_DOUBLE} if doubtful else frozenset())
        return {
            "id": uuid4(),
            "account_id": self._hand.account_id,
            "pms_patient_id": "",
            # What a scan shows is what the PMS has: where it is found again once a person moves it.
            "pms_start": told.values["start"] if told.source is Source.OCR else None,
            "pms_connection_id": None,
            "pms_last_synced_at": None,
            "source": told.source.value,
            "is_manual_entry": told.source is Source.MANUAL,
            "timezone": told.timezone,
            "flags": sorted(flags),
            "removed_at": None,
            "undone": False,
            "undone_fields": [],
            "linked_to": None,
            "version": 0,
            "created_at": self._hand.at,
            "updated_at": self._hand.at,
            "appointment_time": told.values["start"],
        }

    def _change(self, one: _Held) -> Change:
        what = "created" if one.is_new else _what(one)
        return Change(
            row=one.row,
            before=one.before,
            after=one.after,
            what=what,
            columns=one.columns,
            linked=one.linked,
        )


def _visits(rows: Iterable[_Held]) -> list[tuple[UUID, Visit]]:
    return [(one.id, visit) for one in rows for visit in one.visits]


def _what(one: _Held) -> str | None:
    if one.linked:
        return "linked"
    return "added" if one.before != one.after else None


def _cells(told: Entry, hand: Hand) -> Cells:
    """What a row of its own begins with: what was given, and what no row can do without."""
    assumed = {
        "duration_minutes": USUAL_MINUTES,
        "status": Status.BOOKED.value,
        "is_telehealth": False,
    }
    cells = {
        name: Cell.of(Given(value, Source.OCR, hand.at, ASSUMED)) for name, value in assumed.items()
    }
    return _told_to(cells, told, hand)


def _told_to(cells: Cells, told: Entry, hand: Hand) -> Cells:
    if told.source is Source.OCR:
        return merge.ocr(cells, told.values, at=hand.at).cells
    for name, value in told.values.items():
        cells = merge.edit(cells, name, value, by=hand.by, at=hand.at).cells
    return cells


def _summary(placed: Sequence[Placed | Refused]) -> str:
    words = [one.outcome.value if isinstance(one, Placed) else "rejected" for one in placed]
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
