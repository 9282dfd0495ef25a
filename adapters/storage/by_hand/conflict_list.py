"""The conflicts of an account, open or settled, each with both values and the row it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as of_class
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, TextClause, text

from adapters.storage.audit.audit import Access, record
from adapters.storage.by_hand.conflicts import TABLE
from adapters.storage.by_hand.settling import Shown
from adapters.storage.id_starts import BETWEEN, bounds
from adapters.storage.sheet.entries import EntrySeal, values_in
from domain.errors import BadInput
from domain.fields import RULES
from domain.window import LONGEST_NAME

State = Literal["open", "settled"]
Mark = tuple[datetime, UUID]

# Both lists are read by the instant that orders them, newest first.
# What stands behind another row, or was taken off by a person, is not to be decided before it is
# back on the sheet.
STANDS = "entry.linked_to IS NULL AND NOT (entry.undone AND entry.removed_at IS NOT NULL)"
_AT: Mapping[str, str] = {"open": "conflict.opened_at", "settled": "conflict.settled_at"}
_WHERE: Mapping[str, str] = {
    "open": f"conflict.settled_at IS NULL AND {STANDS}",
    "settled": "conflict.settled_at IS NOT NULL",
}
_WANTED: Mapping[str, str] = {
    "rule": "conflict.field = :rule",
    "connection_id": "entry.pms_connection_id = :connection_id",
    "run_id": "conflict.run_id = :run_id",
    "only": "conflict.id = :only",
}
"""What is asked of a conflict, by the name of its value.

Only what is wanted is said: a plan that is kept for any value, and for none, takes each for rare,
and reads and sorts all there are.
"""

_FROM = """
    FROM run_sheet_conflicts AS conflict
    JOIN run_sheet_appointments AS entry ON entry.id = conflict.appointment_id
