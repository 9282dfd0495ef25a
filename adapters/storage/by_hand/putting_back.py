"""Rows that a person took off the sheet go back on it.

Where another practice lists the visit by now, its row stands for it, with what was typed. What was
scanned or typed meanwhile of a visit that goes back stands behind it, as if a PMS brought it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.left_out import left_out
from adapters.storage.by_hand.hand_changes import Change, only
from adapters.storage.by_hand.hands import Hand
from adapters.storage.practices import connections, left_visits
from adapters.storage.sheet import linking
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.rewriting import write_changes
from domain import merge
from domain.connections import Connection
from domain.fields import BOTH_WAYS, RULES
from domain.minimising import fields_of
from domain.visits import KEPT_APART

BACK: Mapping[str, Any] = {"removed_at": None, "undone": False}
_TARGETS = text("SELECT * FROM run_sheet_appointments WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """Rows that go back, and those of other practices that stand for some of them.

    `waited` are rows of our own that some of them stand for, as those are now.
    """

    back: Sequence[Change]
    joined: Sequence[Change]
    met: linking.Met
    waited: Sequence[Change] = ()

    @property
    def seen(self) -> Sequence[Change]:
        """What the sheet will show: of a visit that is listed again, the row that stands for it."""
        behind = {row["id"] for row, _ in self.met.pairs}
        shown = (one for one in self.back if one.row["id"] not in behind)
        return [*self.joined, *shown, *self.waited]

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
            waited=[one for one in self.waited if one.row["id"] not in stay],
        )


def returning(db: Db, seal: EntrySeal, rows: Sequence[RowMapping], *, account_id: str) -> Returning:
    """What becomes of these rows; take the lock of `linking.alone` first."""
    met = listed_elsewhere(db, seal, rows, account_id=account_id)
    behind = {row["id"] for row, _ in met.pairs}
    ours = _waiting(db, seal, [row for row in rows if row["id"] not in behind], account_id)
    waiting: dict[UUID, list[RowMapping]] = {}
    for row, target in ours.pairs:
        waiting.setdefault(target, []).append(row)
    return Returning(
        back=[_back(seal, row, waiting.get(row["id"], ())) for row in rows],
        joined=joined(db, seal, met.pairs),
        met=linking.Met([*met.pairs, *ours.pairs], [*met.doubtful, *ours.doubtful]),
        waited=[only(seal, row, {"linked_to": target}) for row, target in ours.pairs],
    )


def listed_elsewhere(
    db: Db, seal: EntrySeal, rows: Sequence[RowMapping], *, account_id: str
) -> linking.Met:
    """Rows of practices that are connected, of visits of these that were left."""
    asked = list(filter(_may_meet, rows))
    return left_visits.meet_stored(db, seal, asked, account_id=account_id)


def write(db: Db, seal: EntrySeal, found: Returning, *, hand: Hand) -> None:
    write_changes(db, seal, [*found.back, *found.joined], hand=hand)
    linking.doubt(db, found.met.doubtful, at=hand.at)
    linking.link(db, found.met.pairs, at=hand.at)


def joined(db: Db, seal: EntrySeal, pairs: Sequence[tuple[RowMapping, UUID]]) -> list[Change]:
    """The rows that stand for them now, each with what a person typed in the one it takes over.

    What both say is settled as a page of their own practice would settle it.
    """
    if not pairs:
        return []
    waiting = {target: row for row, target in pairs}
    changes = []
    rows = db.execute(_TARGETS, {"ids": list(waiting)}).mappings().all()
    ways = {one: way(connections.load(db, one)) for one in {r["pms_connection_id"] for r in rows}}
    for row in rows:
        before, left = seal.cells(row), waiting[row["id"]]
        after = merge.join(before, seal.cells(left), **ways[row["pms_connection_id"]]).cells
        changes.append(
            Change(row=row, before=before, after=after, what="linked", linked=[left["id"]])
        )
    return changes


def way(connection: Connection) -> dict[str, Any]:
    """Who wins at this practice, and what it leaves out."""
    forgotten = fields_of(left_out(connection.vendor, connection.left_out))
    return {"rules": BOTH_WAYS if connection.both_ways else RULES, "forgotten": forgotten}


def _may_meet(row: RowMapping) -> bool:
    return linking.is_of_pms(row) and row["linked_to"] is None and KEPT_APART not in row["flags"]


def _waiting(db: Db, seal: EntrySeal, rows: Sequence[RowMapping], account_id: str) -> linking.Met:
    """What was scanned or typed of the visits of these rows while they were off."""
    listed = [linking.Listed(row) for row in rows if _may_meet(row)]
    ours = linking.waiting_for(db, listed, account_id=account_id)
    return linking.meet(db, seal, listed, ours.rows, account_id=account_id)


def _back(seal: EntrySeal, row: RowMapping, waiting: Sequence[RowMapping]) -> Change:
    before = after = seal.cells(row)
    for one in waiting:
        after = merge.join(after, seal.cells(one)).cells
    linked = [one["id"] for one in waiting]
    return Change(row=row, before=before, after=after, what="put_back", columns=BACK, linked=linked)
