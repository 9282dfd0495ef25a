"""Finds what is wrong after a run, from its history and the database alone.

It knows the tables, the seal of their values and what design.md says of the merge. It imports
nothing of what wrote them.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from infra.sealing import Sealer

Line = Mapping[str, Any]
Fields = dict[str, Any]
Key = tuple[str, str, str]
"""Connection, the vendor's appointment, the vendor's patient."""

TABLE = "run_sheet_appointments"
KINDS = (
    "lost",
    "extra",
    "duplicated",
    "wrong fields",
    "manual edits overwritten",
    "conflicts missing or made up",
    "OCR over PMS",
    "OCR lost or twice",
    "callers told what is not so",
    "calls refused",
    "asked again before Retry-After",
)
UNDER_WAY_SECONDS = 0.5
"""Many practices and callers may share an allowance, and leave at the same instant."""

CONFIRMED = ("is confirmed", "It is booked", "was made in this call already")
"""What callers hear of an appointment that stands; the second where the answer came late."""

SAYS_NOTHING = "Something went wrong on our side"
"""Heard where the database was away until the end: the appointment may have been made before."""

# Read for whoever asks, never stored (requirements, C-15).
NOTES_ON_DEMAND = frozenset({"sikka"})
MANUAL_STANDS, JOINED = frozenset({"phone", "start"}), "notes"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one row; it names fields and no values."""

    kind: str
    row: tuple[str, ...]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    findings: Sequence[Finding]
    rows: int
    edits: int
    readings: int

    def count(self, kind: str) -> int:
        return sum(one.kind == kind for one in self.findings)


def check(engine: Engine, sealer: Sealer, history: Sequence[Line]) -> Verdict:
    """The sheet as it is now, against what the vendors held at the end and people had done."""
    rows = list(_rows(engine, sealer))
    edits = _edits(history)
    readings = [one for one in history if one["what"] == "ocr"]
    owed = {key: row for line in history if line["what"] == "truth" for key, row in _owed(line)}
    everywhere = set(owed)
    present = {key: row for key, row in owed.items() if row.pop("is_in_window")}
    findings = [
        *_of_rows(rows, present, everywhere, edits, readings, history),
        *_of_edits(rows, owed, edits, history, _open_conflicts(engine)),
        *_of_readings(rows, owed, readings),
        *_of_calls(history),
        *_of_waits(history),
    ]
    return Verdict(findings, len(present), sum(map(len, edits.values())), len(readings))


def _rows(engine: Engine, sealer: Sealer) -> Iterator[Fields]:
    # A scan of a visit that the PMS lists stays as a row beside it, off the sheet.
    query = text(f"SELECT * FROM {TABLE} WHERE removed_at IS NULL AND linked_to IS NULL")  # noqa: S608 - our own name
    with engine.connect() as db:
        for row in db.execute(query).mappings():
            yield _opened(dict(row), sealer)


def _opened(row: Fields, sealer: Sealer) -> Fields:
    def opened(column: str) -> str | None:
        if row[column] is None:
            return None
        place = {"table": TABLE, "column": column, "row": str(row["id"])}
        return sealer.open_text(row[column], account=row["account_id"], **place)

    name, first, last = json.loads(opened("patient_name") or "[null, null, null]")
    link, host_link = json.loads(opened("telehealth_links") or "[null, null]")
    start, minutes = row["appointment_time"], row["appointment_duration_minutes"]
    return {
        "id": str(row["id"]),
        "key": (str(row["pms_connection_id"]), row["pms_appointment_id"], row["pms_patient_id"]),
        "is_of_pms": row["pms_appointment_id"] is not None,
        "account": row["account_id"],
        "start": start,
        "end": start + timedelta(minutes=minutes),
        "duration": minutes,
        "status": row["appointment_status"],
        "practitioner": row["pms_practitioner_id"],
        "type": row["appointment_type"],
        "is_telehealth": row["is_telehealth"],
        "notes": opened("notes"),
        "name": name,
        "first_name": first,
        "last_name": last,
        "phone": opened("patient_phone"),
        "email": opened("patient_email"),
        "date_of_birth": opened("patient_dob"),
        "link": link,
        "host_link": host_link,
    }


def _owed(line: Line) -> Iterator[tuple[Key, Fields]]:
    """A vendor's truth: one row for each patient of each appointment."""
    place = ZoneInfo(line["timezone"])
    first, last = (date.fromisoformat(day) for day in line["days"])
    for one in line["appointments"]:
        day = datetime.fromisoformat(one["start_utc"]).astimezone(place).date()
        for patient in one["patients"] or [{}]:
            row = {**_told(one, patient), "is_in_window": first <= day <= last}
            if line["vendor"] in NOTES_ON_DEMAND:
                row["notes"] = None
            yield (line["connection"], one["id"], patient.get("id", "")), row


