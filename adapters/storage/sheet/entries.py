"""A run-sheet entry as a row: what a reader sees in columns, what people did beside it, sealed.

The columns always hold the values shown. Cells that hold more than the PMS value (a person's, an
OCR reading, a losing value) are kept whole in one sealed document, `touched`; every other cell is
derived from its column, so a row nobody touched stores nothing twice.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from domain.appointments import Appointment
from domain.fields import ASSUMED, RULES, Cell, Cells, Given, Source, is_blank
from domain.merge import forget, shown
from infra.sealing import Sealer

TABLE = "run_sheet_appointments"

RowLike = RowMapping | Mapping[str, Any]
"""A row of the sheet, as it was read or as it is about to be written."""

Value = Any
Values = Mapping[str, Any]

PLAIN = {
    "start": "appointment_time",
    "duration_minutes": "appointment_duration_minutes",
    "status": "appointment_status",
    "is_telehealth": "is_telehealth",
    "appointment_type": "appointment_type",
    "clinician": "run_sheet_clinician_id",
}
SEALED_TEXT = {
    "patient_phone": "patient_phone",
    "patient_email": "patient_email",
    "patient_date_of_birth": "patient_dob",
    "notes": "notes",
}
NAME_PARTS = ("patient_name", "patient_first_name", "patient_last_name")


def values_of(appointment: Appointment, clinician_id: UUID | None) -> dict[str, Value]:
    """What the PMS says of an entry, in the fields that are merged."""
    patient = appointment.patient
    links = (appointment.telehealth_link, appointment.telehealth_host_link)
    return {
        "patient_name": patient and patient.full_name,
        "patient_first_name": patient and patient.first_name,
        "patient_last_name": patient and patient.last_name,
        "patient_phone": patient and patient.phone,
        "patient_email": patient and patient.email,
        "patient_date_of_birth": patient and patient.date_of_birth,
        "start": appointment.start,
        "duration_minutes": appointment.duration_minutes,
        "status": appointment.status.value,
        "is_telehealth": appointment.is_telehealth,
        "appointment_type": appointment.type_name,
        "clinician": clinician_id,
        "notes": appointment.notes,
        "telehealth_links": list(links) if any(links) else None,
    }


class EntrySeal:
    """Seals and opens the columns of one account's entries; each is bound to its row and column."""

    def __init__(self, sealer: Sealer, *, account_id: str) -> None:
        self._sealer = sealer
        self._account = account_id

    def columns(self, row_id: UUID, values: Values) -> dict[str, Any]:
        """The columns that show `values`, ready to be written."""
        told = {column: values.get(field) for field, column in SEALED_TEXT.items()}
        names, links = [values.get(part) for part in NAME_PARTS], values.get("telehealth_links")
        told["patient_name"] = _listed(names) if any(names) else None
        told["telehealth_links"] = None if links is None else _listed(links)
        cells = {column: text for column, text in told.items() if text is not None}
        sealed = self._sealer.seal_cells(cells, table=TABLE, row=row_id, account=self._account)
        plain = {column: values.get(field) for field, column in PLAIN.items()}
        return {**plain, **dict.fromkeys(told), **sealed}

    def touched(self, row_id: UUID, cells: Cells) -> dict[str, Any]:
        """The sealed cells that columns cannot tell, and their provenance without any value."""
        kept = {name: one for name, one in cells.items() if not (one.is_plain or one.is_assumed)}
        stored = {field: _stored(field, cell) for field, cell in kept.items()}
        return {
            "touched": self._seal_json(row_id, "touched", stored or None),
            "provenance": {field: _origin(cell) for field, cell in kept.items()},
        }

    def values(self, row: RowLike) -> dict[str, Value]:
        """The values shown, opened."""
        row_id = row["id"]
        found = {field: row[column] for field, column in PLAIN.items()}
        for field, column in SEALED_TEXT.items():
            found[field] = self._open(row_id, column, row[column])
        names = self._open_json(row_id, "patient_name", row["patient_name"]) or [None] * 3
        found.update(zip(NAME_PARTS, names, strict=True))
        found["telehealth_links"] = self._open_json(
            row_id, "telehealth_links", row["telehealth_links"]
        )
        return found

    def name_of(self, row_id: UUID, sealed: bytes | None) -> str | None:
        """The patient's name alone."""
        names = self._open_json(row_id, "patient_name", sealed) or [None]
        name: str | None = names[0]
        return name

    def phone_of(self, row_id: UUID, sealed: bytes | None) -> str | None:
        """The patient's phone alone."""
        return self._open(row_id, "patient_phone", sealed)

    def cells(self, row: RowLike) -> Cells:
        """Every field with where it came from, as the merge wants it."""
        at = row["pms_last_synced_at"] or row["updated_at"]
        return _whole(self.values(row), self.touched_cells(row), source=row["source"], at=at)

    def touched_cells(self, row: RowLike) -> Cells:
        stored = self._open_json(row["id"], "touched", row["touched"]) or {}
        return {field: _cell(field, kept) for field, kept in stored.items()}

    def snapshot(self, row: RowLike, **more: Any) -> dict[str, Any]:
        """What a row is now: the values shown, and what else it takes to bring it back."""
        at = row["pms_last_synced_at"] or row["updated_at"]
        touched = self._open_json(row["id"], "touched", row["touched"])
        return {
            **self.values(row),
            "removed": row["removed_at"] is not None,
            "undone": row["undone"],
            "undone_fields": list(row["undone_fields"]),
            "version": row["version"],
            "source": row["source"],
            "at": at.isoformat(),
            "touched": touched or {},
            **more,
        }

    def rewritten(self, row_id: UUID, cells: Cells) -> dict[str, Any]:
        """All columns of an entry whose cells have just been merged or edited."""
        return {**self.columns(row_id, shown(cells)), **self.touched(row_id, cells)}

    def document(self, row_id: UUID, column: str, content: Any, *, table: str = TABLE) -> bytes:
        """A sealed document of another table about this row (a conflict, history)."""
        plain = json.dumps(content, default=str)
        return self._sealer.seal(
            plain, table=table, column=column, row=str(row_id), account=self._account
        )

    def open_document(self, row_id: UUID, column: str, blob: bytes, *, table: str = TABLE) -> Any:
        return json.loads(
            self._sealer.open(
                blob, table=table, column=column, row=str(row_id), account=self._account
            )
        )

    def _seal(self, row_id: UUID | str, column: str, value: str | None) -> bytes | None:
        if value is None:
            return None
        return self._sealer.seal(
            value, table=TABLE, column=column, row=row_id, account=self._account
        )

    def _seal_json(self, row_id: UUID | str, column: str, value: Any) -> bytes | None:
        return None if value is None else self._seal(row_id, column, json.dumps(value))

    def _open(self, row_id: UUID, column: str, blob: bytes | None) -> str | None:
        if blob is None:
            return None
        return self._sealer.open(
            blob, table=TABLE, column=column, row=str(row_id), account=self._account
        ).decode()

    def _open_json(self, row_id: UUID, column: str, blob: bytes | None) -> Any:
        plain = self._open(row_id, column, blob)
        return None if plain is None else json.loads(plain)


