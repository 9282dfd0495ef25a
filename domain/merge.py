"""The three-way merge of a run-sheet entry: what the PMS said, what it says, what a person set."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from domain.fields import RULES, Cell, Cells, Given, Rules, Source, Winner, is_blank, same
from domain.rezoning import START, Rezoned

Choice = Literal["mine", "theirs"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A person and the PMS both changed a field; a person has to choose."""

    field: str
    ours: Given
    theirs: Given
    base: Given | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """The cells afterwards and what came of them.

    `changed` looks different to a reader, `touched` has to be stored; `opened` holds new
    conflicts and those whose sides moved.
    """

    cells: Cells
    changed: frozenset[str]
    touched: frozenset[str]
    opened: tuple[Conflict, ...] = ()
    closed: tuple[Conflict, ...] = ()


def merge(
    cells: Cells,
    incoming: Mapping[str, Any],
    *,
    at: datetime,
    rules: Rules = RULES,
    forgotten: Collection[str] = (),
    rezoned: Rezoned | None = None,
) -> Merged:
    """Take in what the PMS says now; a field it does not mention stays as it is.

    Of the `forgotten` ones nothing that it ever said is kept.
    """
    kept = forget(cells, forgotten).cells if forgotten else cells
    told = {field: value for field, value in incoming.items() if field not in forgotten}
    if rezoned is not None and START in told:
        kept = rezoned.cells(kept, told[START])
    merged = _take_in(kept, told, source=Source.PMS, at=at, rules=rules)
    return merged if kept is cells else _outcome(cells, merged.cells)


def forget(cells: Cells, fields: Collection[str]) -> Merged:
    """Drop what the PMS said of these: a person's value stands, also one that had given way."""
    left = {name: _forgotten(cell) if name in fields else cell for name, cell in cells.items()}
    return _outcome(cells, _without_gaps(left))


def acknowledge(cells: Cells, left: Mapping[str, Any], *, at: datetime) -> Merged:
    """Take in what our own write has left at the PMS: no news to whoever typed on meanwhile.

    Where the PMS has come to say something else by now, that stays as it was told.
    """
    seen = {
        field: _acknowledged(cell, Given(left[field], Source.PMS, at)) if field in left else cell
        for field, cell in cells.items()
    }
    return _outcome(cells, seen)


def ocr(cells: Cells, values: Mapping[str, Any], *, at: datetime) -> Merged:
    """Take in what was read from a scan: it fills gaps and beats nobody."""
    read = {field: value for field, value in values.items() if not is_blank(value)}
    return _take_in(cells, read, source=Source.OCR, at=at, rules=RULES)


def edit(cells: Cells, field: str, value: Any, *, by: str, at: datetime) -> Merged:
    ours = Given(value, Source.MANUAL, at, by)
    return _with(cells, field, _edited(cells.get(field), ours, RULES[field]))


def revert(cells: Cells, field: str) -> Merged:
    """Undo what a person set, shown or lost: back to the PMS value, or the OCR reading."""
    cell = cells.get(field)
    return _with(cells, field, cell and _undone(cell))


def revert_all(cells: Cells) -> Merged:
    """Undo everything that people set in a row."""
    undone = {field: _undone(cell) for field, cell in cells.items()}
    return _outcome(cells, _without_gaps(undone))


def join(
    cells: Cells, waiting: Cells, *, rules: Rules = RULES, forgotten: Collection[str] = ()
) -> Merged:
    """Take in a row that stands for the same visit, as if all had been told to one row.

    What a person typed there came before the PMS spoke: it stands, yields or is in conflict by the
    field's rule. A reading fills gaps. Of two people's values the later one stands, or is kept. Of
    the `forgotten` fields nothing is kept that any PMS said, nor does a person's value give way.
    """
    told = {
        field: _kept(_joined(cells.get(field), other, rules[field]), cells.get(field), other)
        for field, other in waiting.items()
        if not other.is_assumed
    }
    after = _without_gaps({**cells, **told})
    return _outcome(cells, forget(after, forgotten).cells if forgotten else after)


def restore(cells: Cells, past: Cells, fields: Collection[str]) -> Merged:
    """Put these fields back to what they were, whoever set them since."""
    return _outcome(cells, _without_gaps({**cells, **{name: past.get(name) for name in fields}}))


def settle(cells: Cells, conflict: Conflict, *, choice: Choice, by: str, at: datetime) -> Merged:
    """Choose a side. Touches nothing if the conflict is gone or a side has moved meanwhile."""
    cell = cells.get(conflict.field)
    if cell is None or not _is_about(conflict, cell):
        return _with(cells, conflict.field, cell)
    return _with(cells, conflict.field, SETTLED[choice](cell, conflict.theirs, by=by, at=at))


