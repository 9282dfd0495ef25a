"""What was done to a row, step by step with its values, and which steps can be taken back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.audit.audit import Access, record
from adapters.storage.sheet.entries import EntrySeal, RowLike, cells_of, values_in
from domain.fields import Cell, Cells, Given, same
from domain.history import Moved, Past
from domain.merge import shown
from domain.sheet import NotOnSheet

TABLE = "run_sheet_history"
MOST = 30
REZONED = "rezoned"
"""A step that changed no time anybody reads, and is not taken back: only the clock is another."""

_STEPS = text(
    """
    SELECT line.* FROM unnest(CAST(:ids AS uuid[])) AS wanted(id)
    CROSS JOIN LATERAL (
      SELECT id, appointment_id, what, by, fields, at, run_id, before FROM run_sheet_history
      WHERE appointment_id = wanted.id ORDER BY id DESC LIMIT :most
    ) AS line
    """
)

# Each with what the next step found, however many came after it.
_CHOICES = text(
    """
    SELECT line.*, following.before AS found_next
    FROM unnest(CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[])) AS wanted(id, at)
    CROSS JOIN LATERAL (
      SELECT id, appointment_id, what, by, fields, at, run_id, before FROM run_sheet_history
      WHERE appointment_id = wanted.id AND what = 'settled' AND at = wanted.at
    ) AS line
    LEFT JOIN LATERAL (
      SELECT id, before FROM run_sheet_history
      WHERE appointment_id = line.appointment_id AND id > line.id ORDER BY id LIMIT 1
    ) AS following ON true
    ORDER BY line.id DESC
    """
)

_ROW = text(
    """
    SELECT * FROM run_sheet_appointments
    WHERE account_id = :account_id AND id = (
      SELECT coalesce(linked_to, id) FROM run_sheet_appointments
      WHERE id = :id AND account_id = :account_id)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A row before or after a step; `cells` only where the step was kept whole."""

    values: Mapping[str, Any] = field(repr=False)
    is_removed: bool
    is_undone: bool = False
    undone_fields: Sequence[str] = ()
    version: int | None = None
    cells: Cells | None = None
    linked: Sequence[UUID] = ()
    freed: Sequence[UUID] = ()
    said: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a row's history, with both of its sides and how the row is now."""

    row: RowMapping
    before: Side
    after: Side
    now: Side

    @property
    def fields(self) -> list[str]:
        """Every field whose cell this step changed, seen or not."""
        return changed(self.before, self.after, told=self.row["fields"])

    @property
    def is_move(self) -> bool:
        """It took the row off the sheet, or brought it back."""
        return self.before.is_removed != self.after.is_removed

    @property
    def can_undo(self) -> bool:
        """Nothing of it has been changed since, by anyone."""
        if self.row["what"] == REZONED:
            return False
        if self.is_move and self.now.is_removed != self.after.is_removed:
            return False
        fields = self.fields
        if not (fields or self.is_move or self.before.linked or self.before.freed):
            return False
        return self.holds(fields)

    def holds(self, fields: Sequence[str]) -> bool:
        """These fields are as this step left them."""
        if self.after.cells is None or self.now.cells is None:
            return False
        return set(differing(self.after.cells, self.now.cells)).isdisjoint(fields)


def read_steps(db: Db, seal: EntrySeal, row: RowLike) -> Sequence[Step]:
    """Newest first."""
    return read_steps_of(db, seal, [row])[row["id"]]


def read_steps_of(
    db: Db, seal: EntrySeal, rows: Sequence[RowLike]
) -> Mapping[UUID, Sequence[Step]]:
    """The steps of each row, newest first, in one query."""
    lines: dict[UUID, list[RowMapping]] = {row["id"]: [] for row in rows}
    for line in db.execute(_STEPS, {"ids": list(lines), "most": MOST}).mappings():
        lines[line["appointment_id"]].append(line)
    return {row["id"]: _steps(seal, row, lines[row["id"]]) for row in rows}


def read_choices(
    db: Db, seal: EntrySeal, rows: Sequence[RowLike], choices: Collection[tuple[UUID, datetime]]
) -> Mapping[UUID, Sequence[Step]]:
    """Of each row the steps in which a person chose a side at these instants, newest first."""
    found: dict[UUID, list[Step]] = {row["id"]: [] for row in rows}
    if not choices:
        return found
    now = {row["id"]: side_of(seal, row) for row in rows}
    ids, ats = zip(*sorted(choices), strict=True)
    for line in db.execute(_CHOICES, {"ids": list(ids), "ats": list(ats)}).mappings():
        row_id = line["appointment_id"]
        before = side(seal, row_id, line["before"])
        following = line["found_next"]
        after = now[row_id] if following is None else side(seal, row_id, following)
        found[row_id].append(Step(row=line, before=before, after=after, now=now[row_id]))
    return found


