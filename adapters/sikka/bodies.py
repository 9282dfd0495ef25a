"""What a write says to each PMS behind Sikka: the required fields are the PMS's own."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.rest.clean import one_line
from adapters.rest.instants import wall_clock
from adapters.sikka.office import Office
from adapters.sikka.statuses import YES
from domain.desk import PatientCard
from domain.errors import Refused
from domain.wishes import (
    Booking,
    Cancellation,
    Move,
    NewNote,
    NewPatient,
    PatientChange,
    Payment,
    Write,
)

Body = Mapping[str, Any]

DESCRIPTION_LIMITS: Mapping[str, int] = {"dentrix": 60}
LONGEST_DESCRIPTION = 100
LONGEST_NOTE = 3950
NAME_LIMITS: Mapping[str, tuple[int, int]] = {"orthotrac": (15, 25), "cleardent": (15, 25)}
TEN_DIGITS = frozenset({"cleardent"})
NEEDS: Mapping[str, Mapping[str, str]] = {
    # What a booking must also say, and the setting that says it (apidocs, POST appointment).
    "orthotrac": {"staff": "staff", "type": "booking_type"},
    "dolphin": {"user": "user", "type": "booking_type", "status": "booking_status"},
    "cleardent": {"user": "user", "type": "booking_type", "status": "booking_status"},
}
PATIENT_NEEDS: Mapping[str, tuple[str, ...]] = {
    "orthotrac": ("staff",),
    "dolphin": ("user",),
    "cleardent": ("user",),
}
CANCELLED_WORDS: Mapping[str, str] = {"dentrix": "Broken", "opendental": "Broken"}
_CANCELS = re.compile(r"cancel|broken|deleted", re.IGNORECASE)
_FORBIDDEN_IN_A_PATH = frozenset(":#?/\\%+=")
_INSURANCE = re.compile(r"\bins", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One write as it leaves."""

    method: str
    path: str
    body: Body = field(repr=False)
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Puts requests together; it may look up what a PMS wants to know besides."""

    office: Office
    timezone: str
    today: date
    look_up: Callable[[str], PatientCard | None]
    voice: bool

    def request(self, write: Write) -> Request:
        """Refused, with a sentence, where this PMS cannot be told."""
        makers: Mapping[type[Any], Callable[[Any, str], Request]] = {
            Booking: self._booking,
            Move: self._move,
            Cancellation: self._cancellation,
            NewPatient: self._new_patient,
            PatientChange: self._change,
            NewNote: self._note,
            Payment: self._payment,
        }
        maker = makers.get(type(write.wish))
        if maker is None:
            raise Refused("Insurance cannot be written to this practice's system.")
        return maker(write.wish, write.marker)

    def _booking(self, wish: Booking, marker: str) -> Request:
        family = self.office.family
        body = {
            "patient_id": wish.patient_id,
            **self._slot(wish),
            "operatory": wish.operatory_id or self._default_chair(),
            "description": described(wish.reason or wish.type_name, marker, family=family),
        }
        for name, setting in NEEDS.get(family, {}).items():
            told = wish.type_id if name == "type" else None
            body[name] = told or self._setting(setting)
        if family == "cornerstone":
            body["guarantor_id"] = self._guarantor(wish.patient_id)
        if family == "planetdds":
            body |= self._planet(wish, marker)
        return self._written("POST", "/appointment", body)

    def _move(self, wish: Move, marker: str) -> Request:
        # Its description stays the practice's own: a marker there would take its place.
        body = self._slot(wish)
        if wish.operatory_id:
            body["operatory"] = wish.operatory_id
        return self._written("PUT", "/appointments/{id}", body, id=in_a_path(wish.appointment_id))

    def _cancellation(self, wish: Cancellation, marker: str) -> Request:
        body = {
            "appointment_sr_no": wish.appointment_id,
            "op": "replace",
            "path": self.office.setting("status_path") or "status",
            "value": self._cancelled(),
        }
        if self.office.family == "orthotrac" and self.office.setting("staff"):
            body["staff"] = self.office.setting("staff")
        if self.office.family == "planetdds":
            body["cancellation_note"] = described(wish.reason, marker, family="planetdds")
        return self._written("PATCH", "/appointments/{id}", body, id=in_a_path(wish.appointment_id))

    def _new_patient(self, wish: NewPatient, marker: str) -> Request:
        family = self.office.family
        self._require_room(wish.first_name, wish.last_name)
        body: dict[str, Any] = {
            "firstname": wish.first_name,
            "lastname": wish.last_name,
            "provider_id": wish.practitioner_id or self._provider(),
        }
        if wish.date_of_birth:
            body["birthdate"] = wish.date_of_birth.isoformat()
        if wish.phone:
            body["cell"] = local_number(wish.phone, must_be_ten=family in TEN_DIGITS)
        if wish.email:
            body["email"] = wish.email
        body |= {name: text for name, text in wish.address.items() if name in ADDRESS and text}
        body |= {name: self._setting(name) for name in PATIENT_NEEDS.get(family, ())}
        return self._written("POST", "/patient", body)

    def _change(self, wish: PatientChange, marker: str) -> Request:
        if wish.phone or wish.email or wish.address:
            raise Refused(
                "Phone numbers, e-mail and addresses cannot be changed from here;"
                " the practice has to do it."
            )
        self._require_room(wish.first_name or "", wish.last_name or "")
        names = {"firstname": wish.first_name, "lastname": wish.last_name}
        body = {"patient_id": wish.patient_id, **{k: one for k, one in names.items() if one}}
        return self._written("PATCH", "/patient/{id}", body, id=in_a_path(wish.patient_id))

    def _require_room(self, first_name: str, last_name: str) -> None:
        longest = NAME_LIMITS.get(self.office.family)
        if longest and (len(first_name) > longest[0] or len(last_name) > longest[1]):
            raise Refused("The name is longer than this practice's system can keep.")

    def _note(self, wish: NewNote, marker: str) -> Request:
        mark = f" (Ref {marker})" if marker else ""
        body = {
            "patient_id": wish.patient_id,
            "date": self.today.isoformat(),
            "type": self._note_kind(wish.note_kind),
            "text": wish.text[: LONGEST_NOTE - len(mark)] + mark,
            "provider_id": wish.practitioner_id or self._provider(wish.patient_id),
        }
        return self._written("POST", "/medical_notes", body)

    def _payment(self, wish: Payment, marker: str) -> Request:
        kind = self._payment_kind(wish.method)
        body = {
            "patient_id": wish.patient_id,
            "guarantor_id": self._guarantor(wish.patient_id),
            "procedure_code": kind.get("procedure_code") or kind.get("code", ""),
            "procedure_description": kind.get("procedure_description")
            or kind.get("description", ""),
            "provider_id": self._provider(wish.patient_id),
            "amount": amount(wish.amount),
            "transaction_date": self.today.isoformat(),
        }
        return self._written("POST", "/transaction", body)

    def _written(self, method: str, path: str, body: Body, **parts: str) -> Request:
        checked = {"check_spu": True} if self.voice else {}
        whole = {**body, "practice_id": self.office.practice_id, **checked}
        return Request(method=method, path=path, body=whole, parts=parts)

    def _slot(self, wish: Booking | Move) -> dict[str, Any]:
        local = wall_clock(wish.start, timezone=self.timezone, told="the practice's system")
        return {
            "date": local.date().isoformat(),
            "time": local.strftime("%H:%M"),
            "length": wish.minutes,
            "provider_id": wish.practitioner_id,
        }

    def _planet(self, wish: Booking, marker: str) -> Body:
        return {
            "is_new_patient": "false",
            "has_insurance": "false",
            "production_type": wish.type_id or self._setting("booking_type"),
            "note": f"Ref {marker}"[:LONGEST_NOTE] if marker else "",
        }

    def _default_chair(self) -> str:
        default = self.office.setting("default_operatory")
        if default:
            return default
        raise Refused("The practice has to say first which room bookings go to.")

    def _setting(self, name: str) -> str:
        told = self.office.setting(name)
        if not told:
            raise Refused(f"The practice's system also wants '{name}', which has not been set.")
        return told

    def _cancelled(self) -> str:
        """The practice's own word, for each practice may have its own."""
        told = self.office.setting("cancelled_status")
        if told:
            return told
        listed = [
            text
            for row in self.office.words("/appointment_statuses")
            for name, text in row.items()
            if "href" not in name and _CANCELS.search(text)
        ]
        found = listed[0] if listed else CANCELLED_WORDS.get(self.office.family)
        if found is None:
            raise Refused("The practice's system has no word for a cancelled appointment.")
        return found

    def _guarantor(self, patient_id: str) -> str:
        card = self.look_up(patient_id)
        if card is None:
            raise Refused("The practice's system does not know this patient.")
        return card.guarantor_id or patient_id

    def _provider(self, patient_id: str | None = None) -> str:
        """The patient's own, else the first who works there."""
        card = self.look_up(patient_id) if patient_id else None
        if card is not None and card.practitioner_id:
            return card.practitioner_id
        found = [one["provider_id"] for one in self.office.providers() if one.get("provider_id")]
        if not found:
            raise Refused("The practice's system names nobody who works there.")
        return found[0]

    def _note_kind(self, wanted: str | None) -> str:
        names = ("note_type", "type", "name", "description", "code")
        rows = self.office.words("/note_types")
        found = [text for row in rows if (text := _first(row, names))]
        same = [one for one in found if wanted and one.casefold() == wanted.casefold()]
        if not found:
            raise Refused("The practice's system names no kinds of notes.")
        return (same or found)[0]

    def _payment_kind(self, method: str) -> Mapping[str, str]:
        rows = [row for row in self.office.words("/payment_types") if not _is_insurance(row)]
        like = [row for row in rows if method.casefold() in " ".join(row.values()).casefold()]
        if not rows:
            raise Refused("The practice's system names no kinds of payments.")
        return (like or rows)[0]