def shown(cells: Cells) -> dict[str, Any]:
    """What a reader sees, field by field."""
    return {field: _seen(field, cell) for field, cell in cells.items()}


def conflicts(cells: Cells) -> tuple[Conflict, ...]:
    return tuple(
        Conflict(field, cell.given, theirs, cell.base)
        for field, cell in cells.items()
        if (theirs := cell.theirs) is not None
    )


def _take_in(
    cells: Cells, values: Mapping[str, Any], *, source: Source, at: datetime, rules: Rules
) -> Merged:
    told = {
        field: _told(cells.get(field), Given(value, source, at), rules[field])
        for field, value in values.items()
    }
    return _outcome(cells, {**cells, **told})


def _forgotten(cell: Cell) -> Cell | None:
    if cell.is_plain and is_blank(cell.value):
        return cell
    given, base, losing = (
        None if one is None or one.source is Source.PMS else one
        for one in (cell.given, cell.base, cell.losing)
    )
    if given is not None:
        return cell if (base, losing) == (cell.base, cell.losing) else Cell.of(given, base=base)
    told = losing or base
    return Cell.of(told) if told is not None else None


def _acknowledged(cell: Cell, left: Given) -> Cell:
    if not cell.is_manual:
        return cell
    if cell.theirs is not None and not same(cell.theirs.value, left.value):
        return cell
    if same(cell.value, left.value):
        return Cell.of(left)
    return replace(cell, base=left, losing=None)


def _joined(cell: Cell | None, other: Cell, winner: Winner) -> Cell | None:
    if cell is None or cell.is_assumed:
        return other
    if is_blank(cell.value) and not cell.is_manual and (typed := _typed(other)) is not None:
        return Cell.of(typed, base=cell.given)
    if other.source is Source.PMS:
        return _beside(cell, other.losing)
    if not other.is_manual:
        was_first = cell.source is Source.PMS and cell.losing is None
        return _received(other, cell.given) if was_first else _told(cell, other.given, winner)
    if cell.is_manual:
        return _edited(cell, other.given, winner) if other.at > cell.at else cell
    return _told(other, cell.given, winner)


def _kept(after: Cell | None, *cells: Cell | None) -> Cell | None:
    """Beside a value that is nobody's own, what people last set in either, whatever gave way."""
    if after is None or after.is_manual:
        return after
    told = [one for cell in cells if cell is not None for one in (cell.given, cell.losing)]
    typed = [one for one in told if one is not None and one.source is Source.MANUAL]
    lost = [one for one in typed if not same(one.value, after.value)]
    if not lost:
        return after
    return replace(after, losing=max(lost, key=lambda one: (not is_blank(one.value), one.at)))


def _typed(cell: Cell) -> Given | None:
    """What a person had set over another PMS's word, also where that came to stand.

    To one that says nothing it does not give way; unless the person chose the other's side.
    """
    told = cell.base if cell.is_manual else cell.given
    ours = cell.given if cell.is_manual else cell.losing
    if told is None or told.source is not Source.PMS or told.by is not None or ours is None:
        return None
    return ours if ours.source is Source.MANUAL and not is_blank(ours.value) else None


def _beside(cell: Cell, lost: Given | None) -> Cell:
    """Another PMS's word counts no more beside that of the row's own; what had lost is kept."""
    is_free = not cell.is_manual and cell.losing is None
    return replace(cell, losing=lost) if is_free and lost is not None else cell


def _without_gaps(cells: Mapping[str, Cell | None]) -> Cells:
    return {field: cell for field, cell in cells.items() if cell is not None}


def _told(cell: Cell | None, given: Given, winner: Winner) -> Cell:
    if cell is None or cell.is_assumed:
        return Cell.of(given)
    if not cell.is_manual:
        return _received(cell, given)
    if given.source is Source.OCR:
        return cell if cell.theirs else _beneath(cell, given)
    return WHEN_EDITED[winner](cell, given)


def _received(cell: Cell, given: Given) -> Cell:
    """Nobody's edit is in the way; an OCR reading that the PMS contradicts is kept aside."""
    if not _replaces(cell.given, given):
        return cell
    lost = cell.source is Source.OCR and not same(cell.value, given.value)
    return Cell.of(given, losing=cell.losing or (cell.given if lost else None))


def _replaces(old: Given, new: Given) -> bool:
    """PMS beats OCR. A blank says nothing, so it neither displaces a reading nor keeps one out."""
    if old.source is new.source:
        return not same(old.value, new.value)
    return is_blank(old.value) if new.source is Source.OCR else not is_blank(new.value)


def _beneath(cell: Cell, given: Given) -> Cell:
    """Change only what the person's value was laid over."""
    if cell.base is not None and not _replaces(cell.base, given):
        return cell
    return replace(cell, base=given)


