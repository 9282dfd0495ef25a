"""Looking for patients: one filter for Sikka, every field compared here."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from adapters.phones import normalised, region_of
from adapters.rest.clean import one_line
from adapters.rest.record import Record
from adapters.sikka.birthdays import Birthdays
from adapters.sikka.line import Line
from adapters.sikka.rows import AT_WORK, PHONES, patient, patient_fields
from adapters.sikka.spellings import spellings
from domain.connections import Connection
from domain.desk import PatientCard, PatientQuery
from domain.errors import BadRecord, BrokenContract, Refused
from domain.minimising import Extra
from domain.names import Likeness, likeness
from domain.names import read as read_name
from domain.verification import Claim, name_of

MOST_LOOKED_AT = 50
MOST_OF_A_BIRTHDAY = 500
"""A birthday leaves hardly anybody of those who share a name, so all of them are looked through."""

_FEWEST_DIGITS = 7
_END = 4
_AMERICAN = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")
_ADDRESS = ("address_line1", "address_line2", "city", "state", "zipcode")
_INACTIVE = frozenset({"inactive", "deceased", "archived", "deleted", "i"})

Asked = Mapping[str, str]


def search(
    line: Line,
    connection: Connection,
    query: PatientQuery,
    *,
    practice_id: str,
    birthdays: Birthdays,
) -> Sequence[PatientCard]:
    """Those who agree in everything asked for; the first way of asking that finds any counts.

    Where a birthday can be asked for it comes first: however a name is written, that is everybody.
    """
    if _asks_for_what_is_left_out(query, connection.left_out):
        return []
    region = region_of(connection.timezone)
    here = {**patient_fields(connection.left_out), "practice_id": practice_id}
    is_asked = query.date_of_birth is not None and not birthdays.are_useless
    born = _born(line, query, here, birthdays) if is_asked else None
    if born is not None:
        return list(_agreeing(born, query, region).values())[: query.limit]
    for way in _ways(query, region):
        found: dict[str, PatientCard] = {}
        for asked in way:
            found |= _agreeing(_rows(line, query, {**here, **asked}), query, region)
            if len(found) >= query.limit:
                break
        if found:
            if is_asked and not birthdays.are_proven:
                birthdays.give_up()
            return list(found.values())[: query.limit]
    return []


def by_id(
    line: Line, connection: Connection, pms_id: str, *, practice_id: str
) -> tuple[PatientCard, Record] | None:
    fields = patient_fields(connection.left_out)
    asked = {**fields, "practice_id": practice_id, "patient_id": pms_id}
    for row in _here(line.records("/patients", asked), practice_id):
        for card in read([row], region_of(connection.timezone)):
            if card.patient.pms_id == pms_id:
                return card, row
    return None


def _here(rows: Sequence[Record], practice_id: str) -> Sequence[Record]:
    """Without those of other practices, who may have the same numbers: it may be overlooked."""
    return [row for row in rows if (row.side_id("practice_id") or practice_id) == practice_id]


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
    told = ((query.email, person.email), (born, person.date_of_birth))
    if not _are(told) or not _is_called(card, query):
        return False
    if query.phone and _dialled(query.phone, region) not in card.phones:
        return False
    return query.text is None or _mentions(card, query, query.text, region)


def _asks_for_what_is_left_out(query: PatientQuery, left_out: frozenset[Extra]) -> bool:
    """Nobody would agree in what the practice does not let us see: nobody is asked for."""
    told = {
        Extra.PHONE: query.phone,
        Extra.EMAIL: query.email,
        Extra.BIRTH_DATE: query.date_of_birth,
    }
    return any(told.get(one) for one in left_out)


def _agreeing(
    rows: Sequence[Record], query: PatientQuery, region: str | None
) -> dict[str, PatientCard]:
    cards = (one for one in read(rows, region) if agrees(one, query, region))
    return {one.patient.pms_id: one for one in cards}


def _born(
    line: Line, query: PatientQuery, here: Asked, birthdays: Birthdays
) -> Sequence[Record] | None:
    """Whoever was born that day; None where nobody can say that these are all."""
    born = query.date_of_birth
    asked = {**here, "find": f"birthdate=eq_{born}T00:00:00"}
    try:
        rows = _rows(line, query, asked)
    except (Refused, BrokenContract):
        # Not every field may be open to Sikka's query language.
        birthdays.give_up()
        return None
    if born is not None:
        birthdays.judge(rows, born)
    return rows if birthdays.are_proven and len(rows) < MOST_OF_A_BIRTHDAY else None


def _rows(line: Line, query: PatientQuery, asked: Asked) -> Sequence[Record]:
    most = MOST_LOOKED_AT if query.date_of_birth is None else MOST_OF_A_BIRTHDAY
    found = line.records("/patients", {**asked, "limit": str(most)}, most=most)
    return _here(found, asked["practice_id"])


def _ways(query: PatientQuery, region: str | None) -> Iterator[Iterable[Asked]]:
    """The ways of asking, the surest first; what is asked for in one of them belongs together."""
    text = one_line(query.text or "").replace(",", " ").strip()
    digits = re.sub(r"\D", "", text)
    phone = query.phone or (text if len(digits) >= _FEWEST_DIGITS else None)
    email = query.email or (text if "@" in text else None)
    names = {"lastname": query.last_name, "firstname": query.first_name}
    if phone:
        yield [{"search": written} for written in _written(phone, region)]
    elif email:
        yield [{"email": email}]
    elif query.last_name or query.first_name:
        yield [{key: name for key, name in names.items() if name}]
        yield _by_family(query, query.last_name)
    elif text:
        yield [{"search": text.split()[-1]}]
        yield [{"search": text.split()[0]}]
        yield _by_family(query, text.split()[-1])


def _written(phone: str, region: str | None) -> Sequence[str]:
    """As a PMS may have it: the likely ways, then its end, which is the same in all of them.

    How it writes a number is its own affair, and one household may have several ways.
    """
    found = normalised(phone, region)
    american = _AMERICAN.fullmatch(found.e164 or "")
    if american is None:
        groups = re.findall(r"\d+", found.shown)
        digits = "".join(groups)
        return list(dict.fromkeys((digits, found.shown, "-".join(groups), digits[-_END:])))
    area, office, rest = american.groups()
    return [f"{area}{office}{rest}", f"({area}) {office}-{rest}", f"{area}-{office}-{rest}", rest]


def _by_family(query: PatientQuery, family: str | None) -> Sequence[Asked]:
    """Everybody of the family name, who are few enough where the birthday is known."""
    if query.date_of_birth is None or not family:
        return ()
    return [{"lastname": one} for one in spellings(family)]


def _is_called(card: PatientCard, query: PatientQuery) -> bool:
    """By the names as they are written, or by such as may be the same person's."""
    person = card.patient
    told = ((query.first_name, person.first_name), (query.last_name, person.last_name))
    if _are(told):
        return True
    wanted = Claim(first_name=query.first_name, last_name=query.last_name).name
    if query.first_name and query.last_name:
        return likeness(wanted, name_of(card)) >= Likeness.FIRST_NAME
    theirs = name_of(card)
    if query.last_name:
        return bool(wanted.family) and wanted.family == theirs.family
    return bool(wanted.given) and wanted.given == theirs.given[: len(wanted.given)]