ADDRESS = frozenset({"address_line1", "address_line2", "city", "state", "zipcode"})


def described(text: str | None, marker: str, *, family: str) -> str:
    """Letters, digits and spaces alone, our number at the end."""
    mark = f"Ref {marker}" if marker else ""
    plain = " ".join(re.sub(r"[^A-Za-z0-9 ]", " ", one_line(text or "")).split()) or "Appointment"
    longest = DESCRIPTION_LIMITS.get(family, LONGEST_DESCRIPTION)
    return f"{plain[: longest - len(mark) - 1].strip()} {mark}".strip()


def in_a_path(pms_id: str) -> str:
    if _FORBIDDEN_IN_A_PATH & set(pms_id):
        raise Refused("The practice's system cannot be told of this record from here.")
    return pms_id


def local_number(phone: str, *, must_be_ten: bool) -> str:
    """Ten digits where that is all a number has besides its country."""
    digits = re.sub(r"\D", "", phone)
    local = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits  # noqa: PLR2004
    if must_be_ten and len(local) != 10:  # noqa: PLR2004
        raise Refused("The practice's system takes numbers of ten digits only.")
    return local


def amount(text: str) -> str:
    try:
        told = Decimal(text)
    except InvalidOperation:
        raise Refused("This is not an amount of money.") from None
    if not told.is_finite() or told == 0:
        raise Refused("A payment of nothing cannot be recorded.")
    return f"{told:.2f}"


def _is_insurance(row: Mapping[str, str]) -> bool:
    told = any("insurance" in key and text.casefold() in YES for key, text in row.items())
    return told or bool(_INSURANCE.search(" ".join(row.values())))


def _first(row: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((row[name] for name in names if row.get(name)), None)
