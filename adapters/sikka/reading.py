"""Notes, insurance, balances and free slots as Sikka has them, in our words."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from adapters.rest.record import Record
from adapters.sikka.line import Line, PlanLacks
from adapters.sikka.rows import days_asked, starts
from adapters.sikka.statuses import NEVER
from domain.connections import Connection
from domain.desk import Balance, Coverage, Note, Opening, Paid, Resource
from domain.errors import BadRecord
from domain.slots import OPERATORY, PRACTITIONER
from domain.window import Window

_COMPANY = ("insurance_company_name", "company_name", "name")
PAYMENT = "Payment"
"""As clients of Sikka ask for it; its documents name the filter alone."""
_GROUP = ("group_number", "group_name", "group_id")


def notes(line: Line, connection: Connection, asked: dict[str, str]) -> list[Note]:
    """The patient's own: should the filter be overlooked, nobody hears of another's."""
    found: list[Note] = []
    for row in line.records("/medical_notes", asked):
        try:
            if row.maybe_id("patient_id") != asked["patient_id"]:
                continue
            text = row.notes("text") or row.notes("description")
            kind, by = row.maybe("type"), row.maybe_id("provider_id")
            at = _midnight(row, connection)
            pms_id = row.maybe_id("note_id") or row.maybe_id("transaction_sr_no")
        except BadRecord:
            continue
        if text:
            found.append(Note(text=text, at=at, kind=kind, by=by, pms_id=pms_id))
    return found


def coverage(line: Line, person: Record, *, practice_id: str) -> list[Coverage]:
    """The patient's first insurance: company and subscriber stand in lists of their own."""
    company = person.maybe_id("primary_insurance_company_id")
    if company is None:
        return []
    here = {"practice_id": practice_id}
    companies = line.records("/insurance_companies", {**here, "insurance_company_id": company})
    ours = [one for one in companies if one.maybe_id("insurance_company_id") == company]
    patient_id = person.id("patient_id")
    policies = [
        one
        for one in line.records("/subscribers", {**here, "patient_id": patient_id})
        if one.maybe_id("patient_id") == patient_id
    ]
    policy = policies[0].maybe("subscriber_id") if policies else person.maybe("subscriber_id")
    rows = [*ours, *policies]
    name = _first(rows, _COMPANY)
    return [Coverage(provider=name, policy=policy, group=_first(rows, _GROUP))] if name else []


def balance(rows: Sequence[Record], patient_id: str) -> Balance | None:
    for row in rows:
        total = row.maybe("patient_balance") or row.maybe("account_balance")
        if row.maybe_id("patient_id") == patient_id and total is not None:
            return Balance(
                total=total,
                patient=row.maybe("patient_due"),
                insurance=row.maybe("insurance_due"),
            )
    return None


def last_payment(line: Line, asked: dict[str, str]) -> Paid | None:
    """Whether `transaction_type` filters is not left to Sikka; what cannot be read is none."""
    try:
        rows = line.records("/transactions", {**asked, "transaction_type": PAYMENT})
    except PlanLacks:
        return None
    found: list[Paid] = []
    for row in rows:
        try:
            if row.maybe_id("patient_id") == asked["patient_id"]:
                found += _payments(row)
        except (BadRecord, ValueError):
            continue
    return max(found, key=lambda one: one.on, default=None)


def _payments(row: Record) -> Iterator[Paid]:
    """An account may count what was paid below zero; a correction to nothing is no payment."""
    kind, told = row.maybe("transaction_type"), row.maybe("transaction_date")
    amount = _sum(row.side("amount"))
    if (kind or "").casefold() != PAYMENT.casefold() or not amount or told is None:
        return
    if told.startswith(NEVER):
        return
    day = date.fromisoformat(told[: len("2026-06-02")])
    yield Paid(amount=f"{abs(amount):.2f}", on=day, method=row.maybe("payment_type"))


def _sum(text: str | None) -> Decimal | None:
    try:
        found = Decimal((text or "").replace(",", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def openings(
    line: Line, connection: Connection, window: Window, *, practice_id: str
) -> list[Opening]:
    """Slots the PMS itself keeps; what cannot be read is not offered."""
    asked = {
        "practice_id": practice_id,
        **days_asked(window, connection.timezone),
        "fields": "get_all",
    }
    found: list[Opening] = []
    for row in line.records("/appointments_available_slots", asked):
        try:
            one = _opening(row, connection)
        except BadRecord:
            continue
        if one is not None and one.window.start in window:
            found.append(one)
    return found


def _opening(row: Record, connection: Connection) -> Opening | None:
    start = starts(row, connection)
    end = _ends(row, connection) or start + timedelta(minutes=connection.default_minutes)
    resources = tuple(_resources(row))
    if end <= start or not resources:
        return None
    return Opening(window=Window(start, end), resources=resources)


def _ends(row: Record, connection: Connection) -> datetime | None:
    """By the end it names; in what unit its length is counted is not said."""
    told = row.maybe("end_time")
    if told is None:
        return None
    return starts(Record({"date": row.raw("date"), "time": told}), connection)


def _resources(row: Record) -> Iterator[Resource]:
    provider, chair = row.maybe_id("provider_id"), row.maybe_id("operatory")
    if provider:
        yield Resource(kind=PRACTITIONER, pms_id=provider)
    if chair:
        yield Resource(kind=OPERATORY, pms_id=chair)


def _midnight(row: Record, connection: Connection) -> datetime | None:
    text = row.maybe("date")
    return row.moment(text, path="date", zone=connection.timezone) if text else None


def _first(rows: Sequence[Record], names: Sequence[str]) -> str | None:
    return next((text for row in rows for name in names if (text := row.maybe(name))), None)