def _are(told: Iterable[tuple[str | None, str | None]]) -> bool:
    return all(_plain(wanted) == _plain(found or "") for wanted, found in told if wanted)


def _mentions(card: PatientCard, query: PatientQuery, text: str, region: str | None) -> bool:
    if len(re.sub(r"\D", "", text)) >= _FEWEST_DIGITS:
        return _dialled(text, region) in card.phones
    person = card.patient
    names = _plain(f"{person.first_name or ''} {person.last_name or ''} {person.email or ''}")
    if all(word in names for word in _plain(text.replace(",", " ")).split()):
        return True
    is_named = query.date_of_birth is not None
    return is_named and likeness(read_name(text), name_of(card)) >= Likeness.FIRST_NAME


def _card(row: Record, region: str | None) -> PatientCard:
    told = {path: _dialled(raw, region) for path in PHONES if (raw := row.side(path))}
    phones = tuple(dict.fromkeys(one for one in told.values() if one))
    work = told.pop(AT_WORK, None)
    address = {name: text for name in _ADDRESS if (text := row.side(name))}
    return PatientCard(
        patient=patient(row),
        phones=phones,
        shared=(work,) if work and work not in told.values() else (),
        address=address,
        guarantor_id=row.side_id("guarantor_id"),
        practitioner_id=row.side_id("provider_id"),
        last_visit=_day(row.side("last_visit")),
        is_active=(row.side("status") or "").casefold() not in _INACTIVE,
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