def _told(one: Mapping[str, Any], patient: Mapping[str, Any]) -> Fields:
    start = datetime.fromisoformat(one["start_utc"])
    links = one.get("telehealth_links") or {}
    notes = "\n".join(part for part in (one["notes"], one.get("title")) if part)
    told = {
        "start": start,
        "status": "booked" if one["meaning"] == "unknown" else one["meaning"],
        "practitioner": one["practitioner_id"],
        "type": one["type_name"],
        "is_telehealth": one["is_telehealth"],
        "notes": notes or None,
        "name": patient.get("full"),
        "first_name": patient.get("first"),
        "last_name": patient.get("last"),
        "phone": patient.get("phone"),
        "email": patient.get("email"),
        "date_of_birth": patient.get("date_of_birth"),
        "link": links.get("patient"),
        "host_link": links.get("practitioner"),
    }
    # Where the vendor states no end anywhere, any estimate is as good as another.
    if one["end_utc"] is not None:
        told["end"] = datetime.fromisoformat(one["end_utc"])
        told["duration"] = round((told["end"] - start).total_seconds() / 60)
    return told


def _edits(history: Sequence[Line]) -> dict[Key, dict[str, Line]]:
    found: dict[Key, dict[str, Line]] = defaultdict(dict)
    for line in history:
        if line["what"] == "edit":
            found[_key(line)][line["field"]] = line
    return found


def _key(line: Line) -> Key:
    connection, appointment, patient = line["key"]
    return connection, appointment, patient


def _of_rows(
    rows: Sequence[Fields],
    present: Mapping[Key, Fields],
    everywhere: set[Key],
    edits: Mapping[Key, Mapping[str, Line]],
    readings: Sequence[Line],
    history: Sequence[Line],
) -> Iterator[Finding]:
    """Rows against the truth, in the fields that no person and no scan has touched."""
    held = [row for row in rows if row["is_of_pms"]]
    judged = {line["id"] for line in history if line["what"] == "connection"}
    counted = Counter(row["key"] for row in held)
    yield from (Finding("duplicated", key) for key, count in counted.items() if count > 1)
    by_key = {row["key"]: row for row in held if row["key"][0] in judged}
    yield from (Finding("lost", key) for key in present.keys() - by_key.keys())
    yield from (Finding("extra", key) for key in by_key.keys() - everywhere)
    scanned = {_key(one): set(one["fields"]) for one in readings if one.get("key")}
    for key, row in by_key.items():
        touched = set(edits.get(key, ())) | scanned.get(key, set())
        # A time that a person moved takes the end along, and so does a length.
        touched |= {"end", "duration"} if touched & {"start", "duration"} else set()
        told = present.get(key, {})
        wrong = tuple(
            name for name, value in told.items() if name not in touched and row[name] != value
        )
        if wrong:
            yield Finding("wrong fields", key, wrong)


def reference(field: str, *, manual: Any, base: Any, final: Any, has_moved: bool) -> set[Any]:
    """What may be shown of a field that a person set over `base`, where the PMS says `final`.

    design.md 13, "Merge": a person's phone and time stand; notes are joined; of everything else a
    person's value stands until the PMS value changes. Where the PMS changed and came back to the
    base, a sync may have seen it or not.
    """
    if field in MANUAL_STANDS:
        return {manual}
    if field == JOINED:
        return {manual if final in (None, "", manual) else f"{final}\n{manual}"}
    if (final or None) != (base or None):
        return {final}
    return {manual, final} if has_moved else {manual}


def is_disputed(field: str, *, manual: Any, base: Any, final: Any) -> bool:
    """Both changed, and they do not agree."""
    return field in MANUAL_STANDS and (final or None) not in ((base or None), manual)


def _of_edits(
    rows: Sequence[Fields],
    owed: Mapping[Key, Fields],
    edits: Mapping[Key, Mapping[str, Line]],
    history: Sequence[Line],
    disputed: set[tuple[str, str]],
) -> Iterator[Finding]:
    by_key = {row["key"]: row for row in rows if row["is_of_pms"]}
    changed = [one for one in history if one["what"] == "vendor change"]
    for key, fields in edits.items():
        if key not in by_key or key not in owed:
            continue  # It left the practice's book, and with it the sheet; `lost` looks after it.
        row = by_key[key]
        for name, line in fields.items():
            if name not in owed[key]:
                continue
            values = {
                "manual": _value(name, line["value"]),
                "base": _value(name, line["base"]),
                "final": owed[key][name],
            }
            has_moved = any(
                one["at"] > line["at"] - 60 and {one["appointment"], one["patient"]} & set(key[1:])
                for one in changed
            )
            if row[name] not in reference(name, has_moved=has_moved, **values):
                yield Finding("manual edits overwritten", key, (name,))
            is_open = (row["id"], line["column"]) in disputed
            if not has_moved and is_open != is_disputed(name, **values):
                yield Finding("conflicts missing or made up", key, (name,))