def cells_of(snapshot: Mapping[str, Any]) -> Cells | None:
    """The cells a snapshot was taken of; None of an old one, which has only values."""
    if "touched" not in snapshot:
        return None
    touched = {field: _cell(field, kept) for field, kept in snapshot["touched"].items()}
    at = datetime.fromisoformat(snapshot["at"])
    return _whole(values_in(snapshot), touched, source=snapshot["source"], at=at)


def forgotten(snapshot: Mapping[str, Any], fields: Collection[str]) -> Mapping[str, Any]:
    """The snapshot without what the PMS said of these fields, texts all; of an old one without any.

    The same snapshot where it says nothing of them.
    """
    cells = cells_of(snapshot)
    if cells is None:
        held = [name for name in fields if not is_blank(snapshot.get(name))]
        return {**snapshot, **dict.fromkeys(held)} if held else snapshot
    after = forget(cells, fields)
    if not after.touched:
        return snapshot
    values = shown(after.cells)
    plain = {name: values.get(name) for name in after.touched}
    others = {name: kept for name, kept in snapshot["touched"].items() if name not in plain}
    kept = {name: after.cells[name] for name in plain if name in after.cells}
    stored = {name: _stored(name, one) for name, one in kept.items() if not one.is_plain}
    return {**snapshot, **plain, "touched": {**others, **stored}}


def values_in(snapshot: Mapping[str, Any]) -> dict[str, Value]:
    """The values a snapshot shows, in their own types."""
    return {field: _decoded(field, snapshot[field]) for field in RULES if field in snapshot}


def _whole(values: Values, touched: Cells, *, source: str, at: datetime) -> Cells:
    """A row of the PMS says everything; one of our own only what somebody gave, or must assume."""
    if source == Source.PMS.value:
        plain = {field: Cell.of(Given(value, Source.PMS, at)) for field, value in values.items()}
    else:
        plain = {
            field: Cell.of(Given(value, Source.OCR, at, ASSUMED))
            for field, value in values.items()
            if not is_blank(value)
        }
    return {**plain, **touched}


_QUOTED = json.JSONEncoder().encode
_ENCODE: Mapping[str, Callable[[Any], Any]] = {"start": datetime.isoformat, "clinician": str}
_DECODE: Mapping[str, Callable[[Any], Any]] = {"start": datetime.fromisoformat, "clinician": UUID}


def _stored(field: str, cell: Cell) -> list[Any]:
    return [_given(field, given) for given in (cell.given, cell.base, cell.losing)]


def _given(field: str, given: Given | None) -> list[Any] | None:
    if given is None:
        return None
    encode = _ENCODE.get(field)
    value = encode(given.value) if encode and given.value is not None else given.value
    return [value, given.source.value, given.at.isoformat(), given.by]


def _cell(field: str, stored: list[Any]) -> Cell:
    given, base, losing = (_given_back(field, one) for one in stored)
    if given is None:
        raise ValueError("a stored cell has a value")
    return Cell.of(given, base=base, losing=losing)


def _given_back(field: str, stored: list[Any] | None) -> Given | None:
    if stored is None:
        return None
    value, source, at, by = stored
    return Given(_decoded(field, value), Source(source), datetime.fromisoformat(at), by)


def _decoded(field: str, value: Any) -> Any:
    decode = _DECODE.get(field)
    return decode(value) if decode and value is not None else value


def _listed(texts: Iterable[str | None]) -> str:
    """As JSON, which for texts one by one needs no walk over a structure."""
    return f"[{', '.join('null' if text is None else _QUOTED(text) for text in texts)}]"


def _origin(cell: Cell) -> dict[str, Any]:
    """Who set a field and when, without the value."""
    origin = {"source": cell.source.value, "at": cell.at.isoformat(), "by": cell.by}
    if cell.theirs is not None:
        origin["conflict"] = True  # type: ignore[assignment]
    elif cell.losing is not None:
        origin["kept"] = cell.losing.source.value
    return origin