def _stands(cell: Cell, theirs: Given) -> Cell:
    """Manual preferred: both changed means a conflict, and agreement or a way back ends it."""
    if same(theirs.value, _last_told(cell)):
        return replace(cell, losing=None)
    if same(theirs.value, cell.value):
        return Cell.of(theirs)
    if cell.losing is not None and same(theirs.value, cell.losing.value):
        return cell
    base = cell.base if cell.base and cell.base.source is Source.PMS else None
    return replace(cell, base=base, losing=theirs)


def _yields(cell: Cell, theirs: Given) -> Cell:
    """PMS preferred: the manual value stands until the PMS changes its own."""
    if same(theirs.value, _last_told(cell)):
        return replace(cell, losing=None)
    if same(theirs.value, cell.value):
        return Cell.of(theirs)
    return Cell.of(theirs, losing=cell.given)


WHEN_EDITED: Mapping[Winner, Callable[[Cell, Given], Cell]] = {
    Winner.PERSON: _stands,
    Winner.PMS: _yields,
    Winner.BOTH: _beneath,
}


def _last_told(cell: Cell) -> Any:
    """The PMS value under a person's: never supplied and blank are the same."""
    return cell.base.value if cell.base and cell.base.source is Source.PMS else None


def _edited(cell: Cell | None, ours: Given, winner: Winner) -> Cell | None:
    if cell is None:
        return None if is_blank(ours.value) else Cell.of(ours)
    if winner is Winner.BOTH and is_blank(ours.value):
        return _undone(cell)
    # Confirming a scan is worth something; repeating the PMS or oneself is not.
    if cell.source is not Source.OCR and same(ours.value, cell.value):
        return cell
    if not cell.is_manual:
        return Cell.of(ours, base=cell.given)
    told = cell.losing or cell.base
    if winner is not Winner.BOTH and _is_told(told, ours.value):
        return _undone(cell)
    return Cell.of(ours, base=cell.base, losing=cell.losing)


def _is_told(told: Given | None, value: Any) -> bool:
    """The PMS says so already; where nothing at all was told, a blank says no more."""
    if told is None:
        return is_blank(value)
    return told.source is Source.PMS and same(told.value, value)


def _undone(cell: Cell) -> Cell | None:
    if cell.is_manual:
        told = cell.losing or cell.base
        return Cell.of(told) if told else None
    if cell.losing is not None and cell.losing.source is Source.MANUAL:
        return replace(cell, losing=None)
    return cell


def _is_about(conflict: Conflict, cell: Cell) -> bool:
    return (
        cell.theirs is not None
        and same(cell.theirs.value, conflict.theirs.value)
        and same(cell.value, conflict.ours.value)
    )


def _keep_mine(cell: Cell, theirs: Given, *, by: str, at: datetime) -> Cell:
    """Theirs has now been seen, so only a further change of it is a new conflict."""
    return replace(cell, base=theirs, losing=None, by=by, at=at)


def _take_theirs(cell: Cell, theirs: Given, *, by: str, at: datetime) -> Cell:
    return Cell.of(replace(theirs, by=by, at=at), losing=cell.given)


SETTLED: Mapping[Choice, Callable[..., Cell]] = {"mine": _keep_mine, "theirs": _take_theirs}


def _with(cells: Cells, field: str, cell: Cell | None) -> Merged:
    after = {name: kept for name, kept in cells.items() if name != field or cell is not None}
    return _outcome(cells, {**after, field: cell} if cell is not None else after)


def _outcome(before: Cells, after: Cells) -> Merged:
    touched = frozenset(
        field for field in {**before, **after} if before.get(field) != after.get(field)
    )
    if not touched:
        return Merged(before, touched, touched)
    were, are = conflicts(before), conflicts(after)
    open_now = {conflict.field for conflict in are}
    return Merged(
        after,
        frozenset(f for f in touched if not same(_read(before, f), _read(after, f))),
        touched,
        opened=tuple(conflict for conflict in are if conflict not in were),
        closed=tuple(conflict for conflict in were if conflict.field not in open_now),
    )


def _read(cells: Cells, field: str) -> Any:
    cell = cells.get(field)
    return None if cell is None else _seen(field, cell)


def _seen(field: str, cell: Cell) -> Any:
    if RULES[field] is Winner.BOTH and cell.is_manual and cell.base is not None:
        return _both_parts(cell.base.value, cell.value)
    return cell.value


def _both_parts(told: str | None, ours: str) -> str:
    """Both parts, theirs first; once only where the PMS has come to say the same."""
    return ours if is_blank(told) or told == ours else f"{told}\n{ours}"