def _value(name: str, told: Any) -> Any:
    return datetime.fromisoformat(told) if name == "start" and told else told


def _open_conflicts(engine: Engine) -> set[tuple[str, str]]:
    query = text("SELECT appointment_id, field FROM run_sheet_conflicts WHERE settled_at IS NULL")
    with engine.connect() as db:
        return {(str(row.appointment_id), row.field) for row in db.execute(query)}


def _of_readings(
    rows: Sequence[Fields], owed: Mapping[Key, Fields], readings: Sequence[Line]
) -> Iterator[Finding]:
    """A scan fills what the PMS leaves blank; of a visit no PMS knows there is one row."""
    by_key = {row["key"]: row for row in rows if row["is_of_pms"]}
    own = Counter(row["id"] for row in rows if not row["is_of_pms"])
    given = {one["row"] for one in readings if not one.get("key")}
    for one in readings:
        if not one.get("key"):
            if own[one["row"]] != 1:
                yield Finding("OCR lost or twice", (one["row"],))
            continue
        key = _key(one)
        if key in by_key and key in owed:
            told = owed[key]
            wrong = tuple(
                name
                for name, read in one["fields"].items()
                if _compared(name, by_key[key][name]) != _compared(name, told[name] or read)
            )
            if wrong:
                yield Finding("OCR over PMS", key, wrong)
    yield from (Finding("OCR lost or twice", (row,)) for row in own.keys() - given)


def _compared(name: str, text: str | None) -> str | None:
    """A phone that was typed is shown as at home: (202) 555-0192 for +1 202-555-0192."""
    return re.sub(r"\D", "", text or "")[-10:] if name == "phone" else text


def _of_calls(history: Sequence[Line]) -> Iterator[Finding]:
    """What each caller heard, against what the practice that takes calls has in its book.

    Each has their own patient. Whoever lost an answer on the way may not know of a booking.
    """
    before = {id_ for one in history if one["what"] == "booked before" for id_ in one["ids"]}
    calls: dict[str, list[Line]] = defaultdict(list)
    for line in history:
        if line["what"] == "call":
            calls[line["call"]].append(line)
            if line["status"].isdecimal() and line["status"] != "200":
                yield Finding("calls refused", (line["call"], line["status"]))
    booked = Counter(
        patient["id"]
        for line in history
        if line["what"] == "truth" and line["takes_calls"]
        for row in line["appointments"]
        if row["id"] not in before
        for patient in row["patients"]
    )
    for name, answers in calls.items():
        if answers[0]["patient"] and not _is_true(answers, booked[answers[0]["patient"]]):
            yield Finding("callers told what is not so", (name,))


def _is_true(answers: Sequence[Line], bookings: int) -> bool:
    heard = [one["said"] for one in answers if one["said"]]
    if any(sign in one for one in heard for sign in CONFIRMED):
        return bookings == 1
    is_open = any("it is not final yet" in one or SAYS_NOTHING in one for one in heard)
    may_be = is_open or len(heard) < len(answers)
    return bookings <= (1 if may_be else 0)


def _of_waits(history: Sequence[Line]) -> Iterator[Finding]:
    """None between a 429 and the end of its Retry-After, but what was under way by then.

    A 429 that met a broken line may never have been heard.
    """
    told = [one["seconds"] for one in history if one["what"] == "fault" and "seconds" in one
            and one.get("fault") == "429"]  # fmt: skip
    broken = [one for one in history if one["what"] == "line"]
    asked: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in history:
        if line["what"] == "request" and line["is_counted"]:
            asked[line["vendor"], line["bucket"]].append(line)
    for whose, lines in asked.items():
        for refused in (one for one in lines if one["fault"] == "429"):
            since = refused["monotonic"]
            if any(_meets(one, whose[0], since) for one in broken):
                continue
            begun, ends = since + UNDER_WAY_SECONDS, since + min(told)
            early = sum(begun < one["monotonic"] < ends for one in lines)
            if early:
                yield Finding("asked again before Retry-After", (*whose, str(early)))


def _meets(broken: Line, vendor: str, answered: float) -> bool:
    first, last = broken["clock"] - UNDER_WAY_SECONDS, broken["clock"] + broken["seconds"]
    return bool(broken["vendor"] == vendor and first < answered < last)