def _steps(seal: EntrySeal, row: RowLike, lines: Iterable[RowMapping]) -> Sequence[Step]:
    """What came after a step is what the next one found."""
    now = side_of(seal, row)
    after, steps = now, []
    for line in sorted(lines, key=lambda one: -one["id"]):
        before = side(seal, row["id"], line["before"])
        steps.append(Step(row=line, before=before, after=after, now=now))
        after = before
    return steps


def read_history(
    db: Db, seal: EntrySeal, row: RowLike, *, account_id: str, access: Access
) -> tuple[Past, ...]:
    """What was done to a row, newest first, with the values it went from and to; audited."""
    steps = read_steps(db, seal, row)
    past = tuple(_past(step) for step in steps)
    record(
        db,
        access,
        account_id=account_id,
        action="run_sheet.history_read",
        phi_fields=sorted({move.field for one in past for move in one.moves}),
        connection_id=row["pms_connection_id"],
        patient_id=row["pms_patient_id"] or None,
        summary=f"row {row['id']}: {len(past)} steps",
    )
    return past


def history_of(
    db: Db, seal: EntrySeal, entry_id: UUID, *, account_id: str, access: Access
) -> tuple[Past, ...]:
    """As `read_history`, of the row of that id; one that is hidden is told by what hides it."""
    row = db.execute(_ROW, {"id": entry_id, "account_id": account_id}).mappings().first()
    if row is None:
        raise NotOnSheet("There is no such row on the sheet.")
    return read_history(db, seal, row, account_id=account_id, access=access)


def _past(step: Step) -> Past:
    was, became = step.before.values, step.after.values
    return Past(
        id=step.row["id"],
        what=step.row["what"],
        by=step.row["by"],
        at=step.row["at"],
        moves=tuple(
            Moved(field=name, was=was.get(name), became=became.get(name))
            for name in step.row["fields"]
            if step.row["what"] != REZONED
        ),
        can_undo=step.can_undo,
        reason=step.before.said,
    )


def side(seal: EntrySeal, row_id: UUID, document: bytes | None) -> Side:
    """What a step found, from its sealed document; an old one has values only."""
    if document is None:
        return Side(values={}, is_removed=False)
    kept = seal.open_document(row_id, "before", document, table=TABLE)
    return Side(
        values=values_in(kept),
        is_removed=bool(kept.get("removed")),
        is_undone=bool(kept.get("undone")),
        undone_fields=kept.get("undone_fields", ()),
        version=kept.get("version"),
        cells=cells_of(kept),
        linked=[UUID(one) for one in kept.get("linked", ())],
        freed=[UUID(one) for one in kept.get("freed", ())],
        said=kept.get("said"),
    )


def side_of(seal: EntrySeal, row: RowLike) -> Side:
    """A row as it is now."""
    cells = seal.cells(row)
    return Side(
        values=shown(cells),
        is_removed=row["removed_at"] is not None,
        is_undone=row["undone"],
        undone_fields=row["undone_fields"],
        cells=cells,
    )


def changed(before: Side, after: Side, *, told: Collection[str]) -> list[str]:
    """The fields whose cells a step changed; `told` are those that a reader saw it change.

    Off the sheet a row follows our own columns and zones without a step: what a reader saw change
    beside the step that took it off, or brought it back, came after that.
    """
    if before.cells is None or after.cells is None:
        return []
    found = differing(before.cells, after.cells)
    if before.is_removed == after.is_removed:
        return found
    was, became = shown(before.cells), shown(after.cells)
    return [one for one in found if one in told or same(was.get(one), became.get(one))]


def differing(one: Cells, other: Cells) -> list[str]:
    """The fields whose cells are not the same, seen or not."""
    names = {**one, **other}
    return sorted(name for name in names if not _alike(one.get(name), other.get(name)))


def _alike(one: Cell | None, other: Cell | None) -> bool:
    """The same value from the same hand; when it was last told does not matter."""
    if one is None or other is None:
        return one is other
    pairs = ((one.given, other.given), (one.base, other.base), (one.losing, other.losing))
    return all(_equal(here, there) for here, there in pairs)


def _equal(one: Given | None, other: Given | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.source, one.by) == (other.source, other.by) and same(one.value, other.value)
