"""Rows that a person took off the sheet go back on it.

Where another practice lists the visit by now, its row stands for it, with what was typed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage import left_visits, linking
from adapters.storage.entries import EntrySeal
from adapters.storage.hands import Hand
from adapters.storage.rewriting import Change, write_changes
from domain import merge
from domain.visits import KEPT_APART

BACK: Mapping[str, Any] = {"removed_at": None, "undone": False}
_TARGETS = text("SELECT * FROM run_sheet_appointments WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """Rows that go back, and those of other practices that stand for some of them."""

    back: Sequence[Change]
    joined: Sequence[Change]
    met: linking.Met

    @property
    def seen(self) -> Sequence[Change]:
        """What the sheet will show: of a visit that is listed again, the row that stands for it."""
        behind = {row["id"] for row, _ in self.met.pairs}
        return [*self.joined, *(one for one in self.back if one.row["id"] not in behind)]

    def without(self, ids: Collection[UUID]) -> "Returning":
        """But for these, and for what stands behind these."""
        stay = {*ids, *(row["id"] for row, target in self.met.pairs if target in ids)}
        return Returning(
            back=[one for one in self.back if one.row["id"] not in stay],
            joined=[one for one in self.joined if one.row["id"] not in stay],
            met=linking.Met(
                [one for one in self.met.pairs if one[0]["id"] not in stay],
                [row for row in self.met.doubtful if row["id"] not in stay],
            ),
        )


def returning(db: Db, seal: EntrySeal, rows: Sequence[RowMapping], *, account_id: str) -> Returning:
    """What becomes of these rows; take the lock of `linking.alone` first."""
    met = left_visits.meet_stored(db, seal, list(filter(_may_meet, rows)), account_id=account_id)
    return Returning(
        back=[_back(seal, row) for row in rows], joined=joined(db, seal, met.pairs), met=met
    )


def write(db: Db, seal: EntrySeal, found: Returning, *, hand: Hand) -> None:
    write_changes(db, seal, [*found.back, *found.joined], hand=hand)
    linking.doubt(db, found.met.doubtful, at=hand.at)
    linking.link(db, found.met.pairs, at=hand.at)


def joined(db: Db, seal: EntrySeal, pairs: Sequence[tuple[RowMapping, UUID]]) -> list[Change]:
    """The rows that stand for them now, each with what a person typed in the one it takes over."""
    if not pairs:
        return []
    waiting = {target: row for row, target in pairs}
    changes = []
    for row in db.execute(_TARGETS, {"ids": list(waiting)}).mappings():
        before, left = seal.cells(row), waiting[row["id"]]
        after = merge.join(before, seal.cells(left)).cells
        changes.append(
            Change(row=row, before=before, after=after, what="linked", linked=[left["id"]])
        )
    return changes


def _may_meet(row: RowMapping) -> bool:
    return linking.is_of_pms(row) and row["linked_to"] is None and KEPT_APART not in row["flags"]


def _back(seal: EntrySeal, row: RowMapping) -> Change:
    cells = seal.cells(row)
    return Change(row=row, before=cells, after=cells, what="put_back", columns=BACK)
