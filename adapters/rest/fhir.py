"""References and people as FHIR writes them, or nearly."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.rest import people
from adapters.rest.record import Record, last_segment
from domain.appointments import Patient
from domain.names import display


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference points at; ids of different types may be alike."""

    kind: str | None
    id: str | None


def target(reference: Record) -> Target:
    """By its type, else by its path; an address is never followed, only its end is read."""
    path, _, pms_id = (reference.maybe("reference") or "").rstrip("/").rpartition("/")
    return Target(reference.maybe("type") or last_segment(path), pms_id or None)


def patient(pms_id: str, found: Record) -> Patient:
    """The person as a Patient resource describes them."""
    name = _best_name(found)
    given, family = (_given(name), name.side("family")) if name else (None, None)
    contacts = _contacts(found)
    # Where there is an sms it is the mobile.
    phone = contacts.get("sms") or contacts.get("phone")
    email, born = contacts.get("email"), found.birth_date("birthDate")
    person = people.patient(pms_id, given=given, family=family, phone=phone, email=email, born=born)
    if person.full_name or name is None:
        return person
    return replace(person, full_name=name.side("text"))


def titled_name(person: Record) -> str | None:
    """A clinician's name for display, with the title."""
    name = _best_name(person)
    if name is None:
        return None
    parts = {
        "prefix": name.side_words("prefix"),
        "given": _given(name),
        "family": name.side("family"),
    }
    return (display(**parts) if parts["family"] else None) or name.side("text") or _given(name)


def minutes(service: Record) -> int | None:
    """How long it lasts, by the first extension that is a quantity of minutes."""
    for extension in service.side_records("extension"):
        unit = extension.side_text("valueQuantity.unit") or "min"
        if extension.has("valueQuantity.value") and unit.strip().casefold().startswith("min"):
            return extension.minutes("valueQuantity.value")
    return None


def _best_name(person: Record) -> Record | None:
    """The official one, else one with a family name: the usual one may be a given name only."""
    return min(person.side_records("name"), key=_rank, default=None)


def _rank(name: Record) -> tuple[bool, bool, bool]:
    return name.raw("use") != "official", not name.has("family"), not name.has("text")


def _given(name: Record) -> str | None:
    return name.side_words("given")


def _contacts(person: Record) -> Mapping[str, str]:
    """The first value of each system."""
    found: dict[str, str] = {}
    for one in person.side_records("telecom"):
        system, value = one.side("system"), one.side("value")
        if system and value:
            found.setdefault(system, value)
    return found


def issue_codes(body: Any) -> list[Any]:
    """The codes of an OperationOutcome, or of those among a Bundle; none of any other answer."""
    entries = _objects(body, "entry")
    outcomes = [body, *(one.get("resource") for one in entries)]
    return [one.get("code") for outcome in outcomes for one in _objects(outcome, "issue")]


def _objects(value: Any, key: str) -> list[dict[str, Any]]:
    told = value.get(key) if isinstance(value, dict) else None
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
