"""Looking for patients: one filter for Sikka, every field compared here."""

import re
from collections.abc import Iterator, Sequence
from datetime import date

from adapters.phones import normalised, region_of
from adapters.rest.clean import one_line
from adapters.rest.record import Record
from adapters.sikka.line import Line
from adapters.sikka.rows import PATIENT_FIELDS, PHONES, patient
from domain.connections import Connection
from domain.desk import PatientCard, PatientQuery
from domain.errors import BadRecord

MOST_LOOKED_AT = 50
_FEWEST_DIGITS = 7
_LOCAL_DIGITS = 10
_ADDRESS = ("address_line1", "address_line2", "city", "state", "zipcode")
_INACTIVE = frozenset({"inactive", "deceased", "archived", "deleted", "i"})


def search(
    line: Line, connection: Connection, query: PatientQuery, *, practice_id: str
) -> Sequence[PatientCard]:
    """Those who agree in everything asked for; the first way of asking that finds any counts."""
    region = region_of(connection.timezone)
    for asked in _ways(query):
        params = {**PATIENT_FIELDS, "practice_id": practice_id, **asked}
        params["limit"] = str(MOST_LOOKED_AT)
        rows = line.records("/patients", params, most=MOST_LOOKED_AT)
        cards = [one for one in read(rows, region) if agrees(one, query, region)]
        if cards:
            return cards[: query.limit]
    return []


def by_id(
    line: Line, connection: Connection, pms_id: str, *, practice_id: str
) -> tuple[PatientCard, Record] | None:
    asked = {**PATIENT_FIELDS, "practice_id": practice_id, "patient_id": pms_id}
    for row in line.records("/patients", asked):
        for card in read([row], region_of(connection.timezone)):
            if card.patient.pms_id == pms_id:
                return card, row
    return None


def read(rows: Sequence[Record], region: str | None) -> Iterator[PatientCard]:
    """Whoever can be read."""
    for row in rows:
        try:
            yield _card(row, region)
        except BadRecord:
            continue


def agrees(card: PatientCard, query: PatientQuery, region: str | None) -> bool:
    """Whether everything that was asked for is so: Sikka may overlook a filter."""
    person = card.patient
    born = None if query.date_of_birth is None else query.date_of_birth.isoformat()
    told = (
        (query.first_name, person.first_name),
        (query.last_name, person.last_name),
        (query.email, person.email),
        (born, person.date_of_birth),
    )
    if any(wanted and _plain(wanted) != _plain(found or "") for wanted, found in told):
        return False
    if query.phone and _dialled(query.phone, region) not in card.phones:
        return False
    return query.text is None or _mentions(card, query.text, region)


def _ways(query: PatientQuery) -> Iterator[dict[str, str]]:
    """The filters worth trying, the surest first; how a PMS writes a number is its own affair."""
    text = one_line(query.text or "")
    digits = re.sub(r"\D", "", text)
    phone = query.phone or (text if len(digits) >= _FEWEST_DIGITS else None)
    email = query.email or (text if "@" in text else None)
    if phone:
        local = re.sub(r"\D", "", phone)[-_LOCAL_DIGITS:]
        area, office, rest = local[:3], local[3:6], local[6:]
        for written in (local, f"({area}) {office}-{rest}", f"{area}-{office}-{rest}"):
            yield {"search": written}
    elif email:
        yield {"email": email}
    elif query.last_name or query.first_name:
        names = {"lastname": query.last_name, "firstname": query.first_name}
        yield {key: name for key, name in names.items() if name}
    elif text:
        yield {"search": text.split()[-1]}
        yield {"search": text.split()[0]}


def _mentions(card: PatientCard, text: str, region: str | None) -> bool:
    if len(re.sub(r"\D", "", text)) >= _FEWEST_DIGITS:
        return _dialled(text, region) in card.phones
    person = card.patient
    names = _plain(f"{person.first_name or ''} {person.last_name or ''} {person.email or ''}")
    return all(word in names for word in _plain(text).split())


def _card(row: Record, region: str | None) -> PatientCard:
    phones = (_dialled(raw, region) for path in PHONES if (raw := row.maybe(path)))
    address = {name: text for name in _ADDRESS if (text := row.maybe(name))}
    return PatientCard(
        patient=patient(row),
        phones=tuple(dict.fromkeys(one for one in phones if one)),
        address=address,
        guarantor_id=row.maybe_id("guarantor_id"),
        practitioner_id=row.maybe_id("provider_id"),
        last_visit=_day(row.maybe("last_visit")),
        is_active=(row.maybe("status") or "").casefold() not in _INACTIVE,
    )


def _dialled(raw: str, region: str | None) -> str | None:
    return normalised(raw, region).e164


def _day(text: str | None) -> date | None:
    try:
        found = date.fromisoformat((text or "")[: len("2026-06-02")])
    except ValueError:
        return None
    return found if found.year > 1850 else None  # noqa: PLR2004 - 1111-11-11 is never


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
