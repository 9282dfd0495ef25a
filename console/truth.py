"""Compares the sheet with what a simulator says is true, field by field, over HTTP only."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from adapters.rest.vendor import Vendor
from domain.minimising import Extra

TIMEOUT = 30.0
UNKNOWN = "unknown"
HELD: Mapping[Extra, str] = {
    Extra.PHONE: "patient.phone",
    Extra.EMAIL: "patient.email",
    Extra.BIRTH_DATE: "patient.date_of_birth",
}
"""What the book of a PMS need not tell, by where the sheet has it."""

_NO_KNOBS = {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}

Row = Mapping[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a row of the sheet is not what the PMS meant; names the field, keeps no value."""

    pms_id: str
    field: str


class Simulator:
    """A vendor's simulator, spoken to as judge: its control endpoints, never the vendor's own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def truth(self, tenant: str) -> Mapping[str, Any]:
        return self._get("truth", tenant=tenant)

    def credentials(self, tenant: str) -> Mapping[str, str]:
        return self._get("credentials", tenant=tenant)

    def pairing_code(self, tenant: str) -> str:
        return str(self._get("pairing-code", tenant=tenant)["code"])

    def violations(self) -> int:
        return int(self._get("violations")["violations"])

    def change_something(self, tenant: str) -> None:
        """Let one thing happen at the practice: a booking, a cancellation, a new phone number."""
        told = {"tenant": tenant, "changes": 1}
        httpx.post(f"{self.url}/_sim/live", json=told, timeout=TIMEOUT).raise_for_status()

    def hurry(self) -> None:
        """Let what is written reach the practice within moments, as a demonstration needs it.

        A vendor that knows no such knobs does what it is told at once.
        """
        quick = {"fastest_write": 0.3, "slowest_write": 1.5, "refresh_seconds": 1.0}
        answer = httpx.post(f"{self.url}/_sim/knobs", json=quick, timeout=TIMEOUT)
        if answer.status_code not in _NO_KNOBS:
            answer.raise_for_status()

    def _get(self, name: str, **query: str) -> Mapping[str, Any]:
        answer = httpx.get(f"{self.url}/_sim/{name}", params=query, timeout=TIMEOUT)
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()
        return found


def untold(vendor: Vendor) -> list[str]:
    """What a PMS knows and its book does not tell, so that the sheet cannot show it.

    What is in the book stands at a spot of its records.
    """
    found = [name for extra, name in HELD.items() if not vendor.holds.get(extra)]
    return found if vendor.note_policy == "inbound" else [*found, "notes"]


def differences(
    truth: Mapping[str, Any],
    sheet: Sequence[Row],
    *,
    first: date,
    last: date,
    untold: Collection[str] = (),
) -> list[Difference]:
    """What is missing, too much, or different on those practice-local days."""
    wanted = {
        _key_of_truth(one, patient): (one, patient) for one, patient in _visits(truth, first, last)
    }
    held = {_key_of_row(row): row for row in sheet if not row["removed"]}
    found = [Difference(key[0], "missing") for key in wanted.keys() - held.keys()]
    found += [Difference(key[0], "not at the PMS") for key in held.keys() - wanted.keys()]
    for key in wanted.keys() & held.keys():
        differing = _differing(*wanted[key], held[key])
        found += [Difference(key[0], name) for name in differing if name not in untold]
    return sorted(found, key=lambda one: (one.pms_id, one.field))


def _visits(
    truth: Mapping[str, Any], first: date, last: date
) -> Iterator[tuple[Row, Mapping[str, Any] | None]]:
    """One for each patient of an appointment; one without for a block."""
    place = ZoneInfo(truth["timezone"])
    for one in truth["appointments"]:
        if first <= datetime.fromisoformat(one["start_utc"]).astimezone(place).date() <= last:
            for patient in one["patients"] or (None,):
                yield one, patient


def _key_of_truth(one: Row, patient: Mapping[str, Any] | None) -> Key:
    return one["id"], patient["id"] if patient else ""


def _key_of_row(row: Row) -> Key:
    return row["pms_appointment_id"], (row["patient"] or {}).get("pms_id") or ""


def _differing(one: Row, patient: Mapping[str, Any] | None, row: Row) -> Iterator[str]:
    practitioner = row["practitioner"] or {}
    pairs = {
        "start": (_instant(one["start_utc"]), _instant(row["start"])),
        "status": (_meant(one), row["status"]),
        # A book kept by columns shows in whose column somebody stands, not who looks after it.
        "practitioner": (
            one.get("column_id") or one["practitioner_id"],
            practitioner.get("pms_id"),
        ),
        "appointment_type": (one["type_name"], row["appointment_type"]),
        "is_telehealth": (one["is_telehealth"], row["is_telehealth"]),
        "notes": (_notes(one), row["notes"] or ""),
        **_patient_pairs(patient, row["patient"] or {}),
    }
    # Where the vendor states no end anywhere, any estimate is as good as another.
    if one["end_utc"] is not None:
        pairs["end"] = (_instant(one["end_utc"]), _instant(row["end"]))
    yield from (name for name, (wanted, held) in pairs.items() if wanted != held)


def _patient_pairs(
    patient: Mapping[str, Any] | None, held: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    names = {
        "full_name": "full",
        "first_name": "first",
        "last_name": "last",
        "phone": "phone",
        "email": "email",
        "date_of_birth": "date_of_birth",
    }
    return {
        f"patient.{ours}": ((patient or {}).get(theirs), held.get(ours))
        for ours, theirs in names.items()
    }


def _meant(one: Row) -> str:
    """A status nobody can know is shown as booked, with the vendor's word kept."""
    return "booked" if one["meaning"] == UNKNOWN else str(one["meaning"])


def _notes(one: Row) -> str:
    return "\n".join(part for part in (one["notes"], one.get("title")) if part)


def _instant(text: str | datetime) -> datetime:
    return text if isinstance(text, datetime) else datetime.fromisoformat(text)
