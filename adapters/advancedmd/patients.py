"""Looking for patients by name: one message for AdvancedMD, every field compared here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from unicodedata import combining, normalize

from adapters.advancedmd.line import Line
from adapters.advancedmd.times import read_slashed
from adapters.advancedmd.wire import Message, every
from adapters.advancedmd.words import bare, split_name
from adapters.phones import normalised, region_of
from adapters.rest import people
from adapters.rest.clean import one_line
from domain.connections import Connection
from domain.desk import Cut, PatientCard, PatientQuery
from domain.errors import Refused
from domain.minimising import Extra, patient_without
from domain.names import PLAIN_LETTERS, read

MOST_PAGES = 5
_PHONES = ("@homephone", "@officephone", "@cellphone", "@otherphone")


def search(line: Line, connection: Connection, query: PatientQuery) -> Sequence[PatientCard]:
    """Those who agree in everything asked for; `Cut` where there may be more of them."""
    region, left_out = region_of(connection.timezone), connection.left_out
    for spellings in _names(query):
        looked = [_found(line, name, region, left_out) for name in spellings]
        found = {card.patient.pms_id: card for one in looked for card in one}
        cards = [card for card in found.values() if _agrees(card, query, region)]
        is_cut = len(cards) > query.limit or any(isinstance(one, Cut) for one in looked)
        if cards or is_cut:
            shown = cards[: query.limit]
            return Cut(shown) if is_cut else shown
    return []


def _found(
    line: Line, name: str, region: str | None, left_out: frozenset[Extra]
) -> Sequence[PatientCard]:
    """All of a name, page by page; one that fits hundreds finds nobody in particular."""
    found: list[PatientCard] = []
    for page in range(1, MOST_PAGES + 1):
        asked = {"name": name, "page": str(page)}
        told = line.tell(Message(action="lookuppatient", kind="api", attributes=asked))
        cards = (_card(one, region, left_out) for one in every(told, "patientlist", "patient"))
        found += [card for card in cards if card is not None]
        pages = str(next((one.get("@pagecount") for one in every(told, "patientlist")), "1"))
        if not pages.isdigit() or page >= int(pages):
            return found
    return Cut(found)


def _names(query: PatientQuery) -> Iterator[tuple[str, ...]]:
    """`Last,First`, as AdvancedMD looks for it; of free text the last word, then the first.

    Each as it is written and without its accents: a practice may have it either way.
    """
    for name in _written(query):
        yield (name,) if name.isascii() else (name, _unaccented(name))


def _written(query: PatientQuery) -> Iterator[str]:
    text = one_line(query.text or "")
    if query.last_name or query.first_name:
        yield f"{query.last_name or ''},{query.first_name or ''}".rstrip(",")
        return
    words = text.replace(",", " ").split()
    if not words or any(char.isdigit() or char == "@" for char in text):
        raise Refused("AdvancedMD looks patients up by their name; give one.")
    if "," in text or len(words) == 1:
        yield text
        return
    yield f"{words[-1]},{' '.join(words[:-1])}"
    yield f"{' '.join(words[1:])},{words[0]}"


def _card(
    one: Mapping[str, Any], region: str | None, left_out: frozenset[Extra]
) -> PatientCard | None:
    pms_id = bare(one.get("@id"))
    if pms_id is None:
        return None
    given, family = split_name(one_line(str(one.get("@name") or "")))
    contact = {**one, **next(every(one, "contactinfo"), {})}
    paths = () if Extra.PHONE in left_out else _PHONES
    raw = [one_line(str(contact[path])) for path in paths if contact.get(path)]
    dialled = (normalised(text, region).e164 for text in raw)
    born = read_slashed(str(one.get("@dob") or ""))
    person = people.patient(
        pms_id,
        given=given,
        family=family,
        phone=next(iter(raw), None),
        email=one_line(str(contact.get("@email") or "")) or None,
        born=born.isoformat() if born else None,
    )
    return PatientCard(
        patient=patient_without(person, left_out),
        phones=tuple(dict.fromkeys(one for one in dialled if one)),
    )


def _agrees(card: PatientCard, query: PatientQuery, region: str | None) -> bool:
    """Whether everything that was asked for is so; middle names may be left out."""
    person = card.patient
    born = None if query.date_of_birth is None else query.date_of_birth.isoformat()
    if born and born != person.date_of_birth:
        return False
    if query.email and query.email.casefold() != (person.email or "").casefold():
        return False
    if query.phone and normalised(query.phone, region).e164 not in card.phones:
        return False
    names = ((query.last_name, person.last_name), (query.first_name, person.first_name))
    if not all(_begins(wanted, found) for wanted, found in names if wanted):
        return False
    whole = _words(f"{person.first_name or ''} {person.last_name or ''}")
    return all(any(word in one for one in whole) for word in _words(query.text or ""))


def _begins(wanted: str, found: str | None) -> bool:
    """By whole words, however they are accented, cased or joined."""
    words = _words(wanted)
    return _words(found or "")[: len(words)] == words


def _words(text: str) -> tuple[str, ...]:
    """Folded, in their order; of what is a title alone, that."""
    told = text.replace(",", " ").casefold()
    return read(told).words or tuple(told.split())


def _unaccented(name: str) -> str:
    letters = normalize("NFKD", name.casefold()).translate(PLAIN_LETTERS)
    return "".join(one for one in letters if not combining(one))