"""
# An outer join is left out where nothing is asked of the row, as of settled ones.
_COUNTED = _FROM.replace("JOIN", "LEFT JOIN")
_OPEN = text(f"SELECT count(*) {_FROM} WHERE {_WHERE['open']}")
_FIND = text(f"SELECT id FROM run_sheet_conflicts WHERE id {BETWEEN} LIMIT 2")  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which conflicts: by state, field, connection and the run that opened them, or one alone."""

    state: State = "open"
    rule: str | None = None
    connection_id: UUID | None = None
    run_id: UUID | None = None
    only: UUID | None = None

    def __post_init__(self) -> None:
        if self.rule is not None and self.rule not in RULES:
            raise BadInput(f"'{self.rule[:LONGEST_NAME]}' is not a field of the sheet.")

    @property
    def values(self) -> dict[str, Any]:
        every = {name: getattr(self, name) for name in _WANTED}
        return {name: value for name, value in every.items() if value is not None}

    @property
    def said(self) -> str:
        """What else a conflict has to be, for a statement that takes the `values`."""
        return " ".join(f"AND {_WANTED[name]}" for name in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A field a person and the PMS both changed; `version` is the row's, for If-Match."""

    id: UUID
    entry_id: UUID
    version: int
    connection_id: UUID | None
    run_id: UUID | None
    field: str
    patient: str | None = of_class(repr=False)
    ours: Any = of_class(repr=False)
    ours_by: str | None = None
    ours_at: datetime | None = None
    theirs: Any = of_class(repr=False)
    theirs_at: datetime
    start: datetime
    timezone: str
    clinician_id: UUID | None
    opened_at: datetime
    settled_at: datetime | None = None
    settled_as: str | None = None
    settled_by: str | None = None

    @property
    def mark(self) -> Mark:
        return (self.settled_at or self.opened_at), self.id

    @property
    def can_undo(self) -> bool:
        return self.settled_as in ("mine", "theirs")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How many of one field; `winner` tells who is preferred there."""

    rule: str
    winner: str
    count: int


def listed(  # noqa: PLR0913 - which ones, how many, from where, for whom
    db: Db,
    seal: EntrySeal,
    *,
    account_id: str,
    access: Access,
    limit: int,
    wanted: Wanted | None = None,
    after: Mark | None = None,
) -> list[Listed]:
    """Newest first, opened and audited."""
    wanted = wanted or Wanted()
    query = _listing(wanted, is_further=after is not None)
    mark = {"at": after[0], "id": after[1]} if after else {}
    rows = db.execute(query, {**wanted.values, **mark, "limit": limit}).mappings().all()
    found = [_listed(seal, row) for row in rows]
    record(
        db,
        access,
        account_id=account_id,
        action="conflicts.read",
        phi_fields=sorted({"patient_name", *(one.field for one in found)}) if found else (),
        summary=f"{len(found)} {wanted.state}",
    )
    return found


def _listing(wanted: Wanted, *, is_further: bool) -> TextClause:
    at, where = _AT[wanted.state], _WHERE[wanted.state]
    further = f"AND ({at}, conflict.id) < (:at, :id)" if is_further else ""
    return text(
        f"""
        SELECT conflict.*, entry.version, entry.pms_connection_id, entry.appointment_time,
               entry.timezone, entry.patient_name, entry.run_sheet_clinician_id, entry.provenance
        {_FROM} WHERE {where} {wanted.said} {further}
        ORDER BY {at} DESC, conflict.id DESC LIMIT :limit
        """
    )


def counted(db: Db, wanted: Wanted) -> list[RuleCount]:
    """How many of each field there are, most first; by connection and run, whatever the rule."""
    of_any = replace(wanted, rule=None)
    query = text(
        f"""
        SELECT conflict.field, count(*) AS times {_COUNTED}
        WHERE {_WHERE[wanted.state]} {of_any.said}
        GROUP BY conflict.field ORDER BY count(*) DESC, conflict.field
        """
    )
    rows = db.execute(query, of_any.values)
    return [
        RuleCount(rule=row.field, winner=RULES[row.field].value, count=row.times) for row in rows
    ]


def of_practices(db: Db, wanted: Wanted) -> dict[UUID, int]:
    """How many each practice has, those that have any; by field and run, whatever the practice."""
    of_any = replace(wanted, connection_id=None)
    query = text(
        f"""
        SELECT entry.pms_connection_id AS connection_id, count(*) AS times {_FROM}
        WHERE {_WHERE[wanted.state]} {of_any.said} AND entry.pms_connection_id IS NOT NULL
        GROUP BY entry.pms_connection_id
        """
    )
    return {row.connection_id: row.times for row in db.execute(query, of_any.values)}


def waiting(db: Db) -> int:
    """How many are open in the whole account."""
    count: int = db.execute(_OPEN).scalar_one()
    return count


def shown_now(db: Db, wanted: Wanted, *, limit: int) -> Sequence[Shown]:
    """The open ones, oldest first, as they are now: what settling them all would settle."""
    query = text(
        f"""
        SELECT conflict.id, entry.version {_FROM} WHERE {_WHERE["open"]} {wanted.said}
        ORDER BY conflict.opened_at, conflict.id LIMIT :limit
        """
    )
    rows = db.execute(query, {**wanted.values, "limit": limit})
    return [Shown(id=row.id, version=row.version) for row in rows]


def find(db: Db, wanted: str) -> UUID:
    """The id that starts so."""
    held = bounds(wanted)
    if held is None:
        raise BadInput(f"'{wanted}' is not a conflict id; see 'pms-sync conflicts list'.")
    rows = db.execute(_FIND, held).all()
    if len(rows) != 1:
        problem = "More than one conflict id starts with" if rows else "There is no conflict"
        raise BadInput(f"{problem} {wanted}; see 'pms-sync conflicts list'.")
    found: UUID = rows[0].id
    return found


def _listed(seal: EntrySeal, row: RowMapping) -> Listed:
    entry_id = row["appointment_id"]
    both = seal.open_document(entry_id, "both_values", row["both_values"], table=TABLE)
    # Conflicts kept before they told who gave which side: the row does, while they are open.
    origin = row["provenance"].get(row["field"], {}) if row["settled_at"] is None else {}
    ours_at = both.get("ours_at") or origin.get("at")
    theirs_at = both.get("theirs_at")
    return Listed(
        id=row["id"],
        entry_id=entry_id,
        version=row["version"],
        connection_id=row["pms_connection_id"],
        run_id=row["run_id"],
        field=row["field"],
        patient=seal.name_of(entry_id, row["patient_name"]),
        ours=_value(row["field"], both["ours"]),
        ours_by=both.get("ours_by") or origin.get("by"),
        ours_at=datetime.fromisoformat(ours_at) if ours_at else None,
        theirs=_value(row["field"], both["theirs"]),
        theirs_at=datetime.fromisoformat(theirs_at) if theirs_at else row["opened_at"],
        start=row["appointment_time"],
        timezone=row["timezone"],
        clinician_id=row["run_sheet_clinician_id"],
        opened_at=row["opened_at"],
        settled_at=row["settled_at"],
        settled_as=row["settled_as"],
        settled_by=row["settled_by"],
    )


def _value(field: str, kept: Any) -> Any:
    """In its own type again."""
    return values_in({field: kept})[field]
